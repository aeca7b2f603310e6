"""The warps that make fractures must know where their points went."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from endplate.training import deform

BODIES = np.array([[[[s0, t], [s0 + 20.0, t]] for t in (30.0, 45.0, 60.0)] for s0 in (20.0, 46.0, 72.0, 98.0)])
losses = st.builds(deform.Loss, *[st.floats(0.0, 0.5)] * 3, st.floats(0.3, 1.0))


def heights(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, 1] - points[:, 0], axis=-1)


@settings(deadline=None)
@given(losses, st.integers(0, 3))
def test_source_and_moved_are_inverses(loss: deform.Loss, body: int) -> None:
    press = deform.compression(BODIES, body, loss)
    points = np.random.default_rng(0).uniform((0, 20), (130, 70), (200, 2))
    np.testing.assert_allclose(press.source(press.moved(points)), points, atol=0.02)


@pytest.mark.parametrize(
    "loss", [deform.Loss(0.4, 0.2, 0.0, 1.0), deform.Loss(0.1, 0.35, 0.0, 0.5), deform.Loss(0.4, 0.4, 0.35, 0.7)]
)
def test_compression_loses_what_was_asked_for(loss: deform.Loss) -> None:
    moved = deform.compression(BODIES, 2, loss).moved(BODIES)
    kept = heights(moved[2]) / heights(BODIES[2])
    np.testing.assert_allclose(kept, 1 - np.array([loss.anterior, loss.middle, loss.posterior]), atol=0.035)
    for other in (0, 1, 3):
        np.testing.assert_allclose(heights(moved[other]), heights(BODIES[other]), atol=1e-6)
    assert (np.diff(moved[:, :, :, 0].mean((1, 2))) > 10).all()


def test_image_content_follows_the_points() -> None:
    """A dot painted at each endplate point is found where the warp says that the point went."""
    image = np.zeros((140, 96))
    for s, t in BODIES.reshape(-1, 2):
        image[int(s), int(t)] = 1.0
    image = ndimage.gaussian_filter(image, 1.0)
    press = deform.compression(BODIES, 1, deform.Loss(0.45, 0.3, 0.05, 0.8))
    smooth = deform.draw_smooth(np.random.default_rng(3), (140, 96), np.array([70.0, 48.0]))
    source = press.source(smooth.grid_source())
    warped = ndimage.map_coordinates(image, np.moveaxis(source, -1, 0), order=1)
    for s, t in smooth.moved(press.moved(BODIES)).reshape(-1, 2):
        if not (5 < s < 134 and 5 < t < 90):
            continue
        low = np.array([int(s) - 4, int(t) - 4])
        patch = warped[low[0] : low[0] + 9, low[1] : low[1] + 9]
        seen = np.array(np.unravel_index(patch.argmax(), patch.shape)) + low
        assert np.abs(seen - (s, t)).max() < 1.6


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31))
def test_smooth_map_and_its_inverse(seed: int) -> None:
    smooth = deform.draw_smooth(np.random.default_rng(seed), (192, 96), np.array([100.0, 60.0]))
    points = np.random.default_rng(seed + 1).uniform((20, 15), (170, 80), (40, 2))
    np.testing.assert_allclose(smooth.moved(smooth.source(points)), points, atol=0.05)
