from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from endplate.anatomy import Vertebra
from endplate.geometry.curves import through
from endplate.labelling.name import Labelling
from endplate.morphometry import measure
from endplate.report import report as r
from endplate.report.build import Context, build_report
from endplate.straightening import StraightSpine
from strategies import normal_column

THORAX = ("T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12")
TAGS: dict[str, r.Tag] = {"kernel": "B30f", "age": 71, "x": 0.5}
CONTEXT = Context(
    r.Software("0.1.0", {"detector": r.Model("detector-1", "ab12cd34" * 8)}, "chest-ct-experts-1"),
    r.Source(
        "dicom", "/scans/a", "a", "1.2.3", (400, 512, 512), (1.0, 0.7, 0.7), 120.0, None, {"kernel": "B30f", "age": 71, "x": 0.5}
    ),
    (r.Message("reader", "info", "skipped: localiser, 1 file"),),
    {"read": 0.4, "total": 1.9},
)


def chest(
    fractures: dict[str, tuple[float, float, float]] | None = None, cut: Sequence[str] = (), sure: float = 0.97
) -> list[Vertebra]:
    """A chest at the norm, with fractured levels that keep a share of each column."""
    bodies = []
    for name, body in zip(THORAX, normal_column(THORAX), strict=True):
        kept = np.array((fractures or {}).get(name, (1.0, 1.0, 1.0)))[:, None]
        points = body.copy()
        points[:, 0] = body[:, 1] + (body[:, 0] - body[:, 1]) * kept
        bodies.append(Vertebra(points, np.full((3, 2), 0.5), name, sure, 0.99, name not in cut))
    return bodies


def report_of(bodies: Sequence[Vertebra], confidence: float = 0.97, alternative: str | None = None) -> r.Report:
    course = np.array([v.centre_mm for v in bodies]).reshape(-1, 3)
    labelling = Labelling(tuple(bodies), confidence, alternative, 0.3 if alternative else 0.0)
    return build_report(measure(bodies), labelling, course, CONTEXT)


def spine_of(bodies: Sequence[Vertebra], pixel_mm: float = 0.8) -> StraightSpine:
    """A straightened image with bright bodies where the points say."""
    curve = through(np.array([v.centre_mm for v in bodies]))
    rows, columns = round((curve.length_mm + 60) / pixel_mm), round(100 / pixel_mm)
    blank = StraightSpine(np.full((1, rows, columns), 40, np.float32), curve, (-30.0, -50.0), pixel_mm, (0.0,))
    for body in bodies:
        at = blank.pixel_from_patient(body.points_mm).round().astype(int)
        (top, left), (bottom, right) = at.min((0, 1)), at.max((0, 1))
        blank.image_hu[0, max(top, 0) : bottom, max(left, 0) : right] = 400
    return blank


@pytest.fixture(scope="session")
def fractured() -> r.Report:
    return report_of(chest({"T8": (0.6, 0.8, 1.0), "T11": (1.0, 0.77, 1.0)}, cut=("T4",)))


@pytest.fixture(scope="session")
def drawn() -> Callable[[], tuple[list[Vertebra], r.Report, StraightSpine]]:
    def draw() -> tuple[list[Vertebra], r.Report, StraightSpine]:
        bodies = chest({"T8": (0.6, 0.8, 1.0)}, cut=("T4",))
        return bodies, report_of(bodies), spine_of(bodies)

    return draw
