"""Sensitivity against false alarms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from endplate.evaluation.evaluation import Evaluation
from endplate.evaluation.pictures.chart import BLUE, FAINT, GREEN, ORANGE, RED, Chart, axis, legend
from endplate.evaluation.quantities import labelled, pool

Floats = NDArray[np.floating]
CURVES = (
    ("loss", 0.20, "auc_vertebra_20", "vertebra, loss >= 20 %", BLUE),
    ("loss", 0.25, "auc_vertebra_25", "vertebra, loss >= 25 %", ORANGE),
    ("patient", 0.20, "patient_auc_20", "patient, worst loss >= 20 %", GREEN),
    ("patient", 0.25, "patient_auc_25", "patient, worst loss >= 25 %", RED),
)


def roc_svg(evaluation: Evaluation) -> str | None:
    """ROC curves with their AUC; a dot marks the default flag. None where no curve has both classes."""
    samples, found = pool(evaluation.scores), evaluation.groups["all"].estimates
    chart = Chart(axis((-0.01, 1.01), "1 - specificity"), axis((-0.01, 1.01), "sensitivity"))
    drawn = [chart.line([(0, 0), (1, 1)], FAINT, 1.0, "5 5")]
    key: list[tuple[str, str]] = []
    for whom, threshold, auc_key, words, colour in CURVES:
        if not np.isfinite(found[auc_key].value):
            continue
        scored = labelled(samples, whom, threshold)
        dash = "9 5" if whom == "patient" else ""
        drawn += [chart.line(curve(scored), colour, 2.5, dash), chart.dot(_flag(scored, threshold), colour, 6.0)]
        positives, low, high = int(scored[:, 1].sum()), found[auc_key].low, found[auc_key].high
        interval = f" ({low:.3f} to {high:.3f})" if np.isfinite(low) else " (no interval)"
        key.append((colour, f"{words}: AUC {found[auc_key].value:.3f}{interval}, {positives} of {len(scored)} positive"))
    if not key:
        return None
    said = "truth by the same rule on the true points; of vertebrae found; 95 % intervals over patients; dots: the default flags"
    return chart.page("Fractures: ROC", said, [*drawn, *legend(key, chart.at((0.36, 0.24)))])


def curve(scored: Floats) -> list[tuple[float, float]]:
    """False and true positive rate at every cut, from (n, 2) score and label; tied scores make one step."""
    order = np.argsort(-scored[:, 0], kind="stable")
    score, label = scored[order].T
    last = np.r_[np.diff(score) != 0, True]
    true, false = np.cumsum(label)[last] / label.sum(), np.cumsum(1 - label)[last] / (1 - label).sum()
    return [(0.0, 0.0), *((float(f), float(t)) for f, t in zip(false, true, strict=True))]


def _flag(scored: Floats, threshold: float) -> tuple[float, float]:
    flagged, label = scored[:, 0] >= threshold, scored[:, 1] > 0
    return float(flagged[~label].mean()), float(flagged[label].mean())
