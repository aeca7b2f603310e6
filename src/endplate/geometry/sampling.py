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
    # one row per axis: numpy reduces along rows of millions many times faster than along three columns
    along = np.ascontiguousarray(voxels.reshape(-1, 3).T)
    last = np.array(image.shape) - 1.0
    inside = np.ones(along.shape[1], bool)
    for at, end in zip(along, last, strict=True):
        inside &= (at >= 0.0) & (at <= end)
    values = np.full(along.shape[1], outside, np.float32)
    if inside.any():
        wanted = along if inside.all() else along[:, inside]
        low = np.floor(wanted.min(1)).astype(int)
        high = np.ceil(wanted.max(1)).astype(int) + 1
        box = image[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        places = wanted - low[:, None]
        values[inside] = ndimage.map_coordinates(box, places, np.float32, order=1, mode="nearest", prefilter=False)
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
