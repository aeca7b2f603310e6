"""Reports whose errors are known: truth, moved on purpose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import COLUMNS, Vertebra, levels
from endplate.morphometry.measure import measure

Floats = NDArray[np.floating]
TALL_MM, DISC_MM = 20.0, 6.0
SHARE = {"anterior": 0.93, "middle": 0.86, "posterior": 1.0}


def column(names: Sequence[str], top_mm: float = 0.0) -> Floats:
    """Points (n, 3, 2, 3) of a straight column of usual bodies, head to feet."""
    bodies = []
    for n in range(len(names)):
        middle = top_mm - n * (TALL_MM + DISC_MM)
        half = [SHARE[c] * TALL_MM / 2 for c in COLUMNS]
        bodies.append([[[0.0, 15.0 * i, middle + h], [0.0, 15.0 * i, middle - h]] for i, h in enumerate(half)])
    return np.array(bodies)


def compressed(points_mm: Floats, body: int, loss: float) -> Floats:
    """The same points with one body's superior endplate let down in front and, by less, in the middle."""
    moved = points_mm.copy()
    for i, share in ((0, 1.0), (1, 0.6)):
        moved[body, i, 0] += loss * share * (moved[body, i, 1] - moved[body, i, 0])
    return moved


def names_from(first: str, count: int) -> list[str]:
    at = levels.USUAL.index(first)
    return list(levels.USUAL[at : at + count])


def pairs(points: Floats) -> dict[str, Any]:
    return {name: points[i].tolist() for i, name in enumerate(COLUMNS)}


def truth_json(points_mm: Floats, names: Sequence[str], **further: Any) -> dict[str, Any]:
    bodies = [{"level": name, "points_lps_mm": pairs(p)} for name, p in zip(names, points_mm, strict=True)]
    return {"vertebrae": bodies, **further}


def report_json(
    points_mm: Floats, names: Sequence[str | None], sd_mm: Floats | None = None, slice_mm: float = 1.0
) -> dict[str, Any]:
    """A report as endplate measures these points; without standard deviations if none are given."""
    spread = np.zeros((len(points_mm), 3, 2)) if sd_mm is None else sd_mm
    found = measure([Vertebra(p, s, name) for p, s, name in zip(points_mm, spread, names, strict=True)])
    entries: list[dict[str, Any]] = [
        {
            "level": f.vertebra.level,
            "complete": True,
            "points_lps_mm": pairs(f.vertebra.points_mm),
            "loss": f.loss if f.assessable else None,
        }
        for f in found
    ]
    for entry, f in zip(entries, found, strict=True) if sd_mm is not None else ():
        interval = list(f.loss_interval_95) if f.assessable else None
        entry |= {"points_sd_mm": pairs(f.vertebra.points_sd_mm), "loss_interval_95": interval}
    course = points_mm.mean((1, 2)).tolist()
    return {"centreline_lps_mm": course, "source": {"spacing_mm": [slice_mm, 0.7, 0.7]}, "vertebrae": entries}


def write(folder: Path, case: str, truth: dict[str, Any] | None, report: dict[str, Any] | None) -> None:
    """Write ``folder/truth/CASE/truth.json`` and ``folder/reports/CASE.json``."""
    for kind, content, path in (("truth", truth, f"{case}/truth.json"), ("reports", report, f"{case}.json")):
        if content is not None:
            target = folder / kind / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(content))
