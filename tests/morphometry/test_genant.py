from __future__ import annotations

import numpy as np
import pytest

from endplate.morphometry import genant


def test_the_tables_are_those_of_the_papers() -> None:
    assert genant.LOSS_OF_GRADE == (0.20, 0.25, 0.40)
    assert genant.INDEX_OF_GRADE == (0.80, 0.75, 0.60)
    assert genant.GRADE_NAMES == ("normal", "mild", "moderate", "severe")


@pytest.mark.parametrize(
    ("loss", "grade"), [(0.0, 0), (0.1999, 0), (0.20, 1), (0.2499, 1), (0.25, 2), (0.3999, 2), (0.40, 3), (1.0, 3)]
)
def test_grade_of_loss_at_its_cuts(loss: float, grade: int) -> None:
    assert genant.grade_of_loss(loss) == grade


@pytest.mark.parametrize(("index", "grade"), [(1.0, 0), (0.80, 0), (0.7999, 1), (0.75, 1), (0.7499, 2), (0.60, 2), (0.5999, 3)])
def test_grade_of_the_raw_index_at_its_cuts(index: float, grade: int) -> None:
    assert genant.grade_of_index(index) == grade


@pytest.mark.parametrize(
    ("losses", "shape"),
    [
        ((0.10, 0.19, 0.05), None),
        ((0.30, 0.20, 0.00), "wedge"),
        ((0.10, 0.30, 0.00), "biconcave"),
        ((0.00, 0.00, 0.30), "crush"),
        ((0.30, 0.10, 0.22), "crush"),
        ((0.30, 0.10, -np.inf), "wedge"),
    ],
)
def test_shape_is_the_column_that_was_lost(losses: tuple[float, float, float], shape: str | None) -> None:
    assert genant.shape_of_losses(np.array(losses)) == shape


def test_every_grade_has_its_flag() -> None:
    assert genant.FLAGS == {0: None, 1: "mild deformity, indeterminate", 2: "fracture (actionable)", 3: "fracture (actionable)"}
