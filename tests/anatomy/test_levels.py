from __future__ import annotations

import doctest

import pytest
from hypothesis import given

from endplate.anatomy import levels
from strategies import level_names


def test_doctests() -> None:
    assert doctest.testmod(levels).failed == 0
    assert doctest.testmod(levels).attempted > 0


def test_coordinates_count_from_c1_to_s1() -> None:
    assert [levels.coordinate(n) for n in levels.USUAL] == [float(i) for i in range(1, 26)]
    assert (levels.coordinate("T1"), levels.coordinate("T12"), levels.coordinate("L1"), levels.coordinate("L5")) == (8, 19, 20, 24)


@given(level_names(), level_names())
def test_order_and_coordinate_agree(one: str, other: str) -> None:
    assert (levels.order(one) < levels.order(other)) == (levels.coordinate(one) < levels.coordinate(other))


@pytest.mark.parametrize("name", levels.USUAL)
def test_nearest_undoes_coordinate(name: str) -> None:
    assert levels.nearest(levels.coordinate(name) + 0.4) == name
    assert levels.nearest(levels.coordinate(name) - 0.4) == name


def test_nearest_stays_within_the_spine() -> None:
    assert (levels.nearest(-7.0), levels.nearest(99.0)) == ("C1", "S1")


@pytest.mark.parametrize("name", ["", "Th5", "t5", "C8", "T14", "S2"])
def test_other_names_are_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown level.*C1, C2.*S1"):
        levels.coordinate(name)
