"""Linear sampling of an image at points, touching only the neighbourhood that is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

AIR_HU = -1024.0


def sample(image: NDArray[np.generic], voxels: NDArray[np.floating], outside: float = AIR_HU) -> NDArray[np.float32]:
    """Values (...) of an image (n0, n1, n2) at voxel coordinates (..., 3), linear between voxel centres.

    Points beyond the centres of the outermost voxels get ``outside``.
    """
    flat = voxels.reshape(-1, 3)
    inside = ((flat >= 0.0) & (flat <= np.array(image.shape) - 1.0)).all(1)
    values = np.full(len(flat), outside, np.float32)
    if inside.any():
        wanted = flat[inside]
        low = np.floor(wanted.min(0)).astype(int)
        high = np.ceil(wanted.max(0)).astype(int) + 1
        box = image[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        values[inside] = ndimage.map_coordinates(box, (wanted - low).T, np.float32, order=1, mode="nearest", prefilter=False)
    return values.reshape(voxels.shape[:-1])


def nearest(image: NDArray[np.generic], voxels: NDArray[np.floating]) -> NDArray[np.float32]:
    """Values (...) of the voxels of an image (n0, n1, n2) nearest to voxel coordinates (..., 3); NaN beyond its voxels.

    Unlike interpolation it leaves noise and texture as they are.
    """
    index = np.floor(voxels + 0.5).astype(int)
    inside = ((index >= 0) & (index < np.array(image.shape))).all(-1)
    values = np.full(index.shape[:-1], np.nan, np.float32)
    values[inside] = image[tuple(index[inside].T)]
    return values
