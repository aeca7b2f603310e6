"""The measure itself, on the public annotation of 100 unselected chest CTs; nothing of it is in the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from endplate.evaluation.expert_annotation import Reading, read_annotations
from endplate.morphometry import Finding, measure
from endplate.morphometry.norms import EXPERTS, shipped

Read = dict[str, Finding]
pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def readings(shared_data: Path) -> list[tuple[Read, Read]]:
    """Findings of the first and the second expert, scan by scan."""
    patients = read_annotations(shared_data / "experts").values()
    return [(findings(by["expert1"]), findings(by["expert2"])) for by in patients]


def findings(reading: Reading) -> Read:
    names, points = list(reading), np.array(list(reading.values()))
    return {n: f for n, f in zip(names, measure(points, names, norms=shipped(EXPERTS)), strict=True) if f.assessable}


def kappa(one: np.ndarray, other: np.ndarray) -> float:
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return float(((one == other).mean() - chance) / (1 - chance))


def test_prevalence_is_that_of_an_expert_read(readings: list[tuple[Read, Read]]) -> None:
    grades = np.array([f.grade for pair in readings for read in pair for f in read.values()])
    assert 0.04 <= (grades >= 1).mean() <= 0.06
    assert 0.02 <= (grades >= 2).mean() <= 0.035


def test_the_neighbour_rule_calls_few_bodies_that_the_ratios_do_not(readings: list[tuple[Read, Read]]) -> None:
    every = [f for pair in readings for read in pair for f in read.values()]
    behind = np.array([1 - f.heights_mm[2] / f.posterior_expected_mm for f in every])
    assert np.nanmean(behind >= 0.20) < 0.006
    assert np.nanmedian(behind) == pytest.approx(0.0, abs=0.01)


def test_two_experts_agree_better_than_on_the_raw_index(readings: list[tuple[Read, Read]]) -> None:
    both = [(a[n], b[n]) for a, b in readings for n in a.keys() & b.keys()]
    loss, raw = (np.array([[getattr(f, k) for f in pair] for pair in both]) for k in ("loss", "genant_index"))
    assert kappa(*(loss >= 0.20).T) > 0.70
    assert kappa(*(loss >= 0.20).T) > kappa(*(raw < 0.80).T) + 0.10
