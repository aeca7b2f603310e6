"""Six points per vertebra -> heights, loss, grade and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra
from endplate.anatomy.levels import coordinate
from endplate.morphometry import genant, spread
from endplate.morphometry.expected import Sizes, expected_share
from endplate.morphometry.heights import genant_index, heights, ratios
from endplate.morphometry.norms import LevelNorm, Norms, shipped

Floats = NDArray[np.floating]
PLAUSIBLE_MM = (4.0, 45.0)
PLAUSIBLE_DEPTH_MM = (8.0, 60.0)


@dataclass(frozen=True)
class Finding:
    """One vertebra, measured.

    Attributes:
        vertebra: the body.
        heights_mm: (3,) anterior, middle, posterior.
        ratios: (2,) Ha/Hp, Hm/Hp.
        genant_index: raw G.
        loss: level-normalised height loss, 0 and up; NaN where not assessable.
        loss_interval_95: 95 % interval of the loss from the points' deviations; always holds the loss.
        grade: Genant grade of the loss, 0 to 3; None where not assessable.
        grade_probability: of grades 0 to 3; sums to 1, all 0 where not assessable.
        shape: wedge, biconcave or crush, from grade 1 up.
        z: (2,) z-scores of Ha/Hp and Hm/Hp.
        posterior_expected_mm: posterior height expected from the neighbours; NaN without enough of them.
        weak_norm: True where the level is unknown or its norm rests on few bodies.
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
    points: Floats | Sequence[Vertebra],
    levels: Sequence[str | None] | None = None,
    points_sd_mm: Floats | None = None,
    norms: Norms | None = None,
) -> tuple[Finding, ...]:
    """Findings of one patient's vertebrae, from anyone's points.

    The loss is normalised by level: ``max(1 - (Ha/Hp)/E_A, 1 - (Hm/Hp)/E_M, 1 - Hp/E_P)`` with the expected ratios of the
    norms and the posterior height expected from the neighbours (docs/decisions/0004); what is gained counts as 0.

    Args:
        points: (n, 3, 2, 3) column x endplate x LPS mm, or vertebrae, which carry their own levels and deviations.
        levels: n names such as ``T8``, None where unknown; with an array. All unknown if left out.
        points_sd_mm: (n, 3, 2) standard deviations along the spine in mm, with an array; 0 if left out.
        norms: the shipped default if left out, in the convention of the networks' points (Hm/Hp about .90 in health); for
            middle points that sit deep in the endplates give ``norms.shipped(norms.EXPERTS)``.

    Raises:
        ValueError: if shapes do not fit, a point is not finite, or a name is no level.

    >>> wedge = np.array([[[0.0, t, h], [0, t, 0]] for t, h in ((-15.0, 13), (0, 17), (15, 21))])
    >>> (finding,) = measure(wedge[None], ["T8"])
    >>> finding.shape, finding.grade, round(finding.loss, 3)
    ('wedge', 2, 0.278)
    """
    table = norms or shipped()
    vertebrae = _vertebrae(points, levels, points_sd_mm)
    if not vertebrae:
        return ()
    reasons = [reason_against(v, table) for v in vertebrae]
    sound = [table.of(v.level) or table.unknown for v in vertebrae]
    bodies = _uncertain(vertebrae, reasons, sound)
    intervals, shares = spread.interval(bodies), spread.grade_probabilities(bodies, genant.LOSS_OF_GRADE)
    return tuple(
        _finding(v, r, n, _Row.of(bodies, intervals, shares, i))
        for i, (v, r, n) in enumerate(zip(vertebrae, reasons, sound, strict=True))
    )


def _vertebrae(points: Floats | Sequence[Vertebra], names: Sequence[str | None] | None, sd: Floats | None) -> list[Vertebra]:
    if len(points) == 0:
        return []
    given = [p for p in points if isinstance(p, Vertebra)]
    if len(points) == len(given):
        if names is not None or sd is not None:
            raise ValueError("vertebrae carry their own levels and deviations; give levels and points_sd_mm with an array only")
        return given
    array = np.asarray(points, float)
    if array.ndim != 4 or array.shape[1:] != (3, 2, 3):
        raise ValueError(f"points must have shape (n, 3, 2, 3), got {array.shape}")
    called = [None] * len(array) if names is None else list(names)
    deviations = np.zeros((len(array), 3, 2)) if sd is None else np.asarray(sd, float)
    if len(called) != len(array) or deviations.shape != (len(array), 3, 2):
        raise ValueError(f"{len(array)} vertebrae came with {len(called)} levels and deviations of shape {deviations.shape}")
    for name in called:
        if name is not None:
            coordinate(name)
    return [Vertebra(p, s, n, float(n is not None)) for p, s, n in zip(array, deviations, called, strict=True)]


def reason_against(vertebra: Vertebra, norms: Norms) -> str | None:
    """Why a body cannot be graded, or None."""
    if not vertebra.complete:
        return "cut by the field of view"
    if vertebra.doubt is not None:
        return vertebra.doubt
    if norms.of(vertebra.level) is None:
        return f"{vertebra.level} lies outside the norms"
    if not (np.isfinite(vertebra.points_sd_mm).all() and vertebra.points_sd_mm.min() >= 0):
        return "the points' deviations are not finite"
    tall = heights(vertebra.points_mm)
    if tall.min() < PLAUSIBLE_MM[0] or tall.max() > PLAUSIBLE_MM[1]:
        return f"heights of {tall.min():.0f} to {tall.max():.0f} mm are implausible"
    up = vertebra.points_mm[:, 0] - vertebra.points_mm[:, 1]
    if (up @ up.mean(0) <= 0).any():
        return "superior and inferior points cross"
    depth = float(np.linalg.norm((vertebra.points_mm[2] - vertebra.points_mm[0]).mean(0)))
    if not PLAUSIBLE_DEPTH_MM[0] <= depth <= PLAUSIBLE_DEPTH_MM[1]:
        return f"a depth of {depth:.0f} mm is implausible"
    return None


def losses(heights_mm: Floats, expected: Floats) -> Floats:
    """Losses (..., 3) of the anterior, middle and posterior column, from heights (..., 3) and expected (..., 3).

    Args:
        heights_mm: Ha, Hm, Hp.
        expected: E_A and E_M as ratios, E_P in mm; the posterior loss is -inf where E_P is NaN.
    """
    known = np.isfinite(expected[..., 2])
    behind = np.where(known, 1.0 - heights_mm[..., 2] / np.where(known, expected[..., 2], 1.0), -np.inf)
    return np.concatenate([1.0 - ratios(heights_mm) / expected[..., :2], behind[..., None]], -1)


def _uncertain(vertebrae: Sequence[Vertebra], reasons: Sequence[str | None], norms: Sequence[LevelNorm]) -> spread.Uncertain:
    """Heights, expectations and their deviations; a body that is not assessable says nothing about its neighbours."""
    tall = np.array([heights(v.points_mm) for v in vertebrae])
    # errors of the superior and the inferior point taken as independent
    sd = np.array([np.sqrt((v.points_sd_mm**2).sum(-1)) for v in vertebrae])
    ratio_norms = np.array([(n.ha_hp, n.hm_hp) for n in norms])
    norm_mm = np.array([n.hp_mm for n in norms])
    usable = np.where([r is None for r in reasons], norm_mm, np.nan)
    place = np.array([coordinate(v.level) if v.level else np.nan for v in vertebrae])
    by_ratio = (1.0 - ratios(tall) / ratio_norms).max(-1)
    share, share_sd = expected_share(Sizes(place, tall[:, 2] / usable, sd[:, 2] / usable, by_ratio))
    expected = np.concatenate([ratio_norms, (share * norm_mm)[:, None]], -1)
    return spread.Uncertain(tall, np.where(np.isfinite(sd), sd, 0.0), expected, share_sd * norm_mm)


@dataclass(frozen=True)
class _Row:
    """One body's numbers out of the arrays."""

    heights_mm: Floats
    expected: Floats
    certain: bool
    interval: Floats
    shares: Floats

    @classmethod
    def of(cls, bodies: spread.Uncertain, intervals: Floats, shares: Floats, i: int) -> _Row:
        certain = not bodies.heights_sd_mm[i].any()
        return cls(bodies.heights_mm[i], bodies.expected[i], certain, intervals[i], shares[i])


def _finding(vertebra: Vertebra, reason: str | None, norm: LevelNorm, row: _Row) -> Finding:
    tall, behind = row.heights_mm, float(row.expected[2])
    ratio, index = ratios(tall), float(genant_index(tall))
    if reason is not None:
        nan = float("nan")
        unsure = (nan, nan)
        return Finding(
            vertebra, tall, ratio, index, nan, unsure, None, (0.0,) * 4, None, np.full(2, nan), behind, norm.weak, reason
        )
    columns = losses(tall, row.expected)
    loss = max(float(columns.max()), 0.0)
    grade = int(genant.grade_of_loss(loss))
    low, high, shares = loss, loss, np.eye(4)[grade]
    if not row.certain:
        low, high, shares = min(float(row.interval[0]), loss), max(float(row.interval[1]), loss), row.shares
    z = (ratio - (norm.ha_hp, norm.hm_hp)) / (norm.ha_hp_sd, norm.hm_hp_sd)
    shape, p = genant.shape_of_losses(columns), [float(x) for x in shares]
    four = (p[0], p[1], p[2], p[3])
    return Finding(vertebra, tall, ratio, index, loss, (low, high), grade, four, shape, z, behind, norm.weak, None)
