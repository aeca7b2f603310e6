"""One scan in a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.morphometry.measure import Finding

SDI_LEVELS = levels.USUAL[levels.USUAL.index("T4") : levels.USUAL.index("L4") + 1]


@dataclass(frozen=True)
class Summary:
    """What the whole scan shows.

    Attributes:
        assessed: number of vertebrae with a grade.
        worst_level: level with the largest loss, or None.
        worst_loss: its loss.
        worst_grade: its grade.
        fractures: vertebrae of grade 2 or 3.
        mild_deformities: vertebrae of grade 1.
        spinal_deformity_index: sum of the grades over T4-L4 (Crans et al. 2004), of the levels that were assessed.
        fracture_probability: probability that at least one vertebra is of grade 2 or 3, taken as that of the likeliest one: errors
            of one scan (slices, kernel, contrast) go together; as independent they would add up to a fracture in every long scan.
        kyphosis_deg: Cobb angle from T4's superior to T12's inferior endplate, positive for kyphosis; None if out of view.
    """

    assessed: int
    worst_level: str | None
    worst_loss: float | None
    worst_grade: int | None
    fractures: int
    mild_deformities: int
    spinal_deformity_index: int
    fracture_probability: float
    kyphosis_deg: float | None


def summarise(findings: Sequence[Finding]) -> Summary:
    """The summary of a scan's findings."""
    graded = [f for f in findings if f.grade is not None]
    worst = max(graded, key=lambda f: f.loss, default=None)
    grades = [f.grade or 0 for f in graded]
    likeliest = max((sum(f.grade_probability[2:]) for f in graded), default=0.0)
    return Summary(
        len(graded),
        worst.vertebra.level if worst else None,
        worst.loss if worst else None,
        worst.grade if worst else None,
        sum(g >= 2 for g in grades),
        sum(g == 1 for g in grades),
        sum(f.grade or 0 for f in graded if f.vertebra.level in SDI_LEVELS),
        likeliest,
        kyphosis_deg(findings),
    )


def kyphosis_deg(findings: Sequence[Finding], upper: str = "T4", lower: str = "T12") -> float | None:
    """Angle in the sagittal plane between the upper level's superior and the lower's inferior endplate, None if not in view."""
    by_level = {f.vertebra.level: f.vertebra for f in findings if f.vertebra.complete}
    if upper not in by_level or lower not in by_level:
        return None
    top = _slope(by_level[upper].points_mm[:, 0])
    bottom = _slope(by_level[lower].points_mm[:, 1])
    return float(np.rad2deg(top - bottom))


def _slope(endplate_mm: NDArray[np.floating]) -> float:
    """Inclination of an endplate (3, 3), anterior to posterior: positive where it rises to the back."""
    run = endplate_mm[2] - endplate_mm[0]
    return float(np.arctan2(run[2], run[1]))
