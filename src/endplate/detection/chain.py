"""Vertebrae form a chain: what stands alone, far from it, is no vertebra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from endplate.anatomy import Vertebra
from endplate.detection.codec import Body

FAR = 2.3
"""In units of the chain's usual spacing: one missed body makes a gap of two."""
STRAY = 2
"""Groups of at most so many bodies, far from a larger one, are dropped."""

ALIGNED_MM = 0.7
"""About how far off a body's middle is told, from left to right."""
STEEPEST = 1.0
"""Sideways per downward step: a spine that leans by more than 45 degrees between two bodies is a hip, not a scoliosis."""


def main_chain(bodies: Sequence[Body]) -> list[Body]:
    """The bodies (head to feet) without strays."""
    if len(bodies) < 2 * STRAY:
        return list(bodies)
    rows = np.array([body.centre_px[0] for body in bodies])
    gaps = np.diff(rows)
    cuts = np.flatnonzero(gaps > FAR * _usual(gaps)) + 1
    groups = np.split(np.arange(len(bodies)), cuts)
    largest = max(len(group) for group in groups)
    return [bodies[i] for group in groups if len(group) > STRAY or len(group) == largest for i in group]


def _usual(gaps: np.ndarray[tuple[int], np.dtype[np.floating]]) -> np.ndarray[tuple[int], np.dtype[np.floating]]:
    """The larger of a gap's two neighbours, but no less than the median: spacing grows from neck to loin."""
    padded = np.concatenate([[gaps[0] if len(gaps) < 2 else gaps[1]], gaps, [gaps[-1] if len(gaps) < 2 else gaps[-2]]])
    return np.maximum(np.minimum(np.maximum(padded[:-2], padded[2:]), 2 * np.median(gaps)), np.median(gaps))


def upright(vertebrae: Sequence[Vertebra]) -> list[Vertebra]:
    """The longest stretch of the vertebrae (head to feet) in which no step runs more sideways than down."""
    centres = np.array([v.centre_mm for v in vertebrae]).reshape(-1, 3)
    sideways, down = np.abs(np.diff(centres[:, 0])), -np.diff(centres[:, 2])
    cuts = np.flatnonzero(sideways > STEEPEST * np.maximum(down, 0.0)) + 1
    groups = np.split(np.arange(len(vertebrae)), cuts)
    return [vertebrae[i] for i in max(groups, key=len)]


def aligned(vertebrae: Sequence[Vertebra]) -> list[Vertebra]:
    """The vertebrae (head to feet), each but the outermost moved sideways: half its own place, half its neighbours'.

    Where the middle of a body lies is told less surely than how high it stands, and bodies of one spine lie along a smooth line. A
    scoliosis is left alone: only what departs from a cubic through the chain is evened out. No body moves by more than
    ``ALIGNED_MM``: a neighbour may be far off.
    """
    count = len(vertebrae)
    if count < 3:
        return list(vertebrae)
    x, place = np.array([v.centre_mm[0] for v in vertebrae]), np.linspace(-1.0, 1.0, count)
    course = np.polynomial.polynomial.polyval(place, np.polynomial.polynomial.polyfit(place, x, min(3, (count - 1) // 2)))
    away = x - course
    shift = np.zeros(count)
    shift[1:-1] = np.clip(np.convolve(away, (0.25, 0.5, 0.25), "valid") - away[1:-1], -ALIGNED_MM, ALIGNED_MM)
    return [replace(v, points_mm=v.points_mm + np.array([s, 0.0, 0.0])) for v, s in zip(vertebrae, shift, strict=True)]
