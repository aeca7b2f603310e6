"""How sure the loss is, given how sure the points are: exact up to a one-dimensional integral, and smooth.

With normal errors of the heights, all three columns keep their height above a loss c with probability

    F(c) = integral over p of  phi(p) Phi((Ha - (1 - c) E_A p) / s_a) Phi((Hm - (1 - c) E_M p) / s_m) Phi((p / (1 - c) - E_P) / s_e)

which is the distribution function of the loss: grade probabilities are its differences, the interval its quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
NODES = np.linspace(-4.5, 4.5, 91)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()
FINEST = 0.1
"""Smallest standard deviation against the largest of the same body: the step of the nodes."""
HALVINGS = 26
CDF_STEP = 0.3275911
CDF_SERIES = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
"""Abramowitz & Stegun 7.1.26."""
CDF_FARTHEST = 9.0
LEAST_POSTERIOR_MM = 0.1
LEAST_LEFT = 1e-3
LEAST_SD_MM = 1e-6
NOTHING = 1e-6
"""A loss below this counts as none."""


def quantiles(share: float = 0.95) -> tuple[float, float]:
    """Probabilities at the two ends of a central interval that holds a share."""
    return (1.0 - share) / 2.0, (1.0 + share) / 2.0


@dataclass(frozen=True)
class Uncertain:
    """Heights of n bodies, what is expected of them, and how sure both are.

    Attributes:
        heights_mm: (n, 3).
        heights_sd_mm: (n, 3).
        expected: (n, 3): E_A, E_M as ratios, E_P in mm; E_P is NaN without neighbours.
        posterior_sd_mm: (n,) of E_P; NaN without neighbours.
    """

    heights_mm: Floats
    heights_sd_mm: Floats
    expected: Floats
    posterior_sd_mm: Floats


def normal_cdf(x: Floats) -> Floats:
    """Standard normal distribution function (...); Abramowitz & Stegun 7.1.26, absolute error below 1e-7.

    >>> normal_cdf(np.array([-1.959964, 0.0, 8.0])).round(4).tolist()
    [0.025, 0.5, 1.0]
    """
    z = np.minimum(np.abs(x), CDF_FARTHEST) / np.sqrt(2.0)
    t = 1.0 / (1.0 + CDF_STEP * z)
    a, b, c, d, e = CDF_SERIES
    series = t * (a + t * (b + t * (c + t * (d + t * e))))
    tail = 0.5 * series * np.exp(-z * z)
    below: Floats = np.where(np.asarray(x) < 0, tail, 1.0 - tail)
    return below


def cumulative(bodies: Uncertain, loss: Floats) -> Floats:
    """Probability (n, k) that the loss of each body is below the values (n, k)."""
    left = (1.0 - np.asarray(loss, float))[..., None]
    largest = np.maximum(bodies.heights_sd_mm.max(-1), LEAST_SD_MM)[:, None]
    sd = np.maximum(bodies.heights_sd_mm, FINEST * largest)[:, None, None, :]
    tall = bodies.heights_mm[:, None, None, :]
    behind = np.maximum(tall[..., 2] + sd[..., 2] * NODES, LEAST_POSTERIOR_MM)
    front, middle = (normal_cdf((tall[..., c] - left * bodies.expected[:, None, None, c] * behind) / sd[..., c]) for c in (0, 1))
    known = np.isfinite(bodies.expected[:, 2])
    mean = np.where(known, bodies.expected[:, 2], 0.0)[:, None, None]
    spread = np.where(known, np.maximum(bodies.posterior_sd_mm, FINEST * largest[:, 0]), 1.0)[:, None, None]
    crushed = np.where(known[:, None, None], normal_cdf((behind / np.maximum(left, LEAST_LEFT) - mean) / spread), 1.0)
    total: Floats = (WEIGHTS * front * middle * crushed).sum(-1)
    return total


def grade_probabilities(bodies: Uncertain, cuts: tuple[float, ...]) -> Floats:
    """Probability (n, cuts + 1) of a loss below the first cut, between two, and above the last."""
    n = len(bodies.heights_mm)
    inner = cumulative(bodies, np.broadcast_to(np.array(cuts), (n, len(cuts))))
    edges = np.maximum.accumulate(np.concatenate([np.zeros((n, 1)), inner, np.ones((n, 1))], 1), axis=1)
    return np.diff(np.minimum(edges, 1.0), axis=1)


def interval(bodies: Uncertain, share: float = 0.95) -> Floats:
    """Central interval (n, 2) of the loss, 0 and up, by halving."""
    wanted = np.array(quantiles(share))
    low = np.zeros((len(bodies.heights_mm), 2))
    high = np.ones_like(low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        below = cumulative(bodies, middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(high < NOTHING, 0.0, (low + high) / 2.0)
