"""By how much the points' standard deviations must grow for the heights' intervals to keep their word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from endplate.evaluation.cases import Case
from endplate.evaluation.scan_score import score

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Calibration:
    """How honest the heights' intervals are.

    Attributes:
        factor: multiply the detector's ``scale_factor`` (detection.codec.Settings) by this.
        n: heights with a standard deviation and precise truth.
        scans: that they come from.
        coverage_before: share of true heights in their intervals as reported.
        coverage_left_out: the same of each scan under the factor of the other scans; NaN for a single scan.
    """

    factor: float
    n: int
    scans: int
    coverage_before: float
    coverage_left_out: float


def calibrate(cases: Sequence[Case], nominal: float = 0.95) -> Calibration:
    """The factor that makes the heights' ``nominal`` intervals hold that share of the true heights.

    Split conformal: the smallest factor under which the intervals would hold the next height as often (Angelopoulos & Bates
    2021, arXiv 2107.07511, section 1). Give held-out cases only: on training cases points look surer than they are.

    Raises:
        ValueError: if no report gives standard deviations for a matched body.
    """
    return calibrate_errors([score(case).samples["height_error_sd"] for case in cases], nominal)


def calibrate_errors(errors_sd: Sequence[Floats], nominal: float = 0.95) -> Calibration:
    """The same from each scan's |height error| in standard deviations, scans x (n,)."""
    known = [errors for errors in errors_sd if len(errors)]
    if not known:
        raise ValueError("no matched body has points_sd_mm above 0; make the reports with a detector that says how sure it is")
    reach = NormalDist().inv_cdf((1 + nominal) / 2)
    everything = np.concatenate(known)
    before = float((everything <= reach).mean())
    return Calibration(_factor(everything, nominal), len(everything), len(known), before, _left_out(known, nominal))


def _factor(errors_sd: Floats, nominal: float) -> float:
    rank = min(math.ceil((len(errors_sd) + 1) * nominal), len(errors_sd))
    return float(np.sort(errors_sd)[rank - 1] / NormalDist().inv_cdf((1 + nominal) / 2))


def _left_out(errors_sd: Sequence[Floats], nominal: float) -> float:
    if len(errors_sd) < 2:
        return math.nan
    reach = NormalDist().inv_cdf((1 + nominal) / 2)
    inside = [
        errors <= reach * _factor(np.concatenate([*errors_sd[:i], *errors_sd[i + 1 :]]), nominal)
        for i, errors in enumerate(errors_sd)
    ]
    return float(np.concatenate(inside).mean())
