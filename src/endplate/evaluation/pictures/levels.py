"""Keypoint error per level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.evaluation.evaluation import Evaluation
from endplate.evaluation.pictures.chart import BLUE, FAINT, INK, RED, Axis, Chart, axis, text

Floats = NDArray[np.floating]
PERCENTILES = (5, 25, 50, 75, 95)


def keypoints_svg(evaluation: Evaluation) -> str | None:
    """A box per level: median, quartiles, 5th and 95th percentile, mean; None where nothing matched."""
    errors = _by_level(evaluation)
    if not errors:
        return None
    names = sorted(errors, key=levels.order)
    top = max(float(np.percentile(e, 95)) for e in errors.values()) * 1.12 + 0.05
    ticks = tuple((float(i), name) for i, name in enumerate(names))
    chart = Chart(
        Axis((-0.7, len(names) - 0.3), "level, with the number of vertebrae", ticks), axis((0.0, top), "keypoint error, mm")
    )
    drawn = [part for i, name in enumerate(names) for part in _column(chart, i, errors[name])]
    whole = evaluation.groups["all"].estimates["keypoint_mm_mean"]
    interval = f" (95 % interval {whole.low:.2f} to {whole.high:.2f} over patients)" if np.isfinite(whole.low) else ""
    said = f"mean {whole.value:.2f} mm{interval}, {whole.n} points; box: quartiles, whiskers: 5 to 95 %, dot: mean"
    return chart.page("Keypoint error per level", said, drawn)


def _by_level(evaluation: Evaluation) -> dict[str, Floats]:
    found: dict[str, list[Floats]] = {}
    for score in evaluation.scores:
        for name, errors in zip(score.precise.level, score.precise.keypoint_mm, strict=True):
            found.setdefault(name, []).append(errors)
    return {name: np.array(errors).ravel() for name, errors in found.items()}


def _column(chart: Chart, i: int, errors: Floats) -> list[str]:
    p5, p25, p50, p75, p95 = (float(v) for v in np.percentile(errors, PERCENTILES))
    x, y = chart.at((i, 0.0))
    return [
        chart.line([(i, p5), (i, p95)], BLUE),
        chart.box((i - 0.3, i + 0.3), (p25, p75), BLUE),
        chart.line([(i - 0.3, p50), (i + 0.3, p50)], INK, 2.5),
        chart.dot((i, float(errors.mean())), RED),
        text((x, y + 40), str(len(errors) // 6), 12, FAINT, "middle"),
    ]
