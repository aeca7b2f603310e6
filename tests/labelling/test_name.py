from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.anatomy import Vertebra, levels
from endplate.anatomy.vertebra import exact
from endplate.labelling import codec
from endplate.labelling.name import name_levels, with_coordinate


def chain(count: int, gap_after: int | None = None, spacing: float = 25.0) -> list[Vertebra]:
    """Bodies 20 mm tall; a body is missing after index ``gap_after``."""
    box = np.array([[[0.0, t, 10], [0, t, -10]] for t in (-14.0, 0, 14)])
    step = [spacing * (i + (gap_after is not None and i > gap_after)) for i in range(count)]
    return [exact(box - (0.0, 0.0, s)) for s in step]


def reading(names: list[str], sharpness: float = 2.0) -> np.ndarray:
    level = np.array([levels.coordinate(n) for n in names])
    raw = -sharpness * np.abs(level[:, None] - np.arange(1, codec.LEVELS + 1))
    return raw - np.logaddexp.reduce(raw, axis=1, keepdims=True)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 16), st.integers(3, 8), st.integers(0, 2**31))
def test_a_few_wrong_readings_do_not_break_the_chain(top: int, count: int, seed: int) -> None:
    names = list(levels.USUAL[top : top + count])
    evidence = reading(names)
    evidence[np.random.default_rng(seed).integers(count)] = reading([levels.USUAL[min(top + 3, 23)]])[0]
    found = name_levels(chain(count), evidence)
    assert [v.level for v in found.vertebrae] == [n for n in names if n != "S1"]


def test_a_missed_body_is_counted() -> None:
    found = name_levels(chain(6, gap_after=2), reading(["T5", "T6", "T7", "T9", "T10", "T11"]))
    assert [v.level for v in found.vertebrae] == ["T5", "T6", "T7", "T9", "T10", "T11"]


def test_no_body_is_invented_where_none_is_missing() -> None:
    evidence = reading(["T5", "T6", "T7", "T9", "T10", "T11"], sharpness=0.4)
    found = [levels.order(str(v.level)) for v in name_levels(chain(6), evidence).vertebrae]
    assert np.diff(found).tolist() == [1] * 5


def test_further_segments_of_the_sacrum_are_left_out_too() -> None:
    found = name_levels(chain(6), reading(["L3", "L4", "L5", "S1", "S1", "S1"], 4.0))
    assert [v.level for v in found.vertebrae] == ["L3", "L4", "L5"]


def test_sacrum_is_left_out() -> None:
    found = name_levels(chain(4), reading(["L3", "L4", "L5", "S1"], 4.0))
    assert [v.level for v in found.vertebrae] == ["L3", "L4", "L5"]


def test_vague_readings_give_low_confidence_and_an_alternative() -> None:
    vague, sharp = (name_levels(chain(5), reading(list(levels.USUAL[10:15]), s)) for s in (0.1, 5.0))
    assert sharp.confidence > 0.95
    assert vague.confidence < 0.5
    assert vague.alternative is not None


def test_a_reader_overrides_the_evidence() -> None:
    bodies = chain(4)
    found = name_levels(bodies, reading(["T1", "T2", "T3", "T4"], 5.0), top_level="T9")
    assert [v.level for v in found.vertebrae] == ["T9", "T10", "T11", "T12"]
    assert found.confidence > 0.99
    with pytest.raises(ValueError, match="do not fit"):
        name_levels(chain(8), reading(["T1"] * 8), top_level="L5")


def test_thirteenth_thoracic_needs_strong_evidence() -> None:
    names = ["T10", "T11", "T12", "T12", "L1", "L2", "L3", "L4", "L5"]
    found = name_levels(chain(9), reading(names, 14.0))
    assert [v.level for v in found.vertebrae] == ["T10", "T11", "T12", "T13", "L1", "L2", "L3", "L4", "L5"]


def test_coordinate_decides_where_the_reader_is_silent() -> None:
    silent = np.full((4, codec.LEVELS), -np.log(codec.LEVELS))
    found = name_levels(chain(4), with_coordinate(silent, np.array([10.2, 11.1, 12.3, 12.8])))
    assert [v.level for v in found.vertebrae] == ["T3", "T4", "T5", "T6"]


def test_no_vertebrae() -> None:
    assert name_levels([], np.zeros((0, codec.LEVELS))).vertebrae == ()


@pytest.mark.parametrize("missed", [1, 2, 3])
def test_several_bodies_missed_in_one_place_are_counted(missed: int) -> None:
    bodies = [*chain(3), *(exact(v.points_mm - (0.0, 0.0, 25.0 * (3 + missed))) for v in chain(3))]
    names = [*levels.USUAL[10:13], *levels.USUAL[13 + missed : 16 + missed]]
    assert [v.level for v in name_levels(bodies, reading(list(names))).vertebrae] == list(names)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 16), st.integers(3, 8), st.floats(0.1, 6.0))
def test_probabilities_are_probabilities(top: int, count: int, sharpness: float) -> None:
    found = name_levels(chain(count), reading(list(levels.USUAL[top : top + count]), sharpness))
    assert 0.0 <= found.confidence <= min(v.level_confidence for v in found.vertebrae) + 1e-9
    assert max(v.level_confidence for v in found.vertebrae) <= 1.0
    assert 0.0 <= found.alternative_probability <= 1.0 - found.vertebrae[0].level_confidence + 1e-9


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 16), st.integers(3, 8), st.floats(-3.0, 3.0))
def test_names_never_go_back_up(top: int, count: int, off: float) -> None:
    coordinate = np.arange(top, top + count) + 1 + off
    silent = np.full((count, codec.LEVELS), -np.log(codec.LEVELS))
    order = [levels.order(str(v.level)) for v in name_levels(chain(count), with_coordinate(silent, coordinate)).vertebrae]
    assert (np.diff(order) > 0).all()


def test_a_coordinate_that_is_not_known_says_nothing() -> None:
    evidence = reading(["T3", "T4", "T5"])
    joined = with_coordinate(evidence, np.array([np.nan, 11.0, np.nan]))
    assert joined[[0, 2]].tolist() == evidence[[0, 2]].tolist()
    assert [v.level for v in name_levels(chain(3), joined).vertebrae] == ["T3", "T4", "T5"]


def test_a_less_sure_coordinate_weighs_less() -> None:
    silent = np.zeros((2, codec.LEVELS))
    sure, unsure = (with_coordinate(silent, np.array([10.0, 11.0]), s) for s in (0.5, np.array([2.0, 2.0])))
    assert sure == pytest.approx(4.0 * unsure)


def test_a_readers_count_starts_at_the_first_complete_body_and_steps_over_a_gap() -> None:
    cut = replace(chain(1)[0], complete=False)
    bodies = [cut, *(exact(v.points_mm - (0.0, 0.0, 25.0)) for v in chain(4, gap_after=1))]
    silent = np.zeros((5, codec.LEVELS))
    found = name_levels(bodies, silent, top_level="T4")
    assert [v.level for v in found.vertebrae] == ["T3", "T4", "T5", "T7", "T8"]
    assert found.confidence < 1.0, "the gap was counted, not read"
    assert name_levels(chain(4), silent[:4], top_level="T4").confidence == 1.0


@pytest.mark.parametrize("top_level", ["Th4", "T13", "S2"])
def test_a_top_level_that_is_none_is_refused(top_level: str) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        name_levels(chain(3), np.zeros((3, codec.LEVELS)), top_level=top_level)


@pytest.mark.parametrize("shared", [0.3, 0.5])
def test_the_confidence_is_honest_where_errors_go_together(shared: float) -> None:
    """Laplace errors of the coordinate, a share of whose variance the whole chain has in common."""
    random, sure, right = np.random.default_rng(5), [], []
    for _ in range(300):
        count = int(random.integers(6, 15))
        top = int(random.integers(2, 24 - count))
        names = list(levels.USUAL[top : top + count])
        error = np.sqrt(shared) * random.laplace(0, 0.6) + np.sqrt(1 - shared) * random.laplace(0, 0.6, count)
        read = with_coordinate(np.zeros((count, codec.LEVELS)), np.arange(top, top + count) + 1 + error, 0.6)
        found = name_levels(chain(count), read)
        sure.append(found.confidence)
        right.append([v.level for v in found.vertebrae] == names)
    assert np.mean(sure) <= np.mean(right) + 0.06
    assert np.mean(sure) > 0.4
