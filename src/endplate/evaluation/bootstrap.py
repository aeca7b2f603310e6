"""Every quantity with its 95 % interval over patients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.evaluation.quantities import QUANTITIES, pool
from endplate.evaluation.scan_score import ScanScore

Floats = NDArray[np.floating]
SEED = 20230418
ENOUGH = 0.9
"""Share of the resamples in which a quantity must exist for its interval to be given; an AUC needs both classes."""


@dataclass(frozen=True)
class Estimate:
    """A number, how sure it is and what it rests on.

    Attributes:
        value: of the quantity; NaN where it does not exist.
        low: 2.5th percentile over resampled patients; NaN for one patient, or where too many resamples lack the quantity.
        high: 97.5th percentile.
        n: size of the sample: vertebrae, points, slices, scans.
    """

    value: float
    low: float
    high: float
    n: int


def estimates(scores: Sequence[ScanScore], resamples: int, seed: int = SEED) -> dict[str, Estimate]:
    """All quantities by key; percentile bootstrap over patients (Efron & Tibshirani 1993, chapter 13), the same for the same seed.

    An interval without width says that nothing went wrong in this sample, not that nothing can.
    """
    random = np.random.default_rng(seed)
    drawn = np.full((max(resamples, 0), len(QUANTITIES)), math.nan)
    for row in drawn if len(scores) > 1 else ():
        again = pool([scores[i] for i in random.integers(len(scores), size=len(scores))])
        row[:] = [q.statistic(q.sample(again)) for q in QUANTITIES]
    samples = pool(scores)
    found: dict[str, Estimate] = {}
    for q, values in zip(QUANTITIES, drawn.T, strict=True):
        sample, known = q.sample(samples), values[np.isfinite(values)]
        low, high = np.percentile(known, (2.5, 97.5)) if len(known) > ENOUGH * len(values) else (math.nan, math.nan)
        found[q.key] = Estimate(q.statistic(sample), float(low), float(high), len(sample))
    return found


def interval(
    patients: Sequence[Floats], statistic: Callable[[Floats], float], resamples: int = 2000, seed: int = SEED
) -> tuple[float, float]:
    """95 % interval of a statistic of rows that come patient by patient; NaN where too many resamples lack it."""
    random = np.random.default_rng(seed)
    again = (random.integers(len(patients), size=len(patients)) for _ in range(resamples))
    values = np.array([statistic(np.concatenate([patients[i] for i in chosen])) for chosen in again])
    known = values[np.isfinite(values)]
    if len(known) <= ENOUGH * resamples:
        return math.nan, math.nan
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)
