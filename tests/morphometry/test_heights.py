from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from endplate.morphometry.heights import genant_index, heights, middle_to_anterior, ratios
from strategies import body_points, heights_mm, rotations


@given(heights_mm(), rotations(), st.floats(-500, 500))
def test_heights_do_not_change_when_the_patient_moves(tall: tuple[float, float, float], turn: np.ndarray, away: float) -> None:
    points = body_points(tall)
    assert heights(points) == pytest.approx(tall)
    assert heights(points @ turn.T + away) == pytest.approx(tall, rel=1e-9)


@given(heights_mm(), st.floats(0.3, 3.0))
def test_ratios_and_index_do_not_change_with_size(tall: tuple[float, float, float], size: float) -> None:
    one, other = np.array(tall), size * np.array(tall)
    assert ratios(other) == pytest.approx(ratios(one))
    assert genant_index(other) == pytest.approx(genant_index(one))


@given(heights_mm())
def test_index_is_the_worst_of_all_ratios(tall: tuple[float, float, float]) -> None:
    a, m, p = tall
    assert genant_index(np.array(tall)) == pytest.approx(min(x / y for x in (a, m, p) for y in (a, m, p)))
    assert middle_to_anterior(np.array(tall)) == pytest.approx(m / a)


def test_many_bodies_at_once() -> None:
    many = np.stack([body_points((20, 18, 22)), body_points((10, 11, 12))])
    assert heights(many).tolist() == [[20, 18, 22], [10, 11, 12]]


def test_a_body_without_height_gives_finite_numbers() -> None:
    nothing = np.zeros(3)
    assert np.isfinite(ratios(nothing)).all()
    assert np.isfinite(genant_index(nothing))
