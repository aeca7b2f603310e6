"""The posterior height that a body's neighbours lead one to expect (docs/decisions/0004)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
REACH = 3
"""Levels above and below that count as neighbours."""
MIN_NEIGHBOURS = 2
RATIO_LOSS_OF_SUSPECT = 0.20
"""A neighbour whose ratios alone call it fractured says nothing about this patient's size."""
POSTERIOR_LOSS_OF_SUSPECT = 0.15
"""Nor does one that is this much lower behind than its own neighbours say; measured spread of that share: 0.04."""


@dataclass(frozen=True)
class Sizes:
    """How tall each body of one patient is behind, as a share of its level's norm.

    Attributes:
        place: level coordinates (n,), NaN where unknown.
        share: Hp / norm Hp (n,), NaN where either is unknown or the body is not assessable.
        share_sd: its standard deviation (n,) from the points.
        ratio_loss: loss (n,) by Ha/Hp and Hm/Hp alone.
    """

    place: Floats
    share: Floats
    share_sd: Floats
    ratio_loss: Floats


def expected_share(sizes: Sizes) -> tuple[Floats, Floats]:
    """Share of the norm (n,) expected of each body, and its standard deviation (n,); NaN with fewer than two neighbours.

    The median over sound neighbours; where fewer than two are sound, over all. A body never sways its own expectation.
    """
    pairs = [_without(sizes, i) for i in range(len(sizes.share))]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def _without(sizes: Sizes, i: int) -> tuple[float, float]:
    others = np.isfinite(sizes.share)
    others[i] = False
    near = others & _within_reach(sizes, i)
    if near.sum() < MIN_NEIGHBOURS:
        return float("nan"), float("nan")
    sound = near & _sound(sizes, others, near)
    kept = sound if sound.sum() >= MIN_NEIGHBOURS else near
    # a median's standard deviation is sqrt(pi / 2) times the mean's, for many normal values
    spread = np.sqrt(np.pi / 2 * np.mean(sizes.share_sd[kept] ** 2) / kept.sum())
    return float(np.median(sizes.share[kept])), float(spread)


def _within_reach(sizes: Sizes, i: int) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(sizes.place - sizes.place[i]) <= REACH
    return near


def _sound(sizes: Sizes, others: NDArray[np.bool_], near: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bodies (n,) of ``near`` that look fractured neither by their ratios nor against the ``others``."""
    upright = others & (sizes.ratio_loss < RATIO_LOSS_OF_SUSPECT)
    sound = near & upright
    for j in np.flatnonzero(sound):
        beside = upright & _within_reach(sizes, int(j))
        beside[j] = False
        if beside.sum() >= MIN_NEIGHBOURS:
            sound[j] = 1.0 - sizes.share[j] / np.median(sizes.share[beside]) < POSTERIOR_LOSS_OF_SUSPECT
    return sound
