"""Heights found against true heights."""

from __future__ import annotations

import numpy as np

from endplate.anatomy.vertebra import COLUMNS
from endplate.evaluation.evaluation import Evaluation
from endplate.evaluation.pictures.chart import BLUE, GREEN, INK, ORANGE, RIGHT, TOP, WIDTH, Chart, axis, legend

COLOURS = (BLUE, ORANGE, GREEN)


def heights_svg(evaluation: Evaluation) -> str | None:
    """Difference over mean, with the limits of agreement (Bland & Altman 1986); None with fewer than two heights."""
    found = np.concatenate([s.precise.found_mm for s in evaluation.scores])
    true = np.concatenate([s.precise.true_mm for s in evaluation.scores])
    if found.size < 2:
        return None
    mean, apart = (found + true) / 2, found - true
    bias, spread = float(apart.mean()), 1.96 * float(apart.std(ddof=1))
    reach = max(float(np.abs(apart).max()), abs(bias) + spread, 0.1) * 1.1
    x0, x1 = float(np.floor(mean.min() - 0.5)), float(np.ceil(mean.max() + 0.5))
    chart = Chart(axis((x0, x1), "mean of found and true height, mm"), axis((-reach, reach), "found - true, mm"))
    drawn = [
        chart.dot((float(x), float(y)), colour, 3.5, 0.55)
        for colour, xs, ys in zip(COLOURS, mean.T, apart.T, strict=True)
        for x, y in zip(xs, ys, strict=True)
    ]
    for value, dash in ((bias, ""), (bias - spread, "7 5"), (bias + spread, "7 5")):
        drawn += [chart.line([(x0, value), (x1, value)], INK, 1.5, dash), chart.words((x1, value), f"{value:+.2f}", INK, "end", 5)]
    key = list(zip(COLOURS, COLUMNS, strict=True))
    said = f"bias {bias:+.2f} mm, limits of agreement {bias - spread:+.2f} to {bias + spread:+.2f} mm, {found.size} heights"
    return chart.page("Heights: Bland-Altman", said, [*drawn, *legend(key, (WIDTH - RIGHT - 110, TOP - 54))])
