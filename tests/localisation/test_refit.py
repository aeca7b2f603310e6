from __future__ import annotations

import numpy as np
import pytest

from endplate.anatomy.vertebra import Vertebra, exact
from endplate.localisation.localise import Centreline
from endplate.localisation.refit import BEYOND_MM, refit

BOX = np.array([[[t, s] for s in (10.0, -10.0)] for t in (-14.0, 0.0, 14.0)])


def body(x: float, y: float, z: float) -> Vertebra:
    points = np.stack([np.full((3, 2), x), y + BOX[..., 0], z + BOX[..., 1]], -1)
    return exact(points)


def centreline(x: np.ndarray) -> Centreline:
    z = -4.0 * np.arange(len(x))
    return Centreline(np.stack([x, np.zeros(len(x)), z], -1), np.full(len(x), 15.0), np.ones(len(x)))


BODIES = [body(0.0, 0.0, -35.0 * k) for k in range(1, 7)]


def test_without_bodies_the_course_is_the_localisers() -> None:
    found = centreline(np.zeros(80))
    assert refit(found, []).length_mm == pytest.approx(found.curve.length_mm)


def test_the_course_runs_through_the_bodies() -> None:
    curve = refit(centreline(np.full(80, 3.0)), BODIES)
    course = curve.at(np.arange(0.0, curve.length_mm, 1.0))
    for vertebra in BODIES:
        assert np.linalg.norm(course - vertebra.centre_mm, axis=1).min() < 0.6


def test_a_localiser_that_goes_to_a_hip_does_not_bend_the_end() -> None:
    x = np.zeros(80)
    x[54:] = np.minimum(4.0 * np.arange(26), 75.0)
    curve = refit(centreline(x), BODIES)
    course = curve.at(np.arange(0.0, curve.length_mm, 1.0))
    assert np.abs(course[:, 0]).max() < 12.0
    near_last = np.abs(course[:, 2] - BODIES[-1].centre_mm[2]) < 12.0
    assert np.abs(np.diff(course[near_last, 0])).max() < 0.3  # the localiser itself goes 1 mm aside per mm


def test_the_course_ends_soon_after_the_last_body() -> None:
    curve = refit(centreline(np.zeros(150)), BODIES)
    assert curve.at(np.array(curve.length_mm))[2] > BODIES[-1].centre_mm[2] - BEYOND_MM - 1.0
