"""Whether the intervals hold what they promise."""

from __future__ import annotations

import numpy as np

from endplate.evaluation.bootstrap import Estimate
from endplate.evaluation.evaluation import Evaluation
from endplate.evaluation.pictures.chart import BLUE, FAINT, RED, Axis, Chart, axis, legend
from endplate.evaluation.quantities import NOMINAL

APART = 0.004
"""Sideways shift of the two series, so that their error bars do not hide each other."""


def calibration_svg(evaluation: Evaluation) -> str | None:
    """Observed over nominal coverage of the heights' and the losses' intervals; None where the reports give none."""
    found = evaluation.groups["all"].estimates
    heights = [(p, found[f"height_coverage_{100 * p:.0f}"]) for p in NOMINAL]
    losses = [(NOMINAL[-1], found["loss_coverage_95"])]
    shown = [(p, e) for p, e in (*heights, *losses) if e.n]
    if not shown:
        return None
    low = min(0.45, *(np.nanmin([e.value, e.low]) for _, e in shown)) - 0.02
    ticks = tuple((p, f"{100 * p:.0f} %") for p in NOMINAL)
    across, up = Axis((0.45, 1.0), "promised by the interval", ticks), axis((100 * low, 101.0), "true values inside, %")
    chart = Chart(across, up)
    drawn = [chart.line([(0.45, 45.0), (1.0, 100.0)], FAINT, 1.0, "5 5")]
    drawn += [part for p, e in heights if e.n for part in _mark(chart, p - APART, e, BLUE)]
    drawn += [part for p, e in losses if e.n for part in _mark(chart, p + APART, e, RED)]
    if heights[0][1].n:
        drawn.append(chart.line([(p - APART, 100 * e.value) for p, e in heights], BLUE, 1.5))
    key = [(BLUE, f"heights, from points_sd_mm: {heights[0][1].n}"), (RED, f"loss_interval_95: {losses[0][1].n}")]
    drawn += legend(key, chart.at((0.76, 100 * low + 0.2 * (101 - 100 * low))))
    return chart.page("Calibration of the intervals", _said(evaluation), drawn)


def _said(evaluation: Evaluation) -> str:
    known = evaluation.calibration
    factor = f"; scale_factor x {known.factor:.2f} would make the heights' 95 % intervals right" if known else ""
    return f"bars: 95 % intervals over patients{factor}"


def _mark(chart: Chart, x: float, e: Estimate, colour: str) -> list[str]:
    bar = [chart.line([(x, 100 * e.low), (x, 100 * e.high)], colour, 2.0)] if np.isfinite(e.low) else []
    return [*bar, chart.dot((x, 100 * e.value), colour, 5.0)]
