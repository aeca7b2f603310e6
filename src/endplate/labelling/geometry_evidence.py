"""Level evidence from the bodies' shapes alone: how tall, how deep, how far apart and how tilted they are from level to level.

A patient is larger or smaller as a whole, and bends as a whole: each feature has an offset of its own per patient, which is fitted
for every way in which the chain can be named. What remains, the course from level to level, tells the levels apart.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra, levels
from endplate.labelling.codec import LEVELS
from endplate.labelling.name import counted

Floats = NDArray[np.floating]
FEATURES = ("height", "depth", "spacing", "tilt")
"""log posterior height, log depth (anterior to posterior, mean of both endplates), log distance to the next body's centre (mm), and
tilt in rad: by how much the posterior wall stands higher than the anterior one."""
WEIGHT = 2.5
"""Of this evidence beside the level reader's, by names right on held-out scans (docs/decisions/0017)."""
BODY_FREEDOM, PATIENT_FREEDOM = 4.0, 8.0
"""Degrees of freedom of Student's t for a body and for a patient: a crushed body and a small patient shall not decide."""
NEIGHBOURS = (0.7, 1.8)
"""Distance of neighbours, in heights of the taller; further apart, a body between them was missed."""
ROUNDS = 10
TABLE = "level-geometry-1"
PATIENTS = "patients"
"""Row of the table that holds the spread between patients."""


@dataclass(frozen=True)
class LevelShapes:
    """What is expected of a body at each level, by `FEATURES`.

    Attributes:
        expected: (25, 4) at C1 to S1.
        spread: (25, 4) standard deviation of a body around its patient's course.
        between: (4,) standard deviation of the patients' courses around the expected one.
    """

    expected: Floats
    spread: Floats
    between: Floats


@cache
def shipped() -> LevelShapes:
    """The table that comes with the software; ``scripts/level_geometry_table.py`` makes it."""
    text = (resources.files("endplate.labelling") / "tables" / f"{TABLE}.csv").read_text()
    rows = {row["level"]: row for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))}
    expected = [[float(rows[name][f]) for f in FEATURES] for name in levels.USUAL]
    spread = [[float(rows[name][f"{f}_sd"]) for f in FEATURES] for name in levels.USUAL]
    return LevelShapes(np.array(expected), np.array(spread), np.array([float(rows[PATIENTS][f"{f}_sd"]) for f in FEATURES]))


def with_geometry(log_probability: Floats, vertebrae: Sequence[Vertebra], shapes: LevelShapes) -> Floats:
    """Log-probabilities (n, 25) of the levels C1 to S1 at each body, joined with what the bodies' shapes say."""
    joined: Floats = log_probability + WEIGHT * geometry_evidence(vertebrae, shapes)
    return joined


def geometry_evidence(vertebrae: Sequence[Vertebra], shapes: LevelShapes) -> Floats:
    """Log-probabilities (n, 25) of the levels C1 to S1 at each body.

    A body's entry at a level supposes that the whole chain is counted from there; the sum along a chain is then the likelihood of
    the chain, profiled over the patient's own offsets.

    Args:
        vertebrae: head to feet, at least one; cut ones say nothing.
        shapes: what is expected.
    """
    seen, place = features(vertebrae), counted(vertebrae)
    level = np.arange(1 - place[-1], LEVELS + 1)[:, None] + place
    inside = (level >= 1) & (level <= LEVELS)
    row = np.clip(level, 1, LEVELS) - 1
    known = inside[..., None] & np.isfinite(seen)
    off = np.where(known, seen - shapes.expected[row], 0.0)
    total = _likelihood(off, shapes.spread[row], known, shapes.between)
    out = np.zeros((len(vertebrae), LEVELS))
    body = np.broadcast_to(np.arange(len(vertebrae)), level.shape)
    out[body[inside], level[inside] - 1] = total[inside]
    evidence: Floats = out - np.logaddexp.reduce(out, axis=1, keepdims=True)
    return evidence


def features(vertebrae: Sequence[Vertebra]) -> Floats:
    """`FEATURES` (n, 4) of bodies head to feet; NaN where a body is cut or its lower neighbour is missing."""
    points = np.array([v.points_mm for v in vertebrae])
    whole = np.array([v.complete for v in vertebrae])
    height = np.linalg.norm(points[:, :, 0] - points[:, :, 1], axis=-1)
    depth = np.linalg.norm(points[:, 2] - points[:, 0], axis=-1).mean(-1)
    back = points[:, 2].mean(1) - points[:, 0].mean(1)
    tilt = np.arctan2(back[:, 2], np.hypot(back[:, 0], back[:, 1]))
    out = np.stack([np.log(height[:, 2]), np.log(depth), _spacing(points, height), tilt], -1)
    out[~whole] = np.nan
    out[:-1, 2][~whole[1:]] = np.nan
    return out


def _spacing(points: Floats, height: Floats) -> Floats:
    """Log distance (n,) to the next body's centre; NaN where that is no neighbour, and at the last body."""
    centre = points.mean((1, 2))
    out = np.full(len(points), np.nan)
    for i, (upper, lower) in enumerate(pairwise(centre)):
        apart, tall = float(np.linalg.norm(lower - upper)), float(height[i : i + 2].max())
        if NEIGHBOURS[0] * tall < apart < NEIGHBOURS[1] * tall:
            out[i] = np.log(apart)
    return out


def _likelihood(off: Floats, spread: Floats, known: NDArray[np.bool_], between: Floats) -> Floats:
    """Log-likelihood (chains, n) of what is off by (chains, n, features), the patient's own offsets fitted per chain."""
    own = _patient(off, spread, known, between)
    body = -0.5 * (BODY_FREEDOM + 1) * np.log1p(((off - own[:, None]) / spread) ** 2 / BODY_FREEDOM) - np.log(spread)
    patient = -0.5 * (PATIENT_FREEDOM + 1) * np.log1p((own / between) ** 2 / PATIENT_FREEDOM)
    share = patient / np.maximum(known.sum(1), 1)
    total: Floats = np.where(known, body + share[:, None], 0.0).sum(-1)
    return total


def _patient(off: Floats, spread: Floats, known: NDArray[np.bool_], between: Floats) -> Floats:
    """The likeliest offsets (chains, features) of the patient, by iterated weights."""
    own = _median(off, known)
    for _ in range(ROUNDS):
        away = (off - own[:, None]) / spread
        weight = np.where(known, (BODY_FREEDOM + 1) / (BODY_FREEDOM + away**2) / spread**2, 0.0)
        prior = (PATIENT_FREEDOM + 1) / (PATIENT_FREEDOM + (own / between) ** 2) / between**2
        own = (weight * off).sum(1) / (weight.sum(1) + prior)
    return own


def _median(off: Floats, known: NDArray[np.bool_]) -> Floats:
    """Median (chains, features) over the known bodies; 0 where none is known."""
    count = known.sum(1)
    ranked = np.sort(np.where(known, off, np.inf), axis=1)
    low, high = (np.take_along_axis(ranked, np.maximum(k, 0)[:, None], axis=1)[:, 0] for k in ((count - 1) // 2, count // 2))
    both: Floats = np.where(count > 0, low, 0.0) / 2.0 + np.where(count > 0, high, 0.0) / 2.0
    return both
