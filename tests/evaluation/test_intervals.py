"""Bootstrap over patients, ROC and the calibration of the points' standard deviations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import report_factory as made
from endplate.evaluation import Case, calibrate, evaluate_cases
from endplate.evaluation.bootstrap import estimates
from endplate.evaluation.calibrate import calibrate_errors
from endplate.evaluation.cases import prediction_of, truth_of
from endplate.evaluation.pictures.roc import curve
from endplate.evaluation.quantities import auc
from endplate.evaluation.scan_score import score
from endplate.morphometry.measure import measure

NAMES = made.names_from("T4", 12)
POINTS = made.column(NAMES)
SCORED = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30)


def case(seed: int, sigma_mm: float = 0.8, said_mm: float | None = 0.8, slice_mm: float = 1.0, shift_mm: float = 0.0) -> Case:
    """A scan whose points are off along z by ``sigma_mm`` and whose report says ``said_mm``."""
    random = np.random.default_rng(seed)
    moved = POINTS + 0.0
    moved[..., 2] += random.normal(0.0, sigma_mm, moved.shape[:3])
    moved[..., 0] += shift_mm
    sd = None if said_mm is None else np.full((len(NAMES), 3, 2), said_mm)
    report = prediction_of(made.report_json(moved, NAMES, sd, slice_mm))
    return Case(f"case-{seed}", report, truth_of(made.truth_json(POINTS, NAMES)))


def broken(seed: int) -> Case:
    """A scan whose T7 has lost 45 %, in truth and report."""
    points = made.compressed(POINTS, 3, 0.45)
    return Case(f"broken-{seed}", prediction_of(made.report_json(points, NAMES)), truth_of(made.truth_json(points, NAMES)))


def test_the_same_seed_gives_the_same_intervals() -> None:
    scores = [score(case(i)) for i in range(5)]
    assert str(estimates(scores, 50)) == str(estimates(scores, 50))
    assert str(estimates(scores, 50)) != str(estimates(scores, 50, seed=1))


def test_intervals_are_over_patients_not_over_points() -> None:
    """Every point of a patient is off by the same: sixteen patients are sixteen facts, whatever the number of points."""
    shifts = np.random.default_rng(0).uniform(1.0, 3.0, 16)
    found = estimates([score(case(i, 0.0, shift_mm=s)) for i, s in enumerate(shifts)], 1000)["keypoint_mm_mean"]
    width = 2 * 1.96 * shifts.std() / np.sqrt(16)
    assert found.value == pytest.approx(shifts.mean())
    assert found.high - found.low == pytest.approx(width, rel=0.1)
    assert found.n == 16 * 72


def test_one_patient_has_no_interval() -> None:
    found = estimates([score(case(0))], 100)["keypoint_mm_mean"]
    assert found.value > 0
    assert np.isnan([found.low, found.high]).all()


def test_a_single_fractured_patient_gives_an_auc_without_interval() -> None:
    found = estimates([score(c) for c in (broken(0), *map(case, range(1, 5)))], 200)
    assert found["patient_auc_25"].value == 1.0
    assert np.isnan(found["patient_auc_25"].low)
    assert found["recall_25"].n == 1


def test_a_patient_in_whom_nothing_was_found_is_missed_but_no_proof_of_calm() -> None:
    lost = [replace(c, prediction=prediction_of({})) for c in (broken(0), case(1))]
    found = estimates([score(c) for c in (*lost, broken(2), case(3, 0.1))], 0)
    assert (found["patient_sensitivity_25"].value, found["patient_sensitivity_25"].n) == (0.5, 2)
    assert (found["patient_specificity_25"].value, found["patient_specificity_25"].n) == (1.0, 1)
    assert (found["recall_25"].value, found["sensitivity_25"].value) == (0.5, 1.0)


def test_thick_slices_are_reported_apart() -> None:
    groups = evaluate_cases([case(1), case(2, slice_mm=3.0), case(3, slice_mm=5.0)], 10).groups
    assert {name: group.counts["cases"] for name, group in groups.items()} == {"all": 3, "thin": 2, "thick": 1}


@given(SCORED)
def test_the_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[int, bool]]) -> None:
    array = np.array(pairs, float)
    positive, negative = array[array[:, 1] > 0, 0], array[array[:, 1] == 0, 0]
    if not len(positive) or not len(negative):
        assert np.isnan(auc(array))
        return
    banal = np.mean([(a > b) + 0.5 * (a == b) for a in positive for b in negative])
    assert auc(array) == pytest.approx(banal)
    false, true = np.array(curve(array)).T
    assert np.trapezoid(true, false) == pytest.approx(banal)


@pytest.mark.parametrize("said_mm", [0.4, 0.8, 1.6])
def test_the_factor_makes_wrong_standard_deviations_right(said_mm: float) -> None:
    found = calibrate([case(i, 0.8, said_mm) for i in range(30)])
    assert found.factor == pytest.approx(0.8 / said_mm, rel=0.08)
    assert found.coverage_left_out == pytest.approx(0.95, abs=0.015)
    assert found.n == 30 * 36
    assert found.scans == 30


def test_the_factor_covers_what_it_promises() -> None:
    errors: list[NDArray[np.floating]] = [np.arange(1.0, 101.0)]
    reach = calibrate_errors(errors).factor * 1.959964
    assert (errors[0] <= reach + 1e-6).sum() == 96  # the ceil(101 x .95)th: split conformal rounds up


def test_without_standard_deviations_nothing_can_be_calibrated() -> None:
    with pytest.raises(ValueError, match="points_sd_mm"):
        calibrate([case(0, said_mm=None)])


def test_honest_intervals_cover_what_they_promise() -> None:
    found = evaluate_cases([case(i) for i in range(40)], 0).groups["all"].estimates
    for nominal in (50, 80, 90, 95):
        assert found[f"height_coverage_{nominal}"].value == pytest.approx(nominal / 100, abs=0.03)


def test_loss_intervals_are_held_against_the_loss_of_the_true_points() -> None:
    """Nine of twelve intervals hold the truth, two lie above it, one is not given."""
    true = np.array([f.loss for f in measure(POINTS, NAMES)])
    intervals = np.stack([true - 0.01, true + 0.01], -1)
    intervals[:2] += 0.05
    intervals[11] = np.nan
    exact = case(0, 0.0)
    samples = score(replace(exact, prediction=replace(exact.prediction, loss_interval_95=intervals))).samples
    assert samples["loss_inside"].tolist() == [0.0] * 2 + [1.0] * 9
