"""The coarse, axis-aligned view of a volume that the localiser reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from endplate.geometry import frames
from endplate.geometry.sampling import AIR_HU, sample
from endplate.volume.hounsfield import HounsfieldArray
from endplate.volume.volume import Volume

_SAMPLES_PER_BLOCK = 2
"""Voxels read per axis and block: a mean of eight is quiet enough, and reading all of them costs eight times more."""

_ALIGNED_VOX = 1e-6
"""Two grids whose axes stray from one another by less over their whole length count as aligned."""


def coarse(volume: Volume, spacing_mm: float = 4.0) -> Volume:
    """The volume on an isotropic grid along the patient axes: slices head to feet, rows to posterior, columns to the left.

    Block means (of a strided subset of voxels) in voxel space, then linear interpolation; outside the volume is air.
    """
    blocks = block_means(volume, spacing_mm)
    corners = np.array([[k, j, i] for k in (0, 1) for j in (0, 1) for i in (0, 1)]) * (np.array(blocks.hu.shape) - 1)
    box = frames.apply(blocks.patient_from_voxel, corners)
    low, high = box.min(0), box.max(0)
    count = np.maximum(np.floor((high - low) / spacing_mm + 1e-6).astype(int), 0) + 1
    first = np.array([low[0], low[1], low[2] + (count[2] - 1) * spacing_mm])
    # columns of the affine: one slice down (-z), one row back (+y), one column left (+x)
    axes = spacing_mm * np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], float)
    patient_from_voxel = frames.affine(axes, first)
    return Volume(_resampled(blocks, patient_from_voxel, count[::-1]), patient_from_voxel, volume.source)


def block_means(volume: Volume, spacing_mm: float) -> Volume:
    """Means over whole-voxel blocks that are no longer than ``spacing_mm``, as float32; edges that fill no block are cut."""
    factor = np.maximum(np.floor(spacing_mm / volume.spacing_mm + 1e-6).astype(int), 1)
    factor = np.minimum(factor, volume.hu.shape)
    count = np.array(volume.hu.shape) // factor
    stride = np.maximum(factor // _SAMPLES_PER_BLOCK, 1)
    cut = volume.hu[tuple(slice(0, c * f) for c, f in zip(count, factor, strict=True))]
    read = [range(0, int(f), int(s)) for f, s in zip(factor, stride, strict=True)]
    centre = [float(np.mean(within)) for within in read]
    patient_from_voxel = volume.patient_from_voxel @ frames.affine(np.diag(factor.astype(float)), np.array(centre))
    return Volume(_means(cut, factor, read), patient_from_voxel, volume.source)


def _means(cut: HounsfieldArray, factor: NDArray[np.integer], read: list[range]) -> NDArray[np.float32]:
    """Means of the voxels read of each block; planes and rows are added, six times as fast as numpy's mean over six axes."""
    count = np.array(cut.shape) // factor
    out = np.zeros(tuple(count), np.float32)
    rows = np.empty((count[1], cut.shape[2]), np.float32)
    for k in range(count[0]):
        rows[:] = 0.0
        for a in read[0]:
            for b in read[1]:
                rows += cut[k * factor[0] + a, b :: factor[1]]
        for c in read[2]:
            out[k] += rows[:, c :: factor[2]]
    out /= np.float32(np.prod([len(within) for within in read]))
    return out


def _resampled(blocks: Volume, patient_from_voxel: NDArray[np.floating], shape: NDArray[np.integer]) -> NDArray[np.float32]:
    matrix = blocks.voxel_from_patient @ patient_from_voxel
    if np.abs(matrix[:3, :3] - np.diag(np.diag(matrix[:3, :3]))).max() * max(shape) < _ALIGNED_VOX:
        return _resampled_by_axis(blocks.hu, np.diag(matrix)[:3], matrix[:3, 3], shape)
    axes = [np.arange(n, dtype=np.float32) for n in shape]
    out = np.empty(tuple(shape), np.float32)
    plane = np.stack(np.meshgrid(axes[1], axes[2], indexing="ij"), -1) @ matrix[:3, 1:3].T + matrix[:3, 3]
    # half a block beyond the outermost centres still lies inside the original volume
    limit = np.array(blocks.hu.shape) - 1.0
    for k in range(shape[0]):
        voxels = plane + k * matrix[:3, 0]
        near = np.where((voxels > -0.51) & (voxels < limit + 0.51), np.clip(voxels, 0.0, limit), voxels)
        out[k] = sample(blocks.hu, near, AIR_HU)
    return out


def _resampled_by_axis(
    image: HounsfieldArray, scale: NDArray[np.floating], first: NDArray[np.floating], shape: NDArray[np.integer]
) -> NDArray[np.float32]:
    """The same where the axes of both grids agree: interpolated along one axis after the other, in float64."""
    out, air = image.astype(np.float64), []
    for axis, (step, start, count) in enumerate(zip(scale, first, shape, strict=True)):
        at, limit = step * np.arange(count) + start, image.shape[axis] - 1
        air.append((at <= -0.51) | (at >= limit + 0.51))
        near = np.clip(at, 0.0, limit)
        low = np.floor(near).astype(int)
        share = np.expand_dims(near - low, [n for n in range(3) if n != axis])
        out = np.take(out, low, axis) * (1.0 - share) + np.take(out, np.minimum(low + 1, limit), axis) * share
    out[air[0]], out[:, air[1]], out[:, :, air[2]] = AIR_HU, AIR_HU, AIR_HU
    return out.astype(np.float32)
