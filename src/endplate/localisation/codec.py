"""The vertebral column to the localiser's maps and back, slice by slice of the coarse volume.

The coarse volume runs head to feet, rows to posterior, columns to the patient's left, ``spacing_mm`` isotropic. Heat has
one cell per ``stride`` voxels in plane; presence and level have one value per slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Settings:
    """What decoding needs; travels with the weights.

    Attributes:
        spacing_mm: grid of the coarse volume.
        stride: voxels per heat cell, in plane.
        hu_range: Hounsfield units that map to -1 and 1.
        presence_threshold: probability above which a slice holds the column.
        bend_cost: log-probability that each cell of sideways motion from slice to slice costs, squared.
        window_cells: half width of the window around the hottest cell that the soft-argmax sees.
        gap_mm: longest absence inside the column that is bridged.
        min_length_mm: shorter columns are "no spine".
        stiffness: of the smoothing spline, mm^3.
    """

    spacing_mm: float = 4.0
    stride: int = 2
    hu_range: tuple[float, float] = (-300.0, 900.0)
    presence_threshold: float = 0.5
    bend_cost: float = 1.0
    window_cells: int = 2
    gap_mm: float = 24.0
    min_length_mm: float = 28.0
    stiffness: float = 3000.0


@dataclass(frozen=True)
class Column:
    """The column in the voxels of the coarse volume, one entry per slice.

    Attributes:
        row_vox: (slices,) row of the column's centre.
        column_vox: (slices,) column of the column's centre.
        presence: (slices,) probability that the slice holds the column.
        level: (slices,) level coordinate (C1 = 1, T1 = 8, L5 = 24).
    """

    row_vox: Floats
    column_vox: Floats
    presence: Floats
    level: Floats


@dataclass(frozen=True)
class Maps:
    """What a localiser says about a coarse volume.

    Attributes:
        heat: logits (slices, cell rows, cell columns); their soft-argmax is the column's centre.
        presence: probability (slices,).
        level: level coordinate (slices,).
    """

    heat: Floats
    presence: Floats
    level: Floats


def cell_centre_vox(index: NDArray[np.integer] | Floats, stride: int) -> Floats:
    """Voxel coordinate of the centre of a heat cell."""
    return index * stride + (stride - 1) / 2


def encode(column: Column, shape: tuple[int, int, int], settings: Settings | None = None) -> Maps:
    """Maps of a perfect localiser for a column, with heat of shape (slices, cell rows, cell columns)."""
    stride = (settings or Settings()).stride
    rows, columns = (cell_centre_vox(np.arange(n), stride) for n in shape[1:])
    away = (rows[None, :, None] - column.row_vox[:, None, None]) ** 2 + (
        columns[None, None] - column.column_vox[:, None, None]
    ) ** 2
    return Maps(-away / (2 * (0.75 * stride) ** 2), column.presence, column.level)


def decode(maps: Maps, settings: Settings | None = None) -> Column:
    """The column of each slice: soft-argmax around the likeliest path from head to feet.

    The path moves by at most one cell a slice, so that a hotter spot elsewhere (a stent, the arms) does not catch it.
    """
    rules = settings or Settings()
    slices, height, width = maps.heat.shape
    peak_row, peak_column = _likeliest_path(maps, rules.bend_cost)
    reach = np.arange(-rules.window_cells, rules.window_cells + 1)
    rows = np.clip(peak_row[:, None] + reach, 0, height - 1)
    columns = np.clip(peak_column[:, None] + reach, 0, width - 1)
    window = maps.heat[np.arange(slices)[:, None, None], rows[:, :, None], columns[:, None, :]]
    weight = np.exp(window - window.max((1, 2), keepdims=True))
    weight /= weight.sum((1, 2), keepdims=True)
    row = (weight.sum(2) * rows).sum(1)
    column = (weight.sum(1) * columns).sum(1)
    return Column(cell_centre_vox(row, rules.stride), cell_centre_vox(column, rules.stride), maps.presence, maps.level)


def _likeliest_path(maps: Maps, bend_cost: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Cell rows and columns (slices,) of the best path through the heat (Viterbi); absent slices hardly count."""
    slices, height, width = maps.heat.shape
    peak = maps.heat.max((1, 2), keepdims=True)
    log_probability = maps.heat - peak - np.log(np.exp(maps.heat - peak).sum((1, 2), keepdims=True))
    log_probability = log_probability * np.clip(maps.presence, 0.05, 1.0)[:, None, None]
    moves = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    score, back = log_probability[0], np.zeros((slices, height, width), np.intp)
    for k in range(1, slices):
        padded = np.pad(score, 1, constant_values=-np.inf)
        came = [padded[1 + a : 1 + a + height, 1 + b : 1 + b + width] - bend_cost * (a * a + b * b) for a, b in moves]
        back[k] = np.argmax(came, axis=0)
        score = np.max(came, axis=0) + log_probability[k]
    row, column = np.zeros(slices, np.intp), np.zeros(slices, np.intp)
    row[-1], column[-1] = divmod(int(score.argmax()), width)
    for k in range(slices - 1, 0, -1):
        a, b = moves[back[k, row[k], column[k]]]
        row[k - 1], column[k - 1] = row[k] + a, column[k] + b
    return row, column
