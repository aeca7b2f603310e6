"""The definitions, on columns whose errors are known by construction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import report_factory as made
from endplate.evaluation.cases import Case, prediction_of, truth_of
from endplate.evaluation.matching import match
from endplate.evaluation.scan_score import ScanScore, score

NAMES = made.names_from("T8", 6)
POINTS = made.column(NAMES)
UP_MM = np.array([0.0, 0.0, 1.0])


def scored(points: NDArray[np.floating], names: list[str] = NAMES, **truth: Any) -> ScanScore:
    report = prediction_of(made.report_json(points, names))
    return score(Case("case", report, truth_of(made.truth_json(POINTS, NAMES, **truth))))


def test_truth_itself_has_no_error() -> None:
    samples = scored(POINTS).samples
    for name in ("keypoint_mm", "height_difference_mm", "index_error", "localisation_mm", "localisation_missing"):
        assert samples[name] == pytest.approx(np.zeros(len(samples[name])), abs=1e-9), name
    assert len(samples["keypoint_mm"]) == 36
    assert len(samples["localisation_mm"]) == 130
    assert samples["hit_true"].all()
    assert samples["level_right"].all()
    assert samples["loss_found"] == pytest.approx(samples["loss_true"])


def test_superior_points_a_millimetre_too_high() -> None:
    moved = POINTS + 0.0
    moved[:, :, 0, 2] += 1.0
    samples = scored(moved).samples
    assert samples["keypoint_mm"].mean() == pytest.approx(0.5)
    assert samples["height_difference_mm"] == pytest.approx(np.ones(18))


def test_the_column_is_compared_in_the_axial_plane() -> None:
    samples = scored(POINTS + np.array([3.0, 4.0, 0.0])).samples
    assert samples["localisation_mm"] == pytest.approx(np.full(130, 5.0))


def test_slices_without_a_course_are_counted_apart() -> None:
    samples = scored(POINTS[1:], NAMES[1:]).samples
    assert samples["localisation_missing"] == pytest.approx([25 / 130])
    assert len(samples["localisation_mm"]) == 105


def test_a_missed_body_and_one_that_is_not_there() -> None:
    """A ghost lies in the disc, farther from both neighbours than half a mean height."""
    ghost = POINTS[3] + UP_MM * (made.TALL_MM + made.DISC_MM) / 2
    points = np.concatenate([POINTS[:1], POINTS[2:], ghost[None]])
    result = scored(points, [NAMES[0], *NAMES[2:], "L5"])
    assert result.missed == ("T9",)
    assert result.extra == ("L5",)
    assert result.samples["hit_found"].mean() == pytest.approx(5 / 6)
    assert np.isnan(result.samples["loss_found"][1])


def test_bodies_beyond_the_annotated_range_do_not_count() -> None:
    names = ["T7", *NAMES, "L2"]
    result = scored(made.column(names, made.TALL_MM + made.DISC_MM), names)
    assert result.extra == ()
    assert len(result.samples["hit_found"]) == 6


def test_cut_bodies_do_not_count() -> None:
    report = made.report_json(POINTS, NAMES)
    report["vertebrae"][2]["complete"] = False
    result = score(Case("case", prediction_of(report), truth_of(made.truth_json(POINTS, NAMES))))
    assert result.missed == ("T10",)
    assert result.samples["hit_found"].all()


def test_a_body_found_twice_counts_once() -> None:
    pairs = match(np.concatenate([POINTS + UP_MM * 2, POINTS + UP_MM]), POINTS)
    assert sorted(pairs[:, 1]) == list(range(6))
    assert sorted(pairs[:, 0]) == list(range(6, 12))


def test_names_off_by_one() -> None:
    samples = scored(POINTS, made.names_from("T7", 6)).samples
    assert not samples["level_right"].any()
    assert samples["scan_right"] == [0.0]


def test_uncertain_numbering_does_not_count_for_levels() -> None:
    samples = scored(POINTS, made.names_from("T7", 6), levels_certain=False).samples
    assert len(samples["level_right"]) == len(samples["scan_right"]) == 0


def test_imprecise_bodies_count_for_detection_and_names_only() -> None:
    truth = made.truth_json(POINTS, NAMES)
    truth["vertebrae"][0]["precise"] = False
    moved = POINTS + 0.0
    moved[0] += [0.0, 5.0, 0.0]
    result = score(Case("case", prediction_of(made.report_json(moved, NAMES)), truth_of(truth)))
    assert result.precise.level == tuple(NAMES[1:])
    assert result.samples["keypoint_mm"].max() == pytest.approx(0.0)
    assert len(result.samples["level_right"]) == 6


def test_the_reference_loss_of_a_known_compression() -> None:
    """T10: Ha/Hp = .93 x .7 against the norm's .945, clinical.md."""
    samples = scored(made.compressed(POINTS, 2, 0.30)).samples
    assert samples["loss_found"][2] == pytest.approx(1 - 0.93 * 0.7 / 0.945)
    assert samples["patient_found"] == pytest.approx(samples["loss_found"][2])
    assert samples["patient_true"] < 0.2


def test_without_a_report_everything_is_missed() -> None:
    result = score(Case("case", prediction_of({}), truth_of(made.truth_json(POINTS, NAMES)), has_report=False))
    assert result.missed == tuple(NAMES)
    assert result.samples["localisation_missing"] == [1.0]
    assert np.isnan(result.samples["patient_found"]).all()
