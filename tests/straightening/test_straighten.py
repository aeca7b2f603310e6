"""Geometry against image content: round trips miss consistent errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from endplate.geometry import frames
from endplate.geometry.curves import through
from endplate.straightening import Settings, straighten
from endplate.volume import Volume

COURSE = np.array([[5.0, 10, 90], [8, 22, 50], [4, 26, 0], [-3, 18, -50], [-5, 2, -90]])
GRID = Settings(pixel_mm=1.3, anterior_mm=30.0, posterior_mm=25.0, margin_mm=5.0, offsets_mm=(-6.0, 0.0, 6.0), slab_mm=(0.0,))


def wave(points_mm: np.ndarray) -> np.ndarray:
    """A smooth scalar field in which no axis can be taken for another."""
    x, y, z = np.moveaxis(points_mm, -1, 0)
    return 400 * np.sin(x / 17.0) + 300 * np.cos(y / 23.0 + 0.4) + 200 * np.sin(z / 31.0 + 1.1) + 2.0 * x - 1.5 * y + z


def turned_axes(angles_deg: tuple[float, float, float], flips: tuple[int, int, int], order: tuple[int, int, int]) -> np.ndarray:
    """Directions of the voxel axes (columns): any orientation of a scanner or file."""
    turn = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(angles_deg)):
        a, b = [i for i in range(3) if i != axis]
        step = np.eye(3)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ step
    return (turn * np.array(flips))[:, list(order)]


def field_volume(axes: np.ndarray, spacing: tuple[float, float, float], shape: tuple[int, int, int]) -> Volume:
    matrix = frames.affine(axes * np.array(spacing), np.zeros(3))
    matrix[:3, 3] = np.array([0.0, 10, 0]) - matrix[:3, :3] @ ((np.array(shape) - 1) / 2.0)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)
    return Volume(wave(frames.apply(matrix, index)).astype(np.float32), matrix)


orientations = st.tuples(
    st.tuples(*[st.floats(-25, 25)] * 3), st.tuples(*[st.sampled_from([-1, 1])] * 3), st.permutations([0, 1, 2]).map(tuple)
)


@settings(deadline=None, max_examples=25)
@given(orientations, st.sampled_from([(3.0, 1.9, 1.7), (1.8, 2.6, 1.5), (1.6, 1.6, 3.1)]))
def test_pixel_shows_what_lies_at_its_patient_point(orientation, spacing) -> None:
    extent = np.array([240.0, 230.0, 250.0])
    shape = tuple(int(n) for n in np.ceil(extent / spacing) + np.array([3, 0, 5]))
    volume = field_volume(turned_axes(*orientation), spacing, shape)
    spine = straighten(volume, through(COURSE), GRID)
    pixels = np.stack(np.meshgrid(*(np.arange(n) for n in spine.image_hu.shape[1:]), indexing="ij"), -1)
    assert spine.image_hu.shape[1] != spine.image_hu.shape[2]
    for channel, lateral in enumerate(spine.offsets_mm):
        expected = wave(spine.patient_from_pixel(pixels, lateral))
        seen = spine.image_hu[channel]
        inside = seen > -1000
        assert inside.mean() > 0.95
        np.testing.assert_allclose(seen[inside], expected[inside], atol=12.0)  # linear interpolation of the wave


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31))
def test_pixel_and_patient_maps_are_inverses(seed: int) -> None:
    spine = straighten(field_volume(np.eye(3)[:, [2, 1, 0]], (4.0, 4.0, 4.0), (50, 50, 40)), through(COURSE), GRID)
    pixels = np.random.default_rng(seed).uniform((0, 0), np.array(spine.image_hu.shape[1:]) - 1, (20, 2))
    np.testing.assert_allclose(spine.pixel_from_patient(spine.patient_from_pixel(pixels, 3.0)), pixels, atol=1e-4)


def test_image_is_anterior_left_and_head_up() -> None:
    """A bright ball in front of the upper spine appears at the left top."""
    volume = field_volume(np.eye(3)[:, [2, 1, 0]], (2.0, 2.0, 2.0), (110, 70, 60))
    index = np.stack(np.meshgrid(*(np.arange(n) for n in volume.hu.shape), indexing="ij"), -1)
    away = np.linalg.norm(frames.apply(volume.patient_from_voxel, index) - np.array([5.0, 0.0, 60.0]), axis=-1)
    ball = Volume(np.where(away < 6, 1000.0, 0.0).astype(np.float32), volume.patient_from_voxel)
    image = straighten(ball, through(COURSE), GRID).midsagittal_hu
    row, column = np.unravel_index(ndimage.gaussian_filter(image, 2).argmax(), image.shape)
    assert row < image.shape[0] / 2
    assert column * GRID.pixel_mm < GRID.anterior_mm


def test_outside_the_volume_reads_as_air() -> None:
    volume = field_volume(np.eye(3)[:, [2, 1, 0]], (2.0, 2.0, 2.0), (40, 70, 60))
    image = straighten(volume, through(COURSE), GRID).midsagittal_hu
    assert image[0].max() == pytest.approx(-1024.0)
    assert image[-1].max() == pytest.approx(-1024.0)
