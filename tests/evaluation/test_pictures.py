"""The pictures hold what they show, and are left out where they would show nothing."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

import report_factory as made
from endplate.evaluation import Case, evaluate_cases
from endplate.evaluation.cases import prediction_of, truth_of
from endplate.evaluation.pictures import pictures
from endplate.evaluation.pictures.chart import Chart, axis

NAMES = made.names_from("T10", 5)
SVG = "{http://www.w3.org/2000/svg}"


def cases(loss: float, sd: float | None) -> list[Case]:
    healthy = made.column(NAMES)
    found = []
    for n, points in enumerate((healthy, made.compressed(healthy, 2, loss), healthy)):
        spread = None if sd is None else np.full((len(NAMES), 3, 2), sd)
        moved = points + np.random.default_rng(n).normal(0, 0.5, points.shape)
        found.append(
            Case(f"<{n}>", prediction_of(made.report_json(moved, NAMES, spread)), truth_of(made.truth_json(points, NAMES)))
        )
    return found


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_four_pictures_of_scans_with_a_fracture() -> None:
    drawn = pictures(evaluate_cases(cases(0.45, 0.5), 30))
    assert list(drawn) == ["keypoints.svg", "heights.svg", "roc.svg", "calibration.svg"]
    assert set(NAMES) <= set(words(drawn["keypoints.svg"]))
    assert len(list(ElementTree.fromstring(drawn["heights.svg"]).iter(f"{SVG}circle"))) == 3 * 5 * 3
    assert sum("AUC 1.000" in said for said in words(drawn["roc.svg"])) == 4
    assert any("45" in said for said in words(drawn["calibration.svg"]))


def test_no_roc_without_a_fracture_and_no_calibration_without_standard_deviations() -> None:
    assert list(pictures(evaluate_cases(cases(0.0, None), 0))) == ["keypoints.svg", "heights.svg"]


def test_no_picture_where_nothing_was_found() -> None:
    nothing = Case("case", prediction_of({}), truth_of(made.truth_json(made.column(NAMES), NAMES)), has_report=False)
    assert pictures(evaluate_cases([nothing], 10)) == {}


def test_an_axis_has_round_ticks_within_its_span() -> None:
    assert [label for _, label in axis((0.0, 2.7), "").ticks] == ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]
    assert [label for _, label in axis((-4.1, 4.1), "").ticks] == ["-4", "-2", "0", "2", "4"]


def test_a_chart_puts_larger_values_right_and_up() -> None:
    chart = Chart(axis((0.0, 1.0), "x"), axis((0.0, 1.0), "y"))
    (left, low), (right, high) = chart.at((0.2, 0.2)), chart.at((0.8, 0.8))
    assert left < right
    assert low > high
