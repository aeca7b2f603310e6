"""Every quantity with its 95 % interval over patients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from endplate.evaluation.quantities import QUANTITIES, pool
from endplate.evaluation.scan_score import ScanScore

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
