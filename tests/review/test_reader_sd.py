"""Where the deviation of a reader's points comes from: the public expert annotation."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from endplate.evaluation.expert_annotation import read_annotations
from endplate.morphometry.heights import heights
from endplate.review.apply import READER_SD_MM

pytestmark = pytest.mark.data


def test_experts_differ_from_each_other_as_the_readers_deviation_says(shared_data: Path) -> None:
    patients = read_annotations(shared_data / "experts")
    pairs = [
        (readings[a][level], readings[b][level])
        for readings in patients.values()
        for a, b in combinations(readings, 2)
        for level in readings[a].keys() & readings[b].keys()
    ]
    one, other = (np.array(side) for side in zip(*pairs, strict=True))
    assert len(one) == 3239
    axis = (one[..., 0, :] - one[..., 1, :]).mean(1)
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    along = np.einsum("ncei,ni->nce", one - other, axis)
    by_point, by_height = along.std(0) / np.sqrt(2), (heights(one) - heights(other)).std(0) / 2
    assert (by_point.min(), by_point.max()) == pytest.approx((0.439, 0.474), abs=0.001)
    assert (by_height.min(), by_height.max()) == pytest.approx((0.516, 0.533), abs=0.001)
    assert by_point.min() < READER_SD_MM < by_height.max()
