"""What is expected of a body's shape at each level, estimated from annotated scans.

Each feature has a smooth course over the levels, around which patients and their bodies scatter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.anatomy.vertebra import exact
from endplate.labelling.codec import LEVELS
from endplate.labelling.geometry_evidence import FEATURES, LevelShapes, features
from endplate.training.truth import Truth, read_truth

Floats = NDArray[np.floating]
WIDTH = 0.6
"""Levels: standard deviation of the Gaussian window of the course; wider, the step from C7 to T1 is lost."""
RIDGE = 0.3
SPREAD_WIDTH, SPREAD_PRIOR = 2.0, 6.0
"""The spread at a level is the mean of those within so many levels, beside so many bodies of the mean spread of all."""
LEAST_BETWEEN = 0.05
ROUNDS = 15
MEAN_TO_SD = 1.25
"""Standard deviation over mean deviation, of a Gaussian."""
SAME_PATIENT = {"acrin-flt-001": "acrin-flt-001b"}
"""The annotated scan of the same patient, where a scan is not annotated itself."""
Measured = tuple[Floats, NDArray[np.intp]]
"""Features (n, 4) of a patient's precise bodies, and their level coordinates (n,)."""


def measured(data: Path) -> dict[str, Measured]:
    """Features of all precise bodies by scan, of those with certain names in ``data``, a folder of six-point truths."""
    truths = [read_truth(file.parent) for file in sorted(data.glob("*/truth.json"))]
    return {t.name: _measured(t) for t in truths if t.levels_certain}


def _measured(truth: Truth) -> Measured:
    points = truth.points_mm if truth.points_mm is not None else np.zeros((0, 3, 2, 3))
    seen = features([exact(p, levels.nearest(x)) for p, x in zip(points, truth.level, strict=True)])
    return np.where(truth.precise[:, None], seen, np.nan), np.round(truth.level).astype(int)


def estimate(scans: Mapping[str, Measured]) -> LevelShapes:
    """The course and the spreads; levels beyond the annotated ones (C1 and C2, S1) take the nearest level's numbers."""
    columns = [_one([seen[:, k] for seen, _ in scans.values()], [at for _, at in scans.values()]) for k in range(len(FEATURES))]
    return LevelShapes(*(np.stack([column[i] for column in columns], -1) for i in range(3)))


def estimate_without(scans: Mapping[str, Measured], case: str) -> LevelShapes:
    """What a held-out scan is judged by: estimated from the other patients."""
    patient = SAME_PATIENT.get(case, case)
    return estimate({name: of for name, of in scans.items() if name != patient})


def _one(values: Sequence[Floats], at: Sequence[NDArray[np.intp]]) -> tuple[Floats, Floats, Floats]:
    """Course (25,), spread (25,) and spread between patients of one feature, by fitting course and patients in turn."""
    patient = np.concatenate([np.full(len(v), i) for i, v in enumerate(values)])
    value, level = np.concatenate(values), np.concatenate(at)
    known = np.isfinite(value)
    patient, value, level = patient[known], value[known], level[known]
    own, between = np.zeros(len(values)), 1.0
    for _ in range(ROUNDS):
        rest = value - smoothed(level, value - own[patient])[level - 1]
        scale = max(1.4826 * float(np.median(np.abs(rest - own[patient]))), 0.005)
        weight = 1.0 / (1.0 + ((rest - own[patient]) / (3.0 * scale)) ** 2)
        held = np.bincount(patient, weight, len(values))
        own = np.bincount(patient, weight * rest, len(values)) / (held + (scale / between) ** 2)
        between = max(float(np.sqrt(np.mean(own[held > 0.0] ** 2))), 0.01)
    course = smoothed(level, value - own[patient])
    away = np.abs(value - own[patient] - course[level - 1])
    return _within(course, level), _within(_spread(level, away), level), np.array(max(between, LEAST_BETWEEN))


def smoothed(level: NDArray[np.intp], value: Floats) -> Floats:
    """Values (25,) of a local line through values at levels; the window widens where there are few."""
    out = np.zeros(LEVELS)
    for i in range(LEVELS):
        x = level - (i + 1.0)
        width = max(WIDTH, 0.7 * float(np.sort(np.abs(x))[:3].mean()))
        weight = np.exp(-0.5 * (x / width) ** 2) + 1e-12
        design = np.stack([np.ones(len(x)), x], 1)
        normal = (design * weight[:, None]).T @ design + np.diag([1e-9, RIDGE])
        out[i] = np.linalg.solve(normal, (design * weight[:, None]).T @ value)[0]
    return out


def _spread(level: NDArray[np.intp], away: Floats) -> Floats:
    near = np.exp(-0.5 * ((level[None] - np.arange(1, LEVELS + 1)[:, None]) / SPREAD_WIDTH) ** 2)
    spread: Floats = MEAN_TO_SD * (near @ away + SPREAD_PRIOR * away.mean()) / (near.sum(1) + SPREAD_PRIOR)
    return spread


def _within(course: Floats, level: NDArray[np.intp]) -> Floats:
    """The course with its ends held constant beyond the levels that were seen."""
    return course[np.clip(np.arange(1, LEVELS + 1), level.min(), level.max()) - 1]
