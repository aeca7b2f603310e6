"""Levels to the level reader's map and back: log-probabilities of the levels C1 to S1, cell by cell along the spine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.labelling.wide_box import WideBox

Floats = NDArray[np.floating]
LEVELS = 25
"""C1 (index 0) to S1 (index 24); the variants T13 and L6 look like their neighbours and are told by counting."""
UNLIKELY = -12.0


@dataclass(frozen=True)
class Settings:
    """What decoding needs; travels with the weights.

    Attributes:
        cell: indices of the box per cell.
        temperature: divides the evidence of a whole chain where the names' probabilities are computed, never where the names
            are chosen; above 1 where it is too sure, calibrated on held-out cases.
    """

    cell: int = 2
    temperature: float = 1.0


def encode(centre_index: Floats, level: Floats, cells: int, settings: Settings | None = None) -> Floats:
    """Log-probabilities (cells, levels) of a perfect reader, for bodies at indices (n,) with level coordinates (n,)."""
    rules = settings or Settings()
    middle = (np.arange(cells) + 0.5) * rules.cell - 0.5
    order = np.argsort(centre_index)
    at = np.interp(middle, np.asarray(centre_index)[order], np.asarray(level)[order])
    away = np.abs(at[:, None] - np.arange(1, LEVELS + 1))
    raw = np.maximum(-8.0 * away, UNLIKELY)
    out: Floats = raw - np.log(np.exp(raw).sum(1, keepdims=True))
    return out


def decode(log_probability: Floats, box: WideBox, s_mm: Floats, settings: Settings | None = None) -> Floats:
    """Log-probabilities (n, levels) at arc lengths (n,), linear between the cells' middles."""
    rules = settings or Settings()
    place = (box.index(s_mm) + 0.5) / rules.cell - 0.5
    cells = np.arange(len(log_probability))
    raw = np.stack([np.interp(place, cells, column) for column in log_probability.T], -1)
    raw = np.maximum(raw - raw.max(1, keepdims=True), UNLIKELY)
    out: Floats = raw - np.log(np.exp(raw).sum(1, keepdims=True))
    return out
