from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.morphometry import measure, spread
from endplate.morphometry.genant import LOSS_OF_GRADE, grade_of_loss
from endplate.morphometry.measure import losses
from endplate.morphometry.spread import Uncertain, cumulative, grade_probabilities, interval
from strategies import heights_mm


def one_body(tall: tuple[float, ...], sd: tuple[float, ...], behind: float = 21.0, behind_sd: float = 0.3) -> Uncertain:
    return Uncertain(np.array([tall]), np.array([sd]), np.array([[0.9, 0.85, behind]]), np.array([behind_sd]))


def drawn_losses(body: Uncertain, count: int = 200_000) -> np.ndarray:
    """The reference: draw heights, take the loss."""
    random = np.random.default_rng(1)
    tall = body.heights_mm + random.standard_normal((count, 3)) * body.heights_sd_mm
    expected = np.repeat(body.expected, count, 0)
    expected[:, 2] += random.standard_normal(count) * body.posterior_sd_mm
    return np.maximum(losses(tall, expected).max(-1), 0.0)


def test_normal_cdf_is_that_of_the_error_function() -> None:
    x = np.linspace(-7, 7, 281)
    assert spread.normal_cdf(x) == pytest.approx([0.5 * math.erfc(-v / math.sqrt(2)) for v in x], abs=1e-7)


@pytest.mark.parametrize(
    ("tall", "sd"),
    [
        ((14.0, 17.0, 21.0), (0.8, 0.8, 0.8)),
        ((19.0, 18.0, 21.0), (0.5, 0.7, 0.9)),
        ((15.0, 14.5, 17.0), (1.0, 1.0, 1.0)),
        ((12.0, 17.0, 21.0), (0.2, 0.2, 0.9)),
    ],
)
@pytest.mark.parametrize("behind", [21.0, float("nan")])
def test_interval_and_probabilities_agree_with_a_simulation(tall: tuple[float, ...], sd: tuple[float, ...], behind: float) -> None:
    body = one_body(tall, sd, behind, 0.3 if np.isfinite(behind) else float("nan"))
    reference = drawn_losses(body if np.isfinite(behind) else one_body(tall, sd, float("nan"), 0.0))
    share = np.bincount(grade_of_loss(reference), minlength=4) / len(reference)
    assert interval(body)[0] == pytest.approx(np.percentile(reference, (2.5, 97.5)), abs=0.004)
    assert grade_probabilities(body, LOSS_OF_GRADE)[0] == pytest.approx(share, abs=0.006)


@settings(deadline=None)
@given(heights_mm(), st.floats(0.01, 5.0))
def test_the_distribution_function_grows_from_nothing_to_one(tall: tuple[float, float, float], sd: float) -> None:
    values = cumulative(one_body(tall, (sd,) * 3), np.linspace(0, 0.999, 40)[None])[0]
    assert (np.diff(values) >= -1e-6).all()
    assert -1e-6 <= values[0] <= 1.0 + 1e-6


@settings(deadline=None)
@given(heights_mm(least=12.0, most=30.0), st.floats(0.2, 2.0))
def test_a_hair_more_height_moves_the_probabilities_by_a_hair(tall: tuple[float, float, float], sd: float) -> None:
    nudged = (tall[0] + 1e-4, tall[1], tall[2])
    before, after = (grade_probabilities(one_body(t, (sd,) * 3), LOSS_OF_GRADE) for t in (tall, nudged))
    assert after == pytest.approx(before, abs=1e-3)


@settings(deadline=None)
@given(heights_mm(least=12.0, most=30.0))
def test_less_sure_points_give_a_wider_interval(tall: tuple[float, float, float]) -> None:
    width = [float(np.diff(interval(one_body(tall, (sd,) * 3)))[0, 0]) for sd in (0.3, 0.9, 1.8)]
    assert width[0] <= width[1] + 1e-6 <= width[2] + 2e-6


def test_exact_points_leave_no_doubt() -> None:
    points = np.array([[[0.0, t, h], [0, t, 0]] for t, h in ((-15.0, 13), (0, 17), (15, 21))])[None]
    (finding,) = measure(points, ["T8"])
    assert finding.loss_interval_95 == (finding.loss, finding.loss)
    assert finding.grade_probability == (0.0, 0.0, 1.0, 0.0)
