"""How far readers and model agree, over signed reviews."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import COLUMNS
from endplate.report.report import Columns, Entry
from endplate.review.document import points_of
from endplate.review.truth import ReviewedScan

FRACTURE_GRADE = 2


@dataclass(frozen=True)
class Agreement:
    """Model against reader. Readers saw the model's points first, so that agreement is higher than between blind readings.

    Attributes:
        scans: reviews that were compared.
        without_edits: of them, accepted as they were.
        vertebrae: bodies that both have.
        added: bodies that only readers have.
        deleted: bodies that only the model had.
        points: points of the bodies that both have.
        points_moved: of them, moved by the reader.
        point_mm: mean distance of a point; None without bodies.
        point_mm_p95: its 95th percentile.
        height_mm: mean absolute difference of a height.
        levels_same: share of bodies with the same name.
        graded: bodies with a grade in both.
        table: bodies of ``graded`` by (model, reader) of grade >= 2: neither, reader only, model only, both.
        kappa: Cohen's, of grade >= 2; None where model and reader together know one class only.
    """

    scans: int
    without_edits: int
    vertebrae: int
    added: int
    deleted: int
    points: int
    points_moved: int
    point_mm: float | None
    point_mm_p95: float | None
    height_mm: float | None
    levels_same: float | None
    graded: int
    table: tuple[int, int, int, int]
    kappa: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return asdict(self)


def agreement(scans: Sequence[ReviewedScan]) -> Agreement:
    """Over all vertebrae of the scans, each body once."""
    pairs = [(s.model.vertebrae[v.model_index], e) for s in scans for v, e in _referring(s) if v.model_index is not None]
    bodies = sum(len(s.after.vertebrae) for s in scans)
    before = sum(len(s.model.vertebrae) for s in scans)
    away = _distances(pairs)
    heights = np.array([np.abs(_columns(a.heights_mm) - _columns(b.heights_mm)) for a, b in pairs])
    graded = [
        (a.grade >= FRACTURE_GRADE, b.grade >= FRACTURE_GRADE) for a, b in pairs if a.grade is not None and b.grade is not None
    ]
    counts = tuple(graded.count(pair) for pair in ((False, False), (False, True), (True, False), (True, True)))
    table = (counts[0], counts[1], counts[2], counts[3])
    return Agreement(
        scans=len(scans),
        without_edits=sum(not s.after.review.edits for s in scans if s.after.review),
        vertebrae=len(pairs),
        added=bodies - len(pairs),
        deleted=before - len(pairs),
        points=away.size,
        points_moved=int((away > 0).sum()),
        point_mm=_mean(away),
        point_mm_p95=round(float(np.percentile(away, 95)), 4) if away.size else None,
        height_mm=_mean(heights),
        levels_same=_mean(np.array([a.level == b.level for a, b in pairs], float)),
        graded=len(graded),
        table=table,
        kappa=kappa(table),
    )


def kappa(table: tuple[int, int, int, int]) -> float | None:
    """Cohen's kappa of counts (neither, second only, first only, both); None where it is not defined.

    >>> round(kappa((40, 9, 6, 45)), 3)
    0.7
    """
    neither, second, first, both = table
    n = sum(table)
    if not n:
        return None
    by_chance = ((neither + second) * (neither + first) + (both + second) * (both + first)) / n**2
    return None if math.isclose(by_chance, 1.0) else round(((neither + both) / n - by_chance) / (1.0 - by_chance), 4)


def _referring(scan: ReviewedScan) -> list[tuple[Any, Entry]]:
    return list(zip(scan.review.vertebrae, scan.after.vertebrae, strict=True))


def _distances(pairs: Sequence[tuple[Entry, Entry]]) -> NDArray[np.floating]:
    """Distances (n, 3, 2) in mm."""
    if not pairs:
        return np.zeros((0, 3, 2))
    apart = np.array([points_of(a.points_lps_mm) - points_of(b.points_lps_mm) for a, b in pairs])
    return np.linalg.norm(apart, axis=-1)


def _columns(values: Columns) -> NDArray[np.floating]:
    return np.array([getattr(values, name) for name in COLUMNS])


def _mean(values: NDArray[np.floating]) -> float | None:
    return round(float(values.mean()), 4) if values.size else None
