from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from endplate.anatomy import Vertebra, levels
from endplate.anatomy.vertebra import exact
from endplate.labelling.geometry_evidence import FEATURES, LevelShapes, features, geometry_evidence, shipped, with_geometry
from endplate.labelling.name import name_levels
from endplate.training.level_shapes import estimate

THORACIC = [f"T{i}" for i in range(1, 13)]


def spine(names: list[str], size: float = 1.0, shapes: LevelShapes | None = None) -> list[Vertebra]:
    """Bodies exactly as the table expects them, head to feet along -z, ``size`` times as large."""
    table, z, out = shapes or shipped(), 0.0, []
    for name in names:
        height, depth, spacing = size * np.exp(table.expected[levels.USUAL.index(name), :3])
        tilt = table.expected[levels.USUAL.index(name), 3]
        back, up = np.array([0.0, np.cos(tilt), np.sin(tilt)]), np.array([0.0, -np.sin(tilt), np.cos(tilt)])
        columns = [[a * depth * back + b * height * up for b in (0.5, -0.5)] for a in (-0.5, 0.0, 0.5)]
        out.append(exact(np.array(columns) + np.array([0.0, 0.0, z])))
        z -= spacing
    return out


def named(vertebrae: list[Vertebra]) -> list[str | None]:
    evidence = with_geometry(np.zeros((len(vertebrae), 25)), vertebrae, shipped())
    return [v.level for v in name_levels(vertebrae, evidence).vertebrae]


def test_features_are_what_the_spine_was_made_of() -> None:
    seen = features(spine(["T7", "T8", "T9"]))
    expected = shipped().expected[[levels.USUAL.index(n) for n in ("T7", "T8", "T9")]]
    expected[-1, FEATURES.index("spacing")] = np.nan
    np.testing.assert_allclose(seen, expected, atol=1e-9)


@pytest.mark.parametrize(
    "names", [THORACIC, ["C7", *THORACIC[:8]], [*THORACIC[8:], "L1", "L2", "L3"], ["L1", "L2", "L3", "L4", "L5"]]
)
def test_a_usual_spine_is_named_by_its_shape(names: list[str]) -> None:
    assert named(spine(names)) == names


@pytest.mark.parametrize("size", [0.9, 1.1])
def test_a_small_or_a_large_patient_is_named_as_well(size: float) -> None:
    assert named(spine(THORACIC, size)) == THORACIC


def test_two_crushed_bodies_do_not_shift_the_names() -> None:
    bodies = spine(THORACIC)
    for i in (6, 10):
        middle = bodies[i].points_mm.mean(1, keepdims=True)
        bodies[i] = replace(bodies[i], points_mm=middle + (bodies[i].points_mm - middle) * 0.5)
    assert named(bodies) == THORACIC


def test_a_missed_body_is_counted() -> None:
    bodies = spine(THORACIC)
    del bodies[5]
    assert named(bodies) == THORACIC[:5] + THORACIC[6:]


def test_a_cut_body_says_nothing_of_its_own() -> None:
    bodies = [replace(v, complete=False) for v in spine(["T7", "T8"])]
    assert np.isnan(features(bodies)).all()
    np.testing.assert_allclose(geometry_evidence(bodies, shipped()), -np.log(25.0))


def test_evidence_is_a_log_probability_for_one_body_and_for_more_than_there_are_levels() -> None:
    for bodies in (spine(["T7"]), spine(["T7"] * 30)):
        evidence = geometry_evidence(bodies, shipped())
        assert np.isfinite(evidence).all()
        np.testing.assert_allclose(np.exp(evidence).sum(1), 1.0)


def test_the_courses_come_back_from_spines_that_were_made_from_them() -> None:
    """Ten patients of different sizes, exact but for their size."""
    rng, names = np.random.default_rng(0), [*THORACIC, "L1", "L2", "L3"]
    at = np.array([int(levels.coordinate(n)) for n in names])
    scans = {str(i): (features(spine(names, float(np.exp(rng.normal(0, 0.05))))), at) for i in range(10)}
    found = estimate(scans)
    inner = at[1:-1] - 1
    np.testing.assert_allclose(np.diff(found.expected[inner], axis=0), np.diff(shipped().expected[inner], axis=0), atol=0.03)
    np.testing.assert_array_equal(found.expected[24], found.expected[at[-1] - 1])
