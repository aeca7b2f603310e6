from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import endplate
from endplate.anatomy import Vertebra
from endplate.anatomy.vertebra import exact
from endplate.morphometry import Finding, measure
from endplate.morphometry.norms import LevelNorm, Norms
from strategies import body_points, chains, normal_column, rotations

THORAX = ("T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12")
T8 = THORAX.index("T8")


def squeezed(points: np.ndarray, body: int, factors: tuple[float, float, float]) -> np.ndarray:
    out = points.copy()
    for column, factor in enumerate(factors):
        superior, inferior = out[body, column]
        out[body, column, 0] = inferior + (superior - inferior) * factor
    return out


def at_t8(factors: tuple[float, float, float], size: float = 1.0) -> Finding:
    return measure(squeezed(normal_column(THORAX, size), T8, factors), THORAX)[T8]


@pytest.mark.parametrize("size", [0.85, 1.0, 1.2])
def test_a_body_at_its_norm_has_lost_nothing_in_a_patient_of_any_size(size: float) -> None:
    for finding in measure(normal_column(THORAX, size), THORAX):
        assert finding.loss == pytest.approx(0.0, abs=1e-9)
        assert finding.grade == 0
        assert finding.shape is finding.flag is finding.reason is None
        assert finding.z == pytest.approx([0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize(
    ("factors", "shape", "loss"),
    [((0.7, 1, 1), "wedge", 0.3), ((1, 0.7, 1), "biconcave", 0.3), ((0.7, 0.7, 0.7), "crush", 0.3), ((0.5, 0.7, 1), "wedge", 0.5)],
)
def test_a_planted_fracture_is_read_back(factors: tuple[float, float, float], shape: str, loss: float) -> None:
    finding = at_t8(factors)
    assert (finding.shape, finding.flag) == (shape, "fracture (actionable)")
    assert finding.loss == pytest.approx(loss, abs=1e-6)


def test_two_crushed_bodies_beside_each_other_are_both_seen() -> None:
    points = squeezed(squeezed(normal_column(THORAX), T8, (0.7,) * 3), T8 + 1, (0.7,) * 3)
    found = measure(points, THORAX)
    assert [f.grade for f in found] == [0, 0, 0, 0, 2, 2, 0, 0, 0]
    assert [found[i].loss for i in (T8, T8 + 1)] == pytest.approx([0.3, 0.3])


def test_physiological_wedging_is_no_fracture_and_the_raw_index_would_call_it_one() -> None:
    finding = at_t8((0.9, 0.9, 1.0))
    assert finding.genant_index < 0.80
    assert finding.grade == 0


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1), st.floats(0.3, 1.0), st.floats(0.3, 1.0), chains(least=4))
def test_the_loss_grows_as_front_or_middle_is_compressed(
    column: int, one: float, other: float, chain: tuple[Vertebra, ...]
) -> None:
    body = len(chain) // 2
    points, names = np.array([v.points_mm for v in chain]), [v.level for v in chain]
    more, less = sorted((one, other))
    factors = [tuple(f if c == column else 1.0 for c in range(3)) for f in (more, less)]
    heavy, light = (measure(squeezed(points, body, f), names)[body] for f in factors)
    if heavy.grade is not None and light.grade is not None:
        assert heavy.loss >= light.loss - 1e-9
        assert heavy.grade >= light.grade


@settings(deadline=None, max_examples=60)
@given(chains(least=4), st.floats(0.5, 1.5))
def test_what_is_expected_of_a_body_does_not_depend_on_it(chain: tuple[Vertebra, ...], factor: float) -> None:
    body = len(chain) // 2
    points, names = np.array([v.points_mm for v in chain]), [v.level for v in chain]
    before, after = (measure(squeezed(points, body, (f,) * 3), names)[body] for f in (1.0, factor))
    if before.assessable and after.assessable:
        assert after.posterior_expected_mm == pytest.approx(before.posterior_expected_mm, nan_ok=True)


@settings(deadline=None, max_examples=60)
@given(chains())
def test_what_a_finding_promises(chain: tuple[Vertebra, ...]) -> None:
    for vertebra, finding in zip(chain, measure(chain), strict=True):
        assert finding.vertebra is vertebra
        assert finding.assessable == (finding.grade is not None) == (finding.reason is None)
        if finding.assessable:
            low, high = finding.loss_interval_95
            assert 0.0 <= low <= finding.loss <= high <= 1.0
            assert sum(finding.grade_probability) == pytest.approx(1.0)
            assert min(finding.grade_probability) >= 0.0
            assert (finding.shape is not None) == (finding.grade is not None and finding.grade > 0)
        else:
            assert np.isnan(finding.loss)
            assert finding.flag is None
            assert not any(finding.grade_probability)


@settings(deadline=None, max_examples=40)
@given(chains(least=3), rotations(), st.floats(-300, 300))
def test_the_loss_does_not_change_when_the_patient_moves(chain: tuple[Vertebra, ...], turn: np.ndarray, away: float) -> None:
    points, names = np.array([v.points_mm for v in chain]), [v.level for v in chain]
    here, there = measure(points, names), measure(points @ turn.T + away, names)
    assert [f.loss for f in there] == pytest.approx([f.loss for f in here], abs=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(chains(least=3), st.randoms(use_true_random=False))
def test_the_order_of_the_bodies_does_not_matter(chain: tuple[Vertebra, ...], random: object) -> None:
    shuffled = list(chain)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    loss = {f.vertebra.level: f.loss for f in measure(shuffled)}
    assert [loss[f.vertebra.level] for f in measure(chain)] == pytest.approx([f.loss for f in measure(chain)], nan_ok=True)


def test_an_array_and_vertebrae_give_the_same() -> None:
    points = squeezed(normal_column(THORAX), T8, (0.7, 0.9, 1))
    sd = np.full((len(THORAX), 3, 2), 0.6)
    bodies = [Vertebra(p, s, n, 1.0) for p, s, n in zip(points, sd, THORAX, strict=True)]
    for one, other in zip(measure(points, THORAX, sd), measure(bodies), strict=True):
        assert (one.loss, one.loss_interval_95, one.grade_probability) == (
            other.loss,
            other.loss_interval_95,
            other.grade_probability,
        )


def test_a_gap_in_the_chain_still_counts_levels() -> None:
    """T4 is no neighbour of T9, though it is the next body in view."""
    names = ("T3", "T4", "T9", "T10")
    assert all(np.isnan(f.posterior_expected_mm) for f in measure(normal_column(names), names))


def test_too_few_neighbours_leave_the_ratios() -> None:
    (one, *_), pair = measure(normal_column(("T8",)), ("T8",)), measure(normal_column(("T8", "T9")), ("T8", "T9"))
    for finding in (one, *pair):
        assert np.isnan(finding.posterior_expected_mm)
        assert finding.grade == 0


def test_unknown_levels_take_the_declared_fallback() -> None:
    for finding in measure(normal_column(("T4", "T5", "T6"))):
        assert finding.assessable
        assert finding.weak_norm
        assert np.isnan(finding.posterior_expected_mm)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (Vertebra(body_points((20, 18, 21)), np.zeros((3, 2)), "T8", 1.0, complete=False), "cut by the field of view"),
        (exact(body_points((20, 18, 21)), "C2"), "C2 lies outside the norms"),
        (exact(body_points((2, 18, 21)), "T8"), "heights of 2 to 21 mm are implausible"),
        (exact(body_points((20, 18, 80)), "T8"), "heights of 18 to 80 mm are implausible"),
        (exact(body_points((20, 18, 21), depth_mm=3.0), "T8"), "a depth of 3 mm is implausible"),
        (exact(body_points((20, 18, 21)), "S1"), "S1 lies outside the norms"),
        (Vertebra(body_points((20, 18, 21)), np.full((3, 2), np.nan), "T8"), "the points' deviations are not finite"),
    ],
)
def test_what_cannot_be_assessed_says_why(body: Vertebra, reason: str) -> None:
    (finding,) = measure([body])
    assert finding.reason == reason
    assert finding.grade is None


def test_crossed_points_are_not_assessed() -> None:
    points = body_points((20, 18, 21))
    points[1] = points[1, ::-1]
    (finding,) = measure([exact(points, "T8")])
    assert finding.reason == "superior and inferior points cross"


def test_nothing_gives_nothing() -> None:
    assert measure([]) == measure(np.zeros((0, 3, 2, 3)), []) == ()


@pytest.mark.parametrize(
    ("points", "names", "sd", "said"),
    [
        (np.zeros((2, 3, 2)), ["T8", "T9"], None, r"shape \(n, 3, 2, 3\)"),
        (np.zeros((2, 3, 2, 3)), ["T8"], None, "2 vertebrae came with 1 levels"),
        (np.zeros((1, 3, 2, 3)), ["Th8"], None, "unknown level 'Th8'"),
        (np.zeros((1, 3, 2, 3)), ["T8"], np.zeros((2, 3, 2)), "deviations of shape"),
        (np.full((1, 3, 2, 3), np.nan), ["T8"], None, "finite"),
        ([exact(body_points((20, 18, 21)), "T8")], ["T9"], None, "carry their own levels"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(points: np.ndarray, names: list[str], sd: np.ndarray | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        measure(points, names, sd)


def test_norms_of_ones_own() -> None:
    square = Norms("square", {"T8": LevelNorm(1.0, 0.05, 1.0, 0.05, 20.0, False)})
    (finding,) = measure(body_points((15, 20, 20))[None], ["T8"], norms=square)
    assert (finding.loss, finding.grade, finding.shape) == (pytest.approx(0.25), 2, "wedge")
    assert finding.z[0] == pytest.approx(-5.0)


@pytest.mark.parametrize(("kept", "grade"), [(0.7999, 1), (0.75, 2), (0.60, 3), (0.8001, 0), (0.7501, 1), (0.6001, 2)])
def test_grades_change_at_their_borders(kept: float, grade: int) -> None:
    square = Norms("square", {"T8": LevelNorm(1.0, 0.05, 1.0, 0.05, float("nan"), False)})
    (finding,) = measure(body_points((20 * kept, 20, 20))[None], ["T8"], norms=square)
    assert finding.grade == grade


def test_a_fractured_neighbour_does_not_make_its_neighbours_abnormal() -> None:
    healthy = measure(normal_column(THORAX), THORAX)
    for factors in ((0.5, 0.6, 1.0), (0.6, 0.6, 0.6), (0.75, 0.75, 0.75)):
        beside = measure(squeezed(normal_column(THORAX), T8, factors), THORAX)
        for i in range(len(THORAX)):
            if i != T8:
                assert (beside[i].loss, beside[i].grade) == (pytest.approx(healthy[i].loss, abs=1e-9), 0)


@pytest.mark.parametrize("level", ["C3", "C4", "C5", "C6", "L5"])
def test_levels_without_a_posterior_norm_have_no_posterior_term(level: str) -> None:
    names = ("C3", "C4", "C5", "C6", "C7", "T1") if level.startswith("C") else ("L1", "L2", "L3", "L4", "L5")
    body = names.index(level)
    finding = measure(squeezed(normal_column(names), body, (0.6, 0.6, 0.6)), names)[body]
    assert np.isnan(finding.posterior_expected_mm)
    assert (finding.grade, finding.loss) == (0, pytest.approx(0.0, abs=1e-9))


def test_the_public_function_is_this_one() -> None:
    assert endplate.measure is measure
    (finding,) = endplate.measure(body_points((13, 17, 21))[None], ["T8"])
    assert (finding.shape, finding.grade) == ("wedge", 2)


@settings(deadline=None, max_examples=30)
@given(chains(least=3), st.floats(0.8, 1.25))
def test_loss_ratios_and_index_do_not_change_with_the_patients_size(chain: tuple[Vertebra, ...], size: float) -> None:
    points, names = np.array([v.points_mm for v in chain]), [v.level for v in chain]
    for one, other in zip(measure(points, names), measure(size * points, names), strict=True):
        assert other.genant_index == pytest.approx(one.genant_index)
        assert other.ratios == pytest.approx(one.ratios)
        if one.assessable and other.assessable:
            assert other.loss == pytest.approx(one.loss, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(chains())
def test_measuring_twice_gives_the_same(chain: tuple[Vertebra, ...]) -> None:
    for one, other in zip(measure(chain), measure(chain), strict=True):
        assert repr(one) == repr(other)


def test_fractured_neighbours_do_not_lower_what_is_expected() -> None:
    """T9 to T11 are fractured and low behind; T8, crushed by 30 %, is still held against the sound T5 to T7."""
    points = squeezed(normal_column(THORAX), T8, (0.7,) * 3)
    for body in (T8 + 1, T8 + 2, T8 + 3):
        points = squeezed(points, body, (0.4, 0.6, 0.75))
    finding = measure(points, THORAX)[T8]
    assert (finding.loss, finding.grade, finding.shape) == (pytest.approx(0.3), 2, "crush")
