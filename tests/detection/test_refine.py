from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.detection.codec import Body
from endplate.detection.refine import Frame, Seen, Settings, cut_patches, refine

RULES = Settings()
TRUE = np.array([[[70.0, 55.0], [90.0, 56.0]], [[73.0, 70.0], [88.0, 70.0]], [[71.0, 85.0], [93.0, 84.0]]])
COORDINATES = np.stack(np.meshgrid(np.arange(160.0), np.arange(140.0), indexing="ij")).astype(np.float32)
"""A picture of its own coordinates: row and column."""


def body(points: np.ndarray, completeness: float = 1.0) -> Body:
    return Body(points, np.ones((3, 2)), completeness=completeness)


@settings(deadline=None, max_examples=40)
@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-0.8, 0.8))
def test_a_patch_shows_what_its_map_says(row: float, column: float, angle: float) -> None:
    frame = Frame(np.array([80.0 + row, 70.0 + column]), angle)
    (patch,) = cut_patches(COORDINATES, [frame], RULES)
    grid = np.stack(np.meshgrid(np.arange(RULES.rows), np.arange(RULES.columns), indexing="ij"), -1).astype(float)
    at = frame.pixel_from_patch(grid, RULES)
    inside = (at >= 0).all(-1) & (at <= np.array([159.0, 139.0])).all(-1)
    assert np.abs(np.moveaxis(patch, 0, -1) - at)[inside].max() < 1e-3
    assert frame.patch_from_pixel(at, RULES) == pytest.approx(grid, abs=1e-9)


def test_a_body_stands_upright_in_its_patch() -> None:
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    turned = (TRUE - TRUE.mean((0, 1))) @ turn.T + TRUE.mean((0, 1))
    patch = Frame.of(turned).patch_from_pixel(turned, RULES)
    along = (patch[2] - patch[0]).mean(0)
    assert abs(along[0]) < 1e-9
    assert along[1] > 0
    assert patch.mean((0, 1)) == pytest.approx([(RULES.rows - 1) / 2, (RULES.columns - 1) / 2])


@dataclass
class Knowing:
    """Names the true points in whatever patch it is shown; its first looks are off by so many pixels."""

    off_px: list[float] = field(default_factory=list)

    def __call__(self, patches: np.ndarray) -> Seen:
        off = self.off_px.pop(0) if self.off_px else 0.0
        return Seen(np.array([self.in_patch(patch, TRUE + off) for patch in patches]), np.full((len(patches), 3, 2), 2.0))

    @staticmethod
    def in_patch(patch: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The picture itself tells where it was cut: its two channels hold row and column."""
        corner, down, right = patch[:, 0, 0], patch[:, 1, 0] - patch[:, 0, 0], patch[:, 0, 1] - patch[:, 0, 0]
        return (points - corner) @ np.linalg.inv(np.stack([down, right], 1)).T


def test_refined_points_are_those_that_the_refiner_names() -> None:
    start = body(TRUE + 1.5)
    (found,) = refine([COORDINATES], [start], Knowing(), replace(RULES, scale_factor=1.5))
    assert found.points_px == pytest.approx(TRUE, abs=1e-3)
    # the last looks' patches are as many pixels wide as before, and each pixel so many times as wide
    assert found.sd_px == pytest.approx(np.full((3, 2), 2.0 * RULES.step_px * np.mean(RULES.zooms) * 1.5))
    assert found.restless_px < 1e-3


def test_two_looks_that_disagree_are_told() -> None:
    (found,) = refine([COORDINATES], [body(TRUE)], Knowing([4.0]), RULES)
    assert found.restless_px == pytest.approx(4.0 * np.sqrt(2.0), abs=1e-3)


def test_a_body_that_the_view_cuts_stays_as_it_is() -> None:
    cut = body(TRUE + 1.5, completeness=0.2)
    assert refine([COORDINATES], [cut], Knowing(), RULES) == [cut]


def test_the_last_looks_are_averaged_over_zooms_and_images_beside() -> None:
    beside = COORDINATES + 3.0  # what lies beside shows the same body 3 pixels higher
    (found,) = refine([COORDINATES, beside], [body(TRUE + 1.5)], Knowing(), replace(RULES, zooms=(0.9, 1.1)))
    assert found.points_px == pytest.approx(TRUE - 1.5, abs=1e-3)
    assert found.sd_px == pytest.approx(np.full((3, 2), 2.0 * RULES.step_px))
    (alone,) = refine([COORDINATES, beside], [body(TRUE + 1.5)], Knowing(), replace(RULES, zooms=()))
    assert alone.points_px == pytest.approx(TRUE, abs=1e-3)
