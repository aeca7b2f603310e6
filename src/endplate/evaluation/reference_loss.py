"""The loss by which truth and prediction are both judged: from the two ratios alone, without neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.morphometry.heights import ratios
from endplate.morphometry.norms import shipped

Floats = NDArray[np.floating]
NORMS = "chest-ct-experts-1"
"""Fixed, whatever the default table becomes: numbers of different versions stay comparable."""
NORMED = levels.USUAL[levels.USUAL.index("C7") : levels.USUAL.index("L5") + 1]
ELSEWHERE = (0.95, 0.86)
"""Ha/Hp and Hm/Hp expected at the levels that the reference script ../shared/tools/score.py has no norm for."""


def expected_ratios(level_names: Sequence[str]) -> Floats:
    """Expected Ha/Hp and Hm/Hp (n, 2)."""
    table = shipped(NORMS).levels
    return np.array([(table[n].ha_hp, table[n].hm_hp) if n in NORMED else ELSEWHERE for n in level_names], float).reshape(-1, 2)


def reference_loss(heights_mm: Floats, level_names: Sequence[str]) -> Floats:
    """Level-normalised loss (n,) of heights (n, 3) at the true levels; negative where taller than expected."""
    loss: Floats = (1.0 - ratios(heights_mm) / expected_ratios(level_names)).max(-1)
    return loss
