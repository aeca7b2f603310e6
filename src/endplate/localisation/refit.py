"""The column's course again, through the bodies that were found along it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra
from endplate.geometry.curves import Curve, through
from endplate.localisation.localise import Centreline

Floats = NDArray[np.floating]
FAR_MM = 20.0
"""Between bodies nearer than this to a centre, the curve follows the centres alone."""

BEYOND_MM = 60.0
"""The curve goes on so far beyond the outermost bodies: room for one that was missed, not for the pelvis and the thighs."""

HELD_MM, HELD_SLOPE = np.array([2.0, 4.0]), np.array([0.12, 0.35])
"""How far, to the left and to the back, the course beyond the bodies may leave their line: at its start, and per mm."""


def refit(found: Centreline, vertebrae: Sequence[Vertebra]) -> Curve:
    """The curve through the bodies' centres; where there are none, the centreline moved by its neighbours' offset.

    Args:
        found: by the localiser.
        vertebrae: found along it, head to feet.
    """
    if not vertebrae:
        return found.curve
    centres = np.array([v.centre_mm for v in vertebrae])
    centres = centres[np.argsort(centres[:, 2])]
    course = found.points_mm[np.argsort(found.points_mm[:, 2])]
    offset = centres[:, :2] - np.stack([np.interp(centres[:, 2], course[:, 2], course[:, axis]) for axis in (0, 1)], -1)
    moved = course.copy()
    moved[:, :2] += np.stack([np.interp(course[:, 2], centres[:, 2], offset[:, axis]) for axis in (0, 1)], -1)
    away = np.abs(moved[:, None, 2] - centres[None, :, 2]).min(1)
    inside = (moved[:, 2] > centres[0, 2] - BEYOND_MM) & (moved[:, 2] < centres[-1, 2] + BEYOND_MM)
    far = (away > FAR_MM) & inside
    points = np.concatenate([centres, _held_near(moved[far], centres)])
    if len(points) < 2:
        return found.curve
    return through(points[np.argsort(-points[:, 2])])


def _held_near(beyond: Floats, centres: Floats) -> Floats:
    """The localiser's points (m, 3), kept near the line on which the outermost three bodies (n, 3; feet to head) go on.

    Below the last body the localiser may take a hip for the column; a bent end would turn the last body's mid-plane.
    """
    if len(centres) < 3:
        return beyond
    held = beyond.copy()
    for end, outward in ((centres[:3][::-1], beyond[:, 2] < centres[0, 2]), (centres[-3:], beyond[:, 2] > centres[-1, 2])):
        slope = (end[-1, :2] - end[0, :2]) / (end[-1, 2] - end[0, 2])
        rise = beyond[outward, 2] - end[-1, 2]
        line = end[-1, :2] + rise[:, None] * slope
        reach = HELD_MM + np.abs(rise)[:, None] * HELD_SLOPE
        held[outward, :2] = np.clip(beyond[outward, :2], line - reach, line + reach)
    return held
