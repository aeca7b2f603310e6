"""What the surroundings of each body say about its level: ribs that meet it, sacrum, lungs, first rib, neck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra
from endplate.geometry import bases
from endplate.geometry.curves import Curve
from endplate.labelling import codec
from endplate.labelling.wide_box import Settings, WideBox, wide_box
from endplate.volume import Volume

Floats = NDArray[np.floating]


class LevelReader(Protocol):
    """Anything that reads a wide box: a network, an oracle, a test's function."""

    def __call__(self, box: WideBox) -> Floats:
        """Log-probabilities (cells, levels)."""
        ...


def read_levels(
    volume: Volume,
    curve: Curve,
    vertebrae: Sequence[Vertebra],
    reader: LevelReader,
    settings: tuple[Settings, codec.Settings] | None = None,
) -> Floats:
    """Log-probabilities (n, levels) of the vertebrae's levels, C1 to S1."""
    grid, rules = settings or (Settings(), codec.Settings())
    if not vertebrae:
        return np.zeros((0, codec.LEVELS))
    box = wide_box(volume, curve, grid)
    s = bases.straight_from_patient(curve, np.array([v.centre_mm for v in vertebrae]))[:, 0]
    return codec.decode(reader(box), box, s, rules)
