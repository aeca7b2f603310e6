from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.geometry import bases
from endplate.geometry.curves import Curve, arc_length, smooth, through


def spine_curve(kyphosis: float, scoliosis: float, lean: float, length: float) -> Curve:
    """A plausible spine: bends of up to 60 mm over its length."""
    z = np.linspace(0.0, -length, 40)
    u = -z / length
    x = scoliosis * np.sin(np.pi * u) + 12.0
    y = kyphosis * np.sin(np.pi * u) + lean * u * length - 150.0
    return through(np.stack([x, y, z + 300.0], -1))


curves = st.builds(spine_curve, st.floats(-50, 50), st.floats(-40, 40), st.floats(-0.5, 0.5), st.floats(150, 600))


@settings(deadline=None, max_examples=60)
@given(curves, st.integers(0, 2**31))
def test_straight_and_patient_maps_are_inverses_in_the_tube(curve: Curve, seed: int) -> None:
    rng = np.random.default_rng(seed)
    straight = np.stack([rng.uniform(-20, curve.length_mm + 20, 50), rng.uniform(-48, 48, 50), rng.uniform(-12, 12, 50)], -1)
    patient = bases.patient_from_straight(curve, straight)
    np.testing.assert_allclose(bases.straight_from_patient(curve, patient), straight, atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(curves)
def test_basis_is_orthonormal_and_stable(curve: Curve) -> None:
    s = np.linspace(-30, curve.length_mm + 30, 200)
    tangent, posterior, left = bases.basis(curve, s)
    frame = np.stack([tangent, posterior, left], -2)
    np.testing.assert_allclose(frame @ frame.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (200, 3, 3)), atol=1e-9)
    # as near to the patient's left as the tangent allows; the steepest of these curves leans by 40 degrees
    np.testing.assert_allclose(left[:, 0], np.sqrt(1.0 - tangent[:, 0] ** 2), atol=1e-9)
    assert (left[:, 0] > 0.76).all()
    assert (posterior[:, 1] > 0.3).all(), "t points to posterior"
    assert (tangent[:, 2] < 0).all(), "s runs to the feet"


def test_basis_of_a_straight_line_is_finite() -> None:
    curve = through(np.array([[0.0, 0, 100], [0, 0, 0], [0, 0, -100]]))
    tangent, posterior, left = bases.basis(curve, np.array([0.0, 50.0, 200.0]))
    np.testing.assert_allclose(tangent, [[0, 0, -1]] * 3, atol=1e-12)
    np.testing.assert_allclose(posterior, [[0, 1, 0]] * 3, atol=1e-12)
    np.testing.assert_allclose(left, [[1, 0, 0]] * 3, atol=1e-12)


def test_a_curve_along_the_left_right_axis_is_refused() -> None:
    curve = through(np.array([[0.0, 0, 0], [50, 0, 0], [100, 0, 0]]))
    with pytest.raises(ValueError, match="left-right axis"):
        bases.basis(curve, np.array([10.0]))


@settings(deadline=None, max_examples=40)
@given(curves)
def test_parameter_is_arc_length(curve: Curve) -> None:
    s = np.linspace(0, curve.length_mm, 2000)
    assert arc_length(curve.at(s))[-1] == pytest.approx(curve.length_mm, rel=2e-3)
    np.testing.assert_allclose(np.linalg.norm(curve.velocity(s), axis=-1), 1.0, atol=0.02)


def test_curve_passes_through_its_points() -> None:
    points = np.array([[0.0, 0, 100], [5, 10, 70], [3, 18, 40], [0, 20, 5], [-2, 10, -30]])
    s = bases.straight_from_patient(through(points, step_mm=2.0), points)
    np.testing.assert_allclose(s[:, 1:], 0.0, atol=0.1)


def test_smoothing_removes_noise_and_keeps_the_course() -> None:
    rng = np.random.default_rng(0)
    z = np.arange(200.0, -200.0, -4.0)
    truth = np.stack([10 * np.sin(z / 120), 30 * np.cos(z / 150), z], -1)
    noisy = truth + np.concatenate([rng.normal(0, 2.0, (len(z), 2)), np.zeros((len(z), 1))], 1)
    error = np.linalg.norm(smooth(noisy, np.ones(len(z)), 3000.0) - truth, axis=1)
    assert error.mean() < 1.0
    np.testing.assert_array_equal(smooth(noisy, np.ones(len(z)), 3000.0)[:, 2], z)


@pytest.mark.parametrize(("arc", "points"), [([0.0], [[0.0, 0, 0]]), ([0.0, 0.0], [[0.0, 0, 0], [0, 0, 1]])])
def test_curves_refuse_too_few_or_unordered_knots(arc: list[float], points: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"knots|grow"):
        Curve(np.array(arc), np.array(points))
