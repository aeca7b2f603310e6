"""Six points per vertebra -> heights, loss, grade and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra, levels
from endplate.anatomy.vertebra import exact
from endplate.morphometry import genant
from endplate.morphometry.heights import genant_index, heights, ratios
from endplate.morphometry.norms import Norms, shipped

Floats = NDArray[np.floating]
NEIGHBOUR_REACH = 3
MIN_NEIGHBOURS = 2
PLAUSIBLE_MM = (4.0, 45.0)
_DRAWS = np.random.default_rng(20230418).standard_normal((2048, 3))
"""Fixed draws: the same points give the same interval."""


@dataclass(frozen=True)
class Finding:
    """One vertebra, measured.

    Attributes:
        vertebra: the body.
        heights_mm: (3,) anterior, middle, posterior.
        ratios: (2,) Ha/Hp, Hm/Hp.
        genant_index: raw G.
        loss: level-normalised height loss, 0 and up; NaN where not assessable.
        loss_interval_95: 95 % interval of the loss.
        grade: Genant grade of the loss, 0 to 3; None where not assessable.
        grade_probability: of grades 0 to 3.
        shape: wedge, biconcave or crush, from grade 1 up.
        z: (2,) z-scores of Ha/Hp and Hm/Hp.
        posterior_expected_mm: posterior height expected from the neighbours; NaN without enough of them.
        weak_norm: True where the level's norm rests on few bodies.
        reason: why it is not assessable, or None.
    """

    vertebra: Vertebra
    heights_mm: Floats
    ratios: Floats
    genant_index: float
    loss: float
    loss_interval_95: tuple[float, float]
    grade: int | None
    grade_probability: tuple[float, float, float, float]
    shape: str | None
    z: Floats
    posterior_expected_mm: float
    weak_norm: bool
    reason: str | None

    @property
    def assessable(self) -> bool:
        """Whether loss and grade mean something."""
        return self.reason is None

    @property
    def flag(self) -> str | None:
        """The default flag."""
        return genant.FLAGS[self.grade] if self.grade is not None else None


def measure(
    points: Floats | Sequence[Vertebra], level_names: Sequence[str] | None = None, points_sd_mm: Floats | None = None, norms: Norms | None = None
) -> tuple[Finding, ...]:
    """Findings of vertebrae head to feet, from anyone's points.

    The loss is normalised by level: ``max(1 - (Ha/Hp)/E_A, 1 - (Hm/Hp)/E_M, 1 - Hp/E_P)`` with the expected ratios of the
    norms and the posterior height expected from the neighbours (docs/decisions/0004).

    Args:
        points: (n, 3, 2, 3) column x endplate x LPS mm, or vertebrae.
        level_names: n names such as ``T8``; needed with an array.
        points_sd_mm: (n, 3, 2) standard deviations, with an array; 0 if left out.
        norms: the shipped table if left out.

    Raises:
        ValueError: if shapes do not fit or a level is unknown.
    """
    table = norms or shipped()
    vertebrae = _vertebrae(points, level_names, points_sd_mm)
    tall = np.array([heights(v.points_mm) for v in vertebrae]).reshape(-1, 3)
    reasons = [_reason(v, h, table) for v, h in zip(vertebrae, tall, strict=True)]
    expected = _expected_posterior(vertebrae, tall, reasons, table)
    return tuple(_finding(v, h, e, r, table) for v, h, e, r in zip(vertebrae, tall, expected, reasons, strict=True))


def _vertebrae(points: Floats | Sequence[Vertebra], level_names: Sequence[str] | None, sd: Floats | None) -> list[Vertebra]:
    if len(points) and isinstance(points[0], Vertebra):
        return list(points)  # type: ignore[arg-type]
    array = np.asarray(points, float)
    if len(array) == 0:
        return []
    if array.ndim != 4 or array.shape[1:] != (3, 2, 3):
        raise ValueError(f"points must have shape (n, 3, 2, 3), got {array.shape}")
    if level_names is None or len(level_names) != len(array):
        raise ValueError(f"{len(array)} vertebrae need as many level names, got {level_names!r}")
    known = [exact(p, level) for p, level in zip(array, level_names, strict=True) if levels.coordinate(level)]
    spread = np.zeros((len(array), 3, 2)) if sd is None else np.asarray(sd, float)
    return [Vertebra(v.points_mm, s, v.level, 1.0) for v, s in zip(known, spread, strict=True)]


def _reason(vertebra: Vertebra, tall: Floats, norms: Norms) -> str | None:
    if not vertebra.complete:
        return "cut by the field of view"
    if vertebra.level is None:
        return "level unknown"
    if norms.of(vertebra.level) is None:
        return f"{vertebra.level} has no norm"
    if tall.min() < PLAUSIBLE_MM[0] or tall.max() > PLAUSIBLE_MM[1]:
        return f"heights of {tall.min():.0f} to {tall.max():.0f} mm are implausible"
    return None


def _expected_posterior(vertebrae: Sequence[Vertebra], tall: Floats, reasons: Sequence[str | None], norms: Norms) -> Floats:
    """Posterior height (n,) in mm expected from up to three neighbours on each side, NaN with fewer than two.

    Each neighbour says how tall this patient is against the norm; the median of them bears a fractured one.
    """
    size = np.full(len(vertebrae), np.nan)
    for i, (vertebra, reason) in enumerate(zip(vertebrae, reasons, strict=True)):
        norm = norms.of(vertebra.level)
        if reason is None and norm is not None:
            size[i] = tall[i, 2] / norm.hp_mm
    expected = np.full(len(vertebrae), np.nan)
    for i, vertebra in enumerate(vertebrae):
        near = np.r_[size[max(i - NEIGHBOUR_REACH, 0) : i], size[i + 1 : i + 1 + NEIGHBOUR_REACH]]
        near, norm = near[np.isfinite(near)], norms.of(vertebra.level)
        if len(near) >= MIN_NEIGHBOURS and norm is not None:
            expected[i] = np.median(near) * norm.hp_mm
    return expected


def losses(tall: Floats, expected: Floats) -> Floats:
    """Losses (..., 3) of the anterior, middle and posterior column, from heights (..., 3) and (E_A, E_M, E_P mm).

    The posterior one is -inf without an expected posterior height.
    """
    ratio = ratios(tall)
    behind = 1.0 - tall[..., 2] / expected[2] if np.isfinite(expected[2]) else np.full(tall.shape[:-1], -np.inf)
    return np.stack([1.0 - ratio[..., 0] / expected[0], 1.0 - ratio[..., 1] / expected[1], behind], -1)


def _finding(vertebra: Vertebra, tall: Floats, posterior_mm: float, reason: str | None, norms: Norms) -> Finding:
    ratio, index = ratios(tall), float(genant_index(tall))
    norm = norms.of(vertebra.level)
    if reason is not None or norm is None:
        nothing = (float("nan"), float("nan"))
        return Finding(vertebra, tall, ratio, index, nothing[0], nothing, None, (0.0,) * 4, None, np.full(2, np.nan), posterior_mm, False, reason)
    expected = np.array([norm.ha_hp, norm.hm_hp, posterior_mm])
    columns = losses(tall, expected)
    loss = max(float(columns.max()), 0.0)
    grade = int(genant.grade_of_loss(loss))
    interval, probability = _spread(vertebra, tall, expected)
    shape = genant.SHAPE_OF_COLUMN[int(columns.argmax())] if grade > 0 else None
    z = (ratio - (norm.ha_hp, norm.hm_hp)) / (norm.ha_hp_sd, norm.hm_hp_sd)
    return Finding(vertebra, tall, ratio, index, loss, interval, grade, probability, shape, z, posterior_mm, norm.weak, None)


def _spread(vertebra: Vertebra, tall: Floats, expected: Floats) -> tuple[tuple[float, float], tuple[float, float, float, float]]:
    """95 % interval and grade probabilities of the loss, from the points' standard deviations along the spine."""
    sd = np.sqrt((vertebra.points_sd_mm**2).sum(-1))
    drawn = np.maximum(tall + _DRAWS * sd, 1.0)
    loss = np.maximum(losses(drawn, expected).max(-1), 0.0)
    low, high = np.percentile(loss, (2.5, 97.5))
    share = np.bincount(genant.grade_of_loss(loss), minlength=4) / len(loss)
    return (float(low), float(high)), (float(share[0]), float(share[1]), float(share[2]), float(share[3]))
