from __future__ import annotations

import numpy as np
import pytest

from endplate.anatomy import COLUMNS, Vertebra
from endplate.anatomy.vertebra import exact
from strategies import body_points


def test_columns_run_from_front_to_back() -> None:
    assert COLUMNS == ("anterior", "middle", "posterior")


def test_centre_is_the_mean_of_the_six_points() -> None:
    assert exact(body_points((20.0, 20.0, 20.0))).centre_mm == pytest.approx([0.0, 0.0, -10.0])


def test_exact_points_have_no_spread() -> None:
    known, nameless = exact(body_points((20, 18, 22)), "T8"), exact(body_points((20, 18, 22)))
    assert not known.points_sd_mm.any()
    assert (known.level, known.level_confidence) == ("T8", 1.0)
    assert (nameless.level, nameless.level_confidence) == (None, 0.0)


def test_a_name_changes_nothing_else() -> None:
    body = Vertebra(body_points((20, 18, 22)), np.full((3, 2), 0.7), score=0.4, complete=False)
    named = body.named("L2", 0.6)
    assert (named.level, named.level_confidence, named.score, named.complete) == ("L2", 0.6, 0.4, False)
    assert named.points_mm is body.points_mm


@pytest.mark.parametrize(
    "points", [np.zeros((3, 2, 2)), np.zeros((2, 3, 3)), np.full((3, 2, 3), np.nan), np.full((3, 2, 3), np.inf)]
)
def test_points_that_are_none_are_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"points_mm must be finite numbers of shape \(3, 2, 3\)"):
        Vertebra(points, np.zeros((3, 2)))


def test_deviations_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"points_sd_mm must have shape \(3, 2\)"):
        Vertebra(np.zeros((3, 2, 3)), np.zeros((6,)))
