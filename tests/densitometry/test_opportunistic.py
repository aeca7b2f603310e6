"""The rule at L1 of ../shared/clinical.md, condition by condition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from endplate.anatomy import Vertebra
from endplate.densitometry import Attenuation, Opportunistic, opportunistic
from endplate.densitometry.opportunistic import BANDS, category
from endplate.morphometry.measure import Finding, measure
from strategies import normal_column

LOIN = ("T10", "T11", "T12", "L1", "L2")


def findings(lost: dict[str, float] | None = None, sure: float = 1.0, names: tuple[str, ...] = LOIN) -> tuple[Finding, ...]:
    """A normal column in which the named levels have lost a share of their anterior height."""
    bodies = []
    for name, points in zip(names, normal_column(names), strict=True):
        points[0, 0] -= (lost or {}).get(name, 0.0) * (points[0, 0] - points[0, 1])
        bodies.append(Vertebra(points, np.zeros((3, 2)), name, sure))
    return measure(bodies)


def readings(names: tuple[str, ...] = LOIN, **hu: float | str) -> tuple[Attenuation, ...]:
    """150 HU everywhere, but for the named levels: another mean, or a reason against one."""
    return tuple(
        Attenuation(np.nan, np.nan, np.nan, given) if isinstance(given, str) else Attenuation(given, 30.0, 200.0)
        for given in (hu.get(name, 150.0) for name in names)
    )


def at_120(found: tuple[Finding, ...], measured: tuple[Attenuation, ...]) -> Opportunistic:
    said = opportunistic(found, measured, 120.0, None)
    assert said is not None
    return said


@pytest.mark.parametrize(
    ("mean_hu", "words"),
    [
        (60.0, "in the range of osteoporosis"),
        (110.0, "in the range of osteoporosis"),
        (110.1, "suggests low bone density"),
        (135.0, "suggests low bone density"),
        (160.0, "osteoporosis not excluded"),
        (160.1, "osteoporosis unlikely"),
        (260.0, "osteoporosis unlikely"),
    ],
)
def test_each_published_threshold_opens_a_band(mean_hu: float, words: str) -> None:
    said = at_120(findings(), readings(L1=mean_hu))
    assert (said.level, said.mean_hu) == ("L1", mean_hu)
    assert said.category is not None
    assert said.category.startswith(words)


def test_the_table_of_bands_is_that_of_pickhardt_2013() -> None:
    assert [band.at_most_hu for band in BANDS] == [110.0, 135.0, 160.0, float("inf")]
    assert all(str(round(low)) in words for low, words in [(b.at_most_hu, b.words) for b in BANDS[:-1]])


@given(st.floats(-50, 500), st.floats(-50, 500))
def test_denser_bone_is_never_in_a_lower_band(one: float, two: float) -> None:
    bands = [band.words for band in BANDS]
    low, high = sorted((one, two))
    assert bands.index(category(low)) <= bands.index(category(high))


@pytest.mark.parametrize(("mean_hu", "words"), [(107.0, "104 HU"), (165.0, "169 HU")])
def test_where_british_thresholds_differ_it_is_said(mean_hu: float, words: str) -> None:
    (condition,) = at_120(findings(), readings(L1=mean_hu)).conditions
    assert words in condition


@pytest.mark.parametrize(("kvp", "words"), [(None, "unknown"), (100.0, "100 kV"), (140.0, "140 kV"), (80.0, "80 kV")])
def test_a_category_needs_120_kv(kvp: float | None, words: str) -> None:
    said = opportunistic(findings(), readings(L1=95.0), kvp, None)
    assert said is not None
    assert (said.level, said.mean_hu, said.category) == ("L1", 95.0, None)
    (condition,) = said.conditions
    assert condition.startswith("no category: the tube voltage is")
    assert words in condition


def test_contrast_is_said_and_not_subtracted() -> None:
    said = opportunistic(findings(), readings(L1=150.0), 120.0, "Omnipaque 350")
    assert said is not None
    assert (said.mean_hu, said.category) == (150.0, category(150.0))
    (condition,) = said.conditions
    assert "Omnipaque 350" in condition
    assert "10-20 HU" in condition


@pytest.mark.parametrize("word", ["", "NONE", "No", " no contrast "])
def test_a_header_that_denies_contrast_is_believed(word: str) -> None:
    said = opportunistic(findings(), readings(), 120.0, word)
    assert said is not None
    assert said.conditions == ()


def test_a_fractured_l1_is_left_for_t12() -> None:
    said = at_120(findings({"L1": 0.35}), readings(L1=210.0, T12=100.0))
    assert (said.level, said.mean_hu, said.category) == ("T12", 100.0, category(100.0))
    assert said.conditions == ("L1 is not used: fractured, grade 2", "measured at T12; the thresholds were set at L1")


def test_cement_in_l1_and_a_fractured_t12_leave_l2() -> None:
    said = at_120(findings({"T12": 0.5}), readings(L1="metal, cement or dense sclerosis in the body", L2=140.0))
    assert (said.level, said.category) == ("L2", category(140.0))
    assert [c.split(":")[0] for c in said.conditions[:2]] == ["L1 is not used", "T12 is not used"]


def test_a_mild_deformity_is_used_and_said() -> None:
    said = at_120(findings({"L1": 0.22}), readings())
    assert said.level == "L1"
    assert said.category is not None
    assert "mild deformity" in said.conditions[0]


def test_a_fracture_without_a_neighbour_to_stand_in_has_no_category() -> None:
    names = ("T9", "T10", "T11", "L1", "L3")
    said = opportunistic(findings({"L1": 0.35}, names=names), readings(names, L1=190.0), 120.0, None)
    assert said is not None
    assert (said.level, said.mean_hu, said.category) == ("L1", 190.0, None)
    assert said.conditions == ("no category: fractured, grade 2",)


def test_a_body_that_is_not_graded_may_be_fractured() -> None:
    found = [replace(f, grade=None, reason="cut by the field of view") if f.vertebra.level == "L1" else f for f in findings()]
    said = at_120(tuple(found), readings())
    assert said.level == "T12"
    assert "a fracture is not excluded" in said.conditions[0]


def test_an_uncertain_name_is_said() -> None:
    assert "uncertain (60%)" in at_120(findings(sure=0.6), readings()).conditions[0]


def test_a_chest_that_ends_above_t12_says_nothing() -> None:
    names = ("T8", "T9", "T10")
    assert opportunistic(findings(names=names), readings(names), 120.0, None) is None
    assert opportunistic((), (), 120.0, None) is None


def test_bodies_that_are_not_measured_say_nothing() -> None:
    none = dict.fromkeys(("T12", "L1", "L2"), "air or no image in the region")
    assert opportunistic(findings(), readings(**none), 120.0, None) is None
