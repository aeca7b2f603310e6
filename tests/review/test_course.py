"""The course along which a report's spine is straightened once more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from endplate.geometry import bases
from endplate.geometry.curves import through
from endplate.report.report import Report
from endplate.review.images import course
from review.marked_scan import bodies, report

CENTRES = np.array([v.centre_mm for v in bodies()])
BEYOND, ASIDE = np.array([0.0, 5.0, 50.0]), np.array([40.0, 0.0, 0.0])


def beside_mm(of: Report) -> np.ndarray:
    """How far each body's centre lies from the course, to the back and to the left."""
    return np.abs(bases.straight_from_patient(course(of), CENTRES)[:, 1:])


def test_the_reports_own_course_is_taken_where_it_passes_through_the_bodies() -> None:
    longer = np.concatenate([CENTRES[:1] + BEYOND, CENTRES, CENTRES[-1:] - BEYOND])
    curve = through(longer)
    of = report(curve.at(np.arange(0, curve.length_mm, 2.0)).round(3))
    assert course(of).length_mm == pytest.approx(curve.length_mm, abs=4.1)
    assert beside_mm(of).max() < 0.1


@pytest.mark.parametrize(
    "line",
    [
        np.empty((0, 3)),
        CENTRES[:1],
        CENTRES + ASIDE,
        CENTRES[::-1],
        CENTRES[:2],
        np.full((4, 3), np.nan),
        CENTRES * (1, 1, 1e6),
        np.repeat(CENTRES, 2, 0),
    ],
    ids=["none", "a point", "beside the bodies", "feet to head", "too short", "nowhere", "endless", "twice the same"],
)
def test_else_the_line_through_the_bodies(line: np.ndarray) -> None:
    of = report(line)
    assert beside_mm(of).max() < 0.2
    assert course(of).at(np.array(0.0)) == pytest.approx(CENTRES[0], abs=0.1)


def test_where_the_reports_course_goes_astray_beyond_the_last_body_it_is_held() -> None:
    """It may pass through bodies below the sacrum that were found and not named, as on acrin-flt-001b."""
    hip = CENTRES[-1] + np.array([[-10.0, 10, -12], [-30, 25, -35], [-60, 30, -60], [-90, 25, -130]])
    curve = through(np.concatenate([CENTRES, hip]))
    held = course(report(curve.at(np.arange(0, curve.length_mm, 2.0))))
    end = held.at(np.array(held.length_mm))
    assert CENTRES[-1, 2] - 61 <= end[2] <= CENTRES[-1, 2] - 50
    before = CENTRES[-1] - CENTRES[-3]
    straight_on = CENTRES[-1] + before * (end[2] - CENTRES[-1, 2]) / before[2]
    assert abs(end[0] - straight_on[0]) < 10
    assert beside_mm(report(curve.at(np.arange(0, curve.length_mm, 2.0)))).max() < 0.2


def test_the_order_of_the_bodies_does_not_matter() -> None:
    none = np.empty((0, 3))
    upside_down = replace(report(none), vertebrae=report().vertebrae[::-1])
    assert course(upside_down).points_mm == pytest.approx(course(report(none)).points_mm)


def test_one_body_is_enough() -> None:
    of = replace(report(np.empty((0, 3))), vertebrae=report().vertebrae[:1])
    points = bodies()[0].points_mm
    assert course(of).at(np.array(0.0)) == pytest.approx(points[1, 0], abs=1e-3)
    assert course(of).length_mm == pytest.approx(np.linalg.norm(points[1, 1] - points[1, 0]), abs=1e-3)


def test_bodies_that_make_no_column_are_refused() -> None:
    none = np.empty((0, 3))
    first = report().vertebrae[0]
    with pytest.raises(ValueError, match="do not follow one another"):
        course(replace(report(none), vertebrae=(first, first)))
    points = replace(first.points_lps_mm, middle=((0.0, 0.0, float("nan")), (0.0, 0.0, 0.0)))
    with pytest.raises(ValueError, match="nowhere"):
        course(replace(report(none), vertebrae=(replace(first, points_lps_mm=points),)))
