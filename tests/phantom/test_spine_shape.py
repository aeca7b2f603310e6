"""Healthy geometry and fractures: heights as asked, order, continuity."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.anatomy import levels
from endplate.errors import InputRefused
from endplate.phantom import SpineShape, fracture, fracture_by, parse_fracture, spine
from endplate.phantom.spine.fracture import LOSS_OF_GRADE
from endplate.phantom.spine.norms import norm
from endplate.phantom.spine.skeleton import skeleton

SHAPES = st.builds(
    SpineShape,
    kyphosis_deg=st.floats(5, 85),
    lordosis_deg=st.floats(10, 75),
    cervical_deg=st.floats(-15, 55),
    scoliosis_deg=st.floats(-45, 45),
    scoliosis_apex=st.floats(12, 21),
    size=st.floats(0.75, 1.25),
)


def heights(vertebra):
    return np.linalg.norm(vertebra.points_mm[:, 1] - vertebra.points_mm[:, 0], axis=-1)


def tilt_deg(vertebra):
    along = vertebra.points_mm[2] - vertebra.points_mm[0]
    return np.rad2deg(np.arctan2(-along[:, 2], along[:, 1])).mean()


def test_heights_follow_the_table():
    for v in spine():
        c = levels.coordinate(v.level)
        anterior, middle, posterior = heights(v)
        assert posterior == pytest.approx(norm("height", c))
        assert anterior / posterior == pytest.approx(norm("anterior", c))
        assert middle / posterior == pytest.approx(norm("middle", c))


@pytest.mark.parametrize("kyphosis", [20.0, 40.0, 70.0])
def test_kyphosis_is_the_tilt_from_t1_to_t12(kyphosis):
    found = {v.level: v for v in spine(shape=SpineShape(kyphosis_deg=kyphosis))}
    assert tilt_deg(found["T12"]) - tilt_deg(found["T1"]) == pytest.approx(kyphosis, abs=1.5)


def test_scoliosis_is_the_steepest_tilt_of_its_curve():
    shape = SpineShape(scoliosis_deg=30.0, scoliosis_apex=15.0)
    steps = np.diff([v.centre_mm for v in spine(levels.USUAL[7:24], shape)], axis=0)
    lean = np.rad2deg(np.arctan2(steps[:, 0], -steps[:, 2]))
    assert lean.max() - lean.min() == pytest.approx(30, abs=8)


@settings(max_examples=40, deadline=None)
@given(SHAPES)
def test_any_shape_runs_head_to_feet_with_room_for_discs(shape):
    column = spine(levels.USUAL[1:24], shape)
    for upper, lower in pairwise(column):
        down = (upper.points_mm[:, 1] - upper.points_mm[:, 0]).mean(0)
        gap = (lower.points_mm[:, 0] - upper.points_mm[:, 1]) @ down / np.linalg.norm(down)
        assert gap[1] > 0.5
        assert lower.centre_mm[2] < upper.centre_mm[2]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["wedge", "biconcave", "crush"]), st.floats(0.0, 0.7), st.sampled_from(levels.USUAL[7:24]))
def test_a_fracture_loses_exactly_what_was_asked(shape, loss, level):
    before, after = spine(), fracture_by(spine(), level, shape, loss)
    i = [v.level for v in before].index(level)
    lost = 1 - heights(after[i]) / heights(before[i])
    column = {"wedge": 0, "biconcave": 1, "crush": 2}[shape]
    assert lost[column] == pytest.approx(loss, abs=1e-9)
    assert lost.max() == pytest.approx(loss, abs=1e-9)
    for j, (a, b) in enumerate(zip(before, after, strict=True)):
        if j != i:
            np.testing.assert_allclose(heights(a), heights(b))


def test_what_lies_above_moves_down_and_what_lies_below_stays():
    before, after = spine(), fracture(spine(), "T12", "crush", 3)
    moved = np.array([a.centre_mm - b.centre_mm for a, b in zip(before, after, strict=True)])
    lost = LOSS_OF_GRADE[3] * heights(before[11])[2]
    # T12 leans, so what lies above comes down along its posterior wall
    assert moved[10, 2] > 0.9 * lost
    assert np.linalg.norm(moved[10]) == pytest.approx(lost, abs=0.5)
    np.testing.assert_array_equal(moved[12:], 0.0)


def test_a_wedge_adds_kyphosis():
    before, after = spine(), fracture(spine(), "T8", "wedge", 3)
    assert tilt_deg(after[0]) < tilt_deg(before[0]) - 5


def test_parse_fracture():
    assert parse_fracture("t12:Wedge:2") == ("T12", "wedge", 2)


@pytest.mark.parametrize("text", ["T12", "T14:wedge:2", "T12:burst:2", "T12:wedge:4", "T12:wedge:2:3"])
def test_refuses_what_it_cannot_read(text):
    with pytest.raises(InputRefused, match="T12"):
        parse_fracture(text)


def test_refuses_a_level_that_is_not_there():
    with pytest.raises(InputRefused, match="C4 is not in this spine"):
        fracture(spine(), "C4", "wedge", 1)


def test_refuses_levels_out_of_order():
    with pytest.raises(ValueError, match="head to feet"):
        spine(("T2", "T1"))


def test_skeleton_keeps_what_was_given_and_fills_the_rest():
    given_ = (*spine(("T5", "T6", "T9")),)
    whole = skeleton(given_)
    assert whole.names == list(levels.USUAL[1:])
    for v in given_:
        np.testing.assert_array_equal(whole.vertebrae[whole.names.index(v.level)].points_mm, v.points_mm)
    assert (np.diff(whole.centres_mm[:, 2]) < 0).all()


def test_skeleton_refuses_unnamed_vertebrae():
    with pytest.raises(InputRefused, match="named"):
        skeleton([v.named("T1", 1.0) for v in spine(("T5", "T6"))])
