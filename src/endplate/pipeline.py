"""CT in, report out: the whole method in one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra
from endplate.detection.detect import detect
from endplate.geometry.curves import Curve, through
# from endplate.labelling.name import name_levels
from endplate.localisation.localise import Centreline, NoSpine, localise
from endplate.models import Models
from endplate.straightening import StraightSpine, straighten
from endplate.volume import Volume

Floats = NDArray[np.floating]
PASSES = 2
"""The second pass straightens along the bodies that the first has found, which also centres them sideways."""


def refit(centreline: Centreline, vertebrae: Sequence[Vertebra]) -> Curve:
    """The curve through the bodies' centres; where there are none, the centreline moved by its neighbours' offset.

    Args:
        centreline: what the localiser found.
        vertebrae: what the detector found along it, head to feet.
    """
    if not vertebrae:
        return centreline.curve
    centres = np.array([v.centre_mm for v in vertebrae])
    centres = centres[np.argsort(-centres[:, 2])]
    course = centreline.points_mm[np.argsort(centreline.points_mm[:, 2])]
    z = centres[::-1, 2]
    offset = centres[::-1, :2] - np.stack([np.interp(z, course[:, 2], course[:, axis]) for axis in (0, 1)], -1)
    moved = course.copy()
    moved[:, :2] += np.stack([np.interp(course[:, 2], z, offset[:, axis]) for axis in (0, 1)], -1)
    far = np.abs(moved[:, None, 2] - centres[None, :, 2]).min(1) > 20.0
    points = np.concatenate([centres, moved[far]])
    return through(points[np.argsort(-points[:, 2])])
