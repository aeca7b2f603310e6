from __future__ import annotations

import numpy as np
import pytest

from endplate.anatomy import Vertebra
from endplate.anatomy.vertebra import exact
from endplate.detection.chain import ALIGNED_MM, aligned


def chain(x_mm: np.ndarray) -> list[Vertebra]:
    """Bodies 25 mm apart whose middles lie at these places from left to right."""
    box = np.array([[[0.0, t, 10], [0, t, -10]] for t in (-14.0, 0, 14)])
    return [exact(box + np.array([x, 0.0, -25.0 * i])) for i, x in enumerate(x_mm)]


def places(vertebrae: list[Vertebra]) -> np.ndarray:
    return np.array([v.centre_mm[0] for v in vertebrae])


def test_a_straight_column_stays_where_it_is() -> None:
    x = 3.0 + 0.8 * np.arange(9)
    assert places(aligned(chain(x))) == pytest.approx(x)


def test_noise_shrinks_and_heights_stay() -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.6, 400)
    before = chain(noise)
    after = aligned(before)
    assert places(after).std() < 0.75 * noise.std()
    for a, b in zip(after, before, strict=True):
        assert a.points_mm[..., 1:] == pytest.approx(b.points_mm[..., 1:])


def test_one_body_far_off_hardly_moves_its_neighbours() -> None:
    x = np.zeros(7)
    x[3] = 9.0
    moved = places(aligned(chain(x))) - x
    assert np.abs(moved).max() <= ALIGNED_MM + 1e-9


def test_a_scoliosis_is_left_alone() -> None:
    """Cobb 40 degrees over nine bodies of 25 mm: a circle of about 290 mm."""
    x = 290.0 * np.cos(np.deg2rad(np.linspace(-20, 20, 9)))
    assert np.abs(places(aligned(chain(x))) - x).max() < 0.05
