"""Norms in the convention of other annotators: a few of their bodies, and the course of a table that rests on many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from endplate.morphometry.norms import LevelNorm, Norms

Floats = NDArray[np.floating]
PRIOR_BODIES = 2.0
"""At a weak level the older table counts for as many bodies."""


def convention(ratios: Floats, levels: Sequence[str], table: Norms) -> Floats:
    """By what the ratios (n, 2) of healthy bodies exceed a table's, as medians (2,) over its well-founded levels.

    Where annotators put the middle point, deep in the endplate's dish or on its rim's level, moves Hm/Hp of all levels alike.
    """
    firm = [i for i, name in enumerate(levels) if name in table.levels and not table.levels[name].weak]
    factor: Floats = np.median(ratios[firm] / np.array([_of(table.levels[levels[i]]) for i in firm]), axis=0)
    return factor


def estimate(name: str, ratios: Floats, levels: Sequence[str], table: Norms) -> Norms:
    """Norms called ``name`` from ratios (n, 2) Ha/Hp, Hm/Hp of healthy bodies at ``levels``, carried by an older table.

    A well-founded level is the older table's times the convention; at a weak one the bodies themselves count, in logarithms,
    beside ``PRIOR_BODIES`` of the older table's. Spreads and posterior heights stay; ``bodies`` counts the new ones.
    """
    factor = convention(ratios, levels, table)
    return Norms(name, {level: _level(ratios[[n == level for n in levels]], norm, factor) for level, norm in table.levels.items()})


def _level(own: Floats, norm: LevelNorm, factor: Floats) -> LevelNorm:
    carried = np.log(_of(norm) * factor)
    if norm.weak and len(own):
        carried = (np.log(own).sum(0) + PRIOR_BODIES * carried) / (len(own) + PRIOR_BODIES)
    ha, hm = np.exp(carried)
    return replace(norm, ha_hp=round(float(ha), 3), hm_hp=round(float(hm), 3), bodies=len(own))


def _of(norm: LevelNorm) -> Floats:
    return np.array([norm.ha_hp, norm.hm_hp])
