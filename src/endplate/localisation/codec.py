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
        window_cells: half width of the window around the hottest cell that the soft-argmax sees.
        gap_mm: longest absence inside the column that is bridged.
        min_length_mm: shorter columns are "no spine".
        stiffness: of the smoothing spline, mm^3.
    """

    spacing_mm: float = 4.0
    stride: int = 2
    hu_range: tuple[float, float] = (-300.0, 900.0)
    presence_threshold: float = 0.5
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
    """The column of each slice: soft-argmax around the hottest cell."""
    rules = settings or Settings()
    slices, height, width = maps.heat.shape
    hottest = maps.heat.reshape(slices, -1).argmax(1)
    peak_row, peak_column = np.divmod(hottest, width)
    reach = np.arange(-rules.window_cells, rules.window_cells + 1)
    rows = np.clip(peak_row[:, None] + reach, 0, height - 1)
    columns = np.clip(peak_column[:, None] + reach, 0, width - 1)
    window = maps.heat[np.arange(slices)[:, None, None], rows[:, :, None], columns[:, None, :]]
    weight = np.exp(window - window.max((1, 2), keepdims=True))
    weight /= weight.sum((1, 2), keepdims=True)
    row = (weight.sum(2) * rows).sum(1)
    column = (weight.sum(1) * columns).sum(1)
    return Column(cell_centre_vox(row, rules.stride), cell_centre_vox(column, rules.stride), maps.presence, maps.level)
