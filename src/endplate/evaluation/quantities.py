"""What is reported, as a table; keys are those of ../shared/tools/score.py where it has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from endplate.evaluation.scan_score import Samples, ScanScore

Floats = NDArray[np.floating]
NOMINAL = (0.50, 0.80, 0.90, 0.95)
THRESHOLDS = (0.20, 0.25)
"""Losses from which the default flag speaks of a deformity and of a fracture (genant.FLAGS)."""


@dataclass(frozen=True)
class Quantity:
    """One number of the table.

    Attributes:
        key: short stable name.
        words: what it is.
        unit: ``mm``, ``share`` or nothing.
        sample: what it is drawn from, (n, ...).
        statistic: of such a sample.
    """

    key: str
    words: str
    unit: str
    sample: Callable[[Samples], Floats]
    statistic: Callable[[Floats], float]


def pool(scores: Iterable[ScanScore]) -> Samples:
    """The samples of several scans, end to end."""
    each = [s.samples for s in scores]
    return {name: np.concatenate([samples[name] for samples in each]) for name in each[0]}


def mean(values: Floats) -> float:
    """Mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def share(values: Floats) -> float:
    """Mean; 0 of nothing: who finds no body has no precision."""
    return float(values.mean()) if len(values) else 0.0


def quantile(values: Floats, q: float) -> float:
    """Quantile; NaN of nothing."""
    return float(np.quantile(values, q)) if len(values) else float("nan")


def auc(scored: Floats) -> float:
    """Area under the ROC curve of (n, 2): score, label (0 or 1); NaN without both classes. Mann & Whitney 1947."""
    label = scored[:, 1] > 0
    positives, negatives = int(label.sum()), int((~label).sum())
    if not positives or not negatives:
        return float("nan")
    above = float(rankdata(scored[:, 0])[label].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def labelled(samples: Samples, whom: str, threshold: float) -> Floats:
    """(n, 2) found loss and whether the truth reaches the threshold; ``whom`` is loss (of bodies that were found) or patient.

    A patient in whom nothing was found has loss 0: nobody is warned.
    """
    found, true = samples[f"{whom}_found"], samples[f"{whom}_true"]
    known = np.nan_to_num(found) if whom == "patient" else found
    there = np.isfinite(known)
    return np.stack([known[there], (true[there] >= threshold).astype(float)], -1)


def _alarmed(samples: Samples, whom: str, threshold: float) -> Floats:
    """Sample of the sensitivity: 1 where a truly positive body or patient is flagged."""
    loss, label = labelled(samples, whom, threshold).T
    flagged: Floats = (loss[label > 0] >= threshold).astype(float)
    return flagged


def _calm(samples: Samples, whom: str, threshold: float) -> Floats:
    """Sample of the specificity: 1 where a truly negative body or patient, in whom something was found, is not flagged."""
    found, true = samples[f"{whom}_found"], samples[f"{whom}_true"]
    quiet: Floats = (found[np.isfinite(found) & (true < threshold)] < threshold).astype(float)
    return quiet


def _fractured_hit(samples: Samples, threshold: float) -> Floats:
    return samples["hit_true"][samples["loss_true"] >= threshold]


def _of(name: str) -> Callable[[Samples], Floats]:
    return lambda samples: samples[name]


def _absolute(name: str) -> Callable[[Samples], Floats]:
    return lambda samples: np.abs(samples[name])


def _loss_error(samples: Samples) -> Floats:
    error = np.abs(samples["loss_true"] - samples["loss_found"])
    return error[np.isfinite(error)]


def _within(samples: Samples, nominal: float) -> Floats:
    inside: Floats = (samples["height_error_sd"] <= NormalDist().inv_cdf((1 + nominal) / 2)).astype(float)
    return inside


def _fracture(whom: str, who: str, prefix: str, threshold: float) -> tuple[Quantity, ...]:
    percent = f"{100 * threshold:.0f}"
    auc_key = f"patient_auc_{percent}" if prefix else f"auc_vertebra_{percent}"
    say = f"{who}, loss >= {percent} %"
    return (
        Quantity(auc_key, f"ROC AUC, {say}", "", partial(labelled, whom=whom, threshold=threshold), auc),
        Quantity(
            f"{prefix}sensitivity_{percent}",
            f"sensitivity, {say}",
            "share",
            partial(_alarmed, whom=whom, threshold=threshold),
            mean,
        ),
        Quantity(
            f"{prefix}specificity_{percent}", f"specificity, {say}", "share", partial(_calm, whom=whom, threshold=threshold), mean
        ),
    )


QUANTITIES: tuple[Quantity, ...] = (
    Quantity("precision", "detection precision", "share", _of("hit_found"), share),
    Quantity("recall", "detection recall", "share", _of("hit_true"), share),
    *[
        Quantity(
            f"recall_{100 * t:.0f}",
            f"recall of bodies with loss >= {100 * t:.0f} %",
            "share",
            partial(_fractured_hit, threshold=t),
            mean,
        )
        for t in THRESHOLDS
    ],
    Quantity("localisation_mm", "column in the axial plane, mean", "mm", _of("localisation_mm"), mean),
    Quantity("localisation_missing", "slices without a column", "share", _of("localisation_missing"), mean),
    Quantity("keypoint_mm_mean", "keypoint error, mean", "mm", _of("keypoint_mm"), mean),
    Quantity("keypoint_mm_median", "keypoint error, median", "mm", _of("keypoint_mm"), partial(quantile, q=0.5)),
    Quantity("keypoint_mm_p95", "keypoint error, 95th percentile", "mm", _of("keypoint_mm"), partial(quantile, q=0.95)),
    Quantity("keypoint_sagittal_mm", "keypoint error in the sagittal plane, mean", "mm", _of("sagittal_mm"), mean),
    Quantity("keypoint_lateral_mm", "keypoint error from left to right, mean", "mm", _of("lateral_mm"), mean),
    Quantity("height_mm", "height error, mean |dH|", "mm", _absolute("height_difference_mm"), mean),
    Quantity("height_bias_mm", "height bias, found - true", "mm", _of("height_difference_mm"), mean),
    Quantity("dG", "index error, mean |dG|", "", _of("index_error"), mean),
    Quantity("level_vertebrae", "level names right, vertebrae", "share", _of("level_right"), mean),
    Quantity("level_scans", "level names all right, scans", "share", _of("scan_right"), mean),
    Quantity("loss_mae", "loss error, mean", "", _loss_error, mean),
    *[q for t in THRESHOLDS for q in _fracture("loss", "vertebra", "", t)],
    *[q for t in THRESHOLDS for q in _fracture("patient", "patient", "patient_", t)],
    *[
        Quantity(
            f"height_coverage_{100 * p:.0f}",
            f"heights in their {100 * p:.0f} % interval",
            "share",
            partial(_within, nominal=p),
            mean,
        )
        for p in NOMINAL
    ],
    Quantity("loss_coverage_95", "losses in their 95 % interval", "share", _of("loss_inside"), mean),
)


def counts(samples: Samples) -> dict[str, int]:
    """How many scans, annotated bodies, and bodies and patients at or above each threshold."""
    both = (("positives", "loss_true"), ("patient_positives", "patient_true"))
    above = {f"{word}_{100 * t:.0f}": int((samples[name] >= t).sum()) for t in THRESHOLDS for word, name in both}
    return {"cases": len(samples["patient_true"]), "vertebrae": len(samples["loss_true"]), **above}
