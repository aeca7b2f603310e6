from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from endplate.evaluation.expert_annotation import consensus, read_annotations
from endplate.morphometry.heights import heights

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def patients(shared_data: Path) -> dict:
    return read_annotations(shared_data / "experts")


def test_points_are_lps_millimetres_head_to_feet(patients: dict) -> None:
    """Superior above inferior, anterior before posterior, vertebrae one below the other; heights as published."""
    assert len(patients) == 100
    for readings in patients.values():
        points = np.array(list(readings["expert1"].values()))
        assert (points[:, :, 0, 2] > points[:, :, 1, 2]).all()
        assert (points[:, 0, :, 1] < points[:, 2, :, 1]).all()
        assert (np.diff(points.mean((1, 2))[:, 2]) < 0).all()
    t8 = np.array([heights(consensus(readings)["T8"]) for readings in patients.values()])
    assert t8.mean(0) == pytest.approx([19.2, 18.1, 21.7], abs=0.5)


def test_experts_are_as_far_apart_as_reported(patients: dict) -> None:
    """The .88 mm of ../shared/accuracy.md are in the sagittal plane; from left to right experts choose other columns."""
    apart = np.array(
        [
            readings[one][level] - readings[other][level]
            for readings in patients.values()
            for one, other in combinations(readings, 2)
            for level in readings[one].keys() & readings[other].keys()
        ]
    )
    assert len(apart) == 3239
    sagittal = np.linalg.norm(apart[..., 1:], axis=-1)
    assert (sagittal.mean(), np.percentile(sagittal, 95)) == pytest.approx((0.875, 1.962), abs=0.001)
    assert np.linalg.norm(apart, axis=-1).mean() == pytest.approx(1.467, abs=0.001)


def test_a_consensus_without_an_expert_does_not_contain_him(patients: dict) -> None:
    readings = next(r for r in patients.values() if len(r) == 2)
    other = consensus(readings, without="expert1")
    assert all((other[level] == readings["expert2"][level]).all() for level in other)
