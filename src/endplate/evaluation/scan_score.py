"""One scan against its truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.evaluation.cases import Case, Prediction, Truth
from endplate.evaluation.matching import Indices, match, within_annotation
from endplate.evaluation.reference_loss import reference_loss
from endplate.morphometry.heights import genant_index, heights
from endplate.morphometry.measure import measure

Floats = NDArray[np.floating]
Samples = Mapping[str, Floats]
ROUNDING = 5e-5
"""Of the intervals in a report."""


@dataclass(frozen=True)
class Precise:
    """The k matched bodies whose truth is precise.

    Attributes:
        level: k true names.
        keypoint_mm: (k, 6) distance of each point, patient space.
        lateral_mm: (k, 6) its part across the spine, along the patient's left-right axis.
        found_mm: (k, 3) heights found.
        true_mm: (k, 3) true heights.
        sd_mm: (k, 3) standard deviations of the heights found; NaN where not given.
    """

    level: tuple[str, ...]
    keypoint_mm: Floats
    lateral_mm: Floats
    found_mm: Floats
    true_mm: Floats
    sd_mm: Floats


@dataclass(frozen=True)
class ScanScore:
    """How one report fares.

    Attributes:
        name: of the case.
        has_report: False where there was none.
        slice_mm: distance of the slices; NaN where unknown.
        missed: names of the annotated bodies that were not found.
        extra: names given to bodies found within the annotated range that are not there.
        precise: matched bodies with precise truth.
        samples: what the quantities are drawn from (quantities.py), each (any length,).
    """

    name: str
    has_report: bool
    slice_mm: float
    missed: tuple[str, ...]
    extra: tuple[str | None, ...]
    precise: Precise
    samples: Samples


def score(case: Case) -> ScanScore:
    """Matches bodies and gathers every error of one scan."""
    truth = case.truth
    found = case.prediction.chosen(within_annotation(case.prediction.points_mm, truth.points_mm))
    pairs = match(found.points_mm, truth.points_mm)
    hit_found, hit_true = np.isin(np.arange(len(found.level)), pairs[:, 0]), np.isin(np.arange(len(truth.level)), pairs[:, 1])
    sharp = _precise(found, truth, pairs[truth.precise[pairs[:, 1]]])
    samples = {
        "hit_found": hit_found.astype(float),
        "hit_true": hit_true.astype(float),
        **_localisation(found.centreline_mm, truth.points_mm.mean((1, 2))),
        **_errors(sharp),
        **_names(found, truth, pairs),
        **_losses(found, truth, pairs),
    }
    missed = tuple(name for name, hit in zip(truth.level, hit_true, strict=True) if not hit)
    extra = tuple(name for name, hit in zip(found.level, hit_found, strict=True) if not hit)
    return ScanScore(case.name, case.has_report, found.slice_mm, missed, extra, sharp, samples)


def _precise(found: Prediction, truth: Truth, pairs: Indices) -> Precise:
    i, j = pairs.T
    a, b = found.points_mm[i], truth.points_mm[j]
    names = tuple(truth.level[n] for n in j)
    distance, lateral = np.linalg.norm(a - b, axis=-1).reshape(-1, 6), np.abs(a - b)[..., 0].reshape(-1, 6)
    return Precise(names, distance, lateral, heights(a), heights(b), np.sqrt((found.points_sd_mm[i] ** 2).sum(-1)))


def _errors(sharp: Precise) -> Samples:
    apart = sharp.found_mm - sharp.true_mm
    spread = np.where(sharp.sd_mm > 0, sharp.sd_mm, np.nan)
    units = np.abs(apart / spread).ravel()
    return {
        "keypoint_mm": sharp.keypoint_mm.ravel(),
        "lateral_mm": sharp.lateral_mm.ravel(),
        "sagittal_mm": np.sqrt(np.maximum(sharp.keypoint_mm**2 - sharp.lateral_mm**2, 0.0)).ravel(),
        "height_difference_mm": apart.ravel(),
        "index_error": np.abs(genant_index(sharp.found_mm) - genant_index(sharp.true_mm)),
        "height_error_sd": units[np.isfinite(units)],
    }


def _names(found: Prediction, truth: Truth, pairs: Indices) -> Samples:
    right = np.array([found.level[i] == truth.level[j] for i, j in pairs], float)
    if not truth.levels_certain:
        return {"level_right": np.zeros(0), "scan_right": np.zeros(0)}
    return {"level_right": right, "scan_right": np.array([float(len(right) > 0 and right.all())])}


def _losses(found: Prediction, truth: Truth, pairs: Indices) -> Samples:
    """Reference losses of all true bodies (found: NaN where missed), the patient's worst, and whether intervals hold the truth."""
    i, j = pairs.T
    true = reference_loss(heights(truth.points_mm), truth.level)
    guess = np.full(len(true), np.nan)
    guess[j] = reference_loss(heights(found.points_mm[i]), [truth.level[n] for n in j])
    worst = np.nanmax(guess) if len(pairs) else np.nan
    measured = np.array([f.loss for f in measure(truth.points_mm, truth.level)])[j]
    low, high = found.loss_interval_95[i].T
    known = np.isfinite(low) & np.isfinite(measured) & truth.precise[j]
    inside = (low - ROUNDING <= measured) & (measured <= high + ROUNDING)
    return {
        "loss_true": true,
        "loss_found": guess,
        "patient_true": np.array([true.max()]),
        "patient_found": np.array([worst]),
        "loss_inside": inside[known].astype(float),
    }


def _localisation(centreline_mm: Floats, centres_mm: Floats) -> Samples:
    """Axial distance in mm at every millimetre from the first to the last annotated centre; share of those without a course."""
    z = np.arange(centres_mm[:, 2].min(), centres_mm[:, 2].max(), 1.0)
    if len(centreline_mm) < 2 or len(z) == 0:
        return {"localisation_mm": np.zeros(0), "localisation_missing": np.ones(1)}
    distance = np.linalg.norm(_course_at(centreline_mm, z) - _course_at(centres_mm, z), axis=-1)
    there = np.isfinite(distance)
    return {"localisation_mm": distance[there], "localisation_missing": np.array([1.0 - there.mean()])}


def _course_at(points_mm: Floats, z: Floats) -> Floats:
    """(x, y) (n, 2) of a polyline (m, 3) at heights z (n,); NaN outside."""
    course = points_mm[np.argsort(points_mm[:, 2])]
    xy = np.stack([np.interp(z, course[:, 2], course[:, axis]) for axis in (0, 1)], -1)
    xy[(z < course[0, 2] - 1e-6) | (z > course[-1, 2] + 1e-6)] = np.nan
    return xy
