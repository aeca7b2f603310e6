from __future__ import annotations

import numpy as np
import pytest

from endplate.anatomy.vertebra import exact
from endplate.detection import codec
from endplate.detection.chain import main_chain, upright


def bodies(rows: list[float]) -> list[codec.Body]:
    box = np.array([[[s * 10.0, t] for s in (-1, 1)] for t in (-14.0, 0.0, 14.0)])
    return [codec.Body(box + np.array([row, 40.0]), np.zeros((3, 2))) for row in rows]


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([0, 30, 60, 90, 120, 195, 225], 5),  # two bodies of the pelvis below a lumbar spine
        ([0, 100, 125, 150, 175], 4),  # one in the head above a neck
        ([0, 30, 60, 120, 150, 180], 6),  # one missed body is no reason to cut
        ([0, 30, 60, 90, 200, 230, 260], 7),  # a long piece of metal between two good parts
        ([0, 18, 37, 58, 80, 105, 135, 168], 8),  # spacing grows from neck to loin
        ([0, 30], 2),
        ([], 0),
    ],
)
def test_strays_are_dropped_and_gaps_are_not(rows: list[float], kept: int) -> None:
    assert len(main_chain(bodies(rows))) == kept


def test_a_step_to_the_side_ends_the_column() -> None:
    places = [(3.0 * k, 0.0, -35.0 * k) for k in range(6)] + [(80.0, 0.0, -220.0), (84.0, 0.0, -250.0)]
    column = [exact(np.array([[[t, 0, s] for s in (10.0, -10.0)] for t in (-14.0, 0.0, 14.0)]) + np.array(p)) for p in places]
    assert upright(column) == column[:6]
    assert upright([]) == []
    assert upright(column[:1]) == column[:1]
