"""Affine maps between named spaces: ``destination_from_source @ source``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def apply(destination_from_source: Floats, points: Floats) -> Floats:
    """Points (..., n) of the source space, mapped to the destination space (..., n).

    Args:
        destination_from_source: affine matrix (n + 1, n + 1).
        points: coordinates (..., n).
    """
    matrix = np.asarray(destination_from_source, float)
    return np.asarray(points, float) @ matrix[:-1, :-1].T + matrix[:-1, -1]


def affine(axes: Floats, origin: Floats) -> Floats:
    """Affine (4, 4) whose columns are the steps of the three source axes (3, 3), with origin (3,)."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = origin
    return matrix


def spacing(patient_from_voxel: Floats) -> Floats:
    """Length in mm of one step along each voxel axis (3,)."""
    return np.linalg.norm(np.asarray(patient_from_voxel, float)[:3, :3], axis=0)
