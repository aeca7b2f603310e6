from __future__ import annotations

import numpy as np
import pytest

from endplate.geometry import frames
from endplate.volume import Volume
from endplate.volume.resampling import block_means, coarse


def ramp_volume(axes: np.ndarray, shape: tuple[int, int, int]) -> Volume:
    """HU = 2x + 3y - z + 2000, so that any shift or swap shows."""
    matrix = frames.affine(axes, np.array([30.0, -20.0, 500.0]))
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)
    x, y, z = np.moveaxis(frames.apply(matrix, index), -1, 0)
    return Volume(np.round(2 * x + 3 * y - z + 2000).astype(np.int16), matrix)


AXES = {
    "axial, feet first": np.diag([1.0, 0.8, 0.7])[::-1].copy(),
    "axial, head first": np.array([[0, 0, 0.7], [0, 0.8, 0], [-1.0, 0, 0]]),
    "sagittal": np.array([[3.0, 0, 0], [0, 0, 0.6], [0, -0.6, 0]]),
    "coronal, flipped": np.array([[0, 0, -0.9], [-2.0, 0, 0], [0, 0.9, 0]]),
    "oblique": np.array([[0.1, -0.2, 0.77], [0.3, 0.76, 0.2], [-1.2, 0.25, 0.1]]),
}


@pytest.mark.parametrize("name", AXES)
def test_coarse_grid_shows_what_lies_there(name: str) -> None:
    volume = ramp_volume(AXES[name], (60, 90, 100))
    small = coarse(volume)
    np.testing.assert_allclose(small.patient_from_voxel[:3, :3], 4.0 * np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]]))
    index = np.stack(np.meshgrid(*(np.arange(n) for n in small.hu.shape), indexing="ij"), -1)
    x, y, z = np.moveaxis(frames.apply(small.patient_from_voxel, index), -1, 0)
    inside = small.hu > -1000
    fully = inside & np.roll(inside, 1, 0) & np.roll(inside, -1, 0) & np.roll(inside, 1, 1) & np.roll(inside, 1, 2)
    expected = 2 * x + 3 * y - z + 2000
    assert fully.mean() > 0.05
    assert np.median(np.abs(small.hu - expected)[fully]) < 1.0


def test_block_means_agree_with_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    volume = Volume(rng.integers(-500, 500, (8, 8, 8)).astype(np.int16), np.diag([2.0, 2.0, 2.0, 1.0]))
    blocks = block_means(volume, 4.0)
    expected = [
        [[volume.hu[2 * k : 2 * k + 2, 2 * j : 2 * j + 2, 2 * i : 2 * i + 2].mean() for i in range(4)] for j in range(4)]
        for k in range(4)
    ]
    np.testing.assert_allclose(blocks.hu, expected, rtol=1e-6)
    np.testing.assert_allclose(frames.apply(blocks.patient_from_voxel, np.zeros(3)), [1.0, 1.0, 1.0])
