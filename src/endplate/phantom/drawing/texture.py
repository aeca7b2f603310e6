"""A periodic tile of trabecular pattern, cut at random places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from endplate.phantom.drawing.canvas import Box

_SIDE = 64


def tile(rng: np.random.Generator, step_mm: NDArray[np.floating]) -> NDArray[np.float32]:
    """Pattern (64, 64, 64) of unit variance: vertical trabeculae, fine grain and soft clouds; step (3,) is x, y, z."""
    pattern = np.zeros((_SIDE,) * 3, np.float32)
    voxel = step_mm[::-1]
    for weight, scale_mm in ((0.7, (2.0, 0.5, 0.5)), (0.6, (0.6, 0.6, 0.6)), (0.35, (3.5, 3.5, 3.5))):
        white = rng.standard_normal(pattern.shape, dtype=np.float32)
        smooth = ndimage.gaussian_filter(white, np.array(scale_mm) / voxel / 1.2, mode="wrap", truncate=2.5)
        # what a voxel sees of a fine pattern is its mean: coarse voxels look smoother
        pattern += np.float32(weight * min(1.0, 1.2 * float(np.prod(np.array(scale_mm) / voxel)) ** 0.33)) * smooth / smooth.std()
    return pattern


def cut(pattern: NDArray[np.float32], box: Box, shift: NDArray[np.integer]) -> NDArray[np.float32]:
    """The pattern over an index box, repeated periodically, from a random shift (3,)."""
    index = [(np.arange(s.start, s.stop) + o) % n for s, o, n in zip(box, shift, pattern.shape, strict=True)]
    return pattern[np.ix_(*index)]
