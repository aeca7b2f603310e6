"""Random training samples for the localiser: turned, scaled and cropped coarse volumes with targets per slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional as F

from endplate.training.coarse_cases import CoarseCase

Floats = NDArray[np.floating]
SHAPE = (56, 64, 80)
AIR = -1024.0


class Sample(NamedTuple):
    """One sample at 4 mm."""

    hu: NDArray[np.float32]  # (56, 64, 80)
    row: NDArray[np.float32]  # (56,) the column's centre in voxels, NaN where unknown
    column: NDArray[np.float32]  # (56,)
    presence: NDArray[np.float32]  # (56,) 1, 0, or NaN where unknown
    level: NDArray[np.float32]  # (56,) level coordinate or NaN


@dataclass(frozen=True)
class Settings:
    """How samples are drawn.

    Attributes:
        aside_probability: share of crops taken beside the column, as examples of "no spine".
        short_probability: share of crops cut to few slices.
        narrow_probability: share of crops cut to a narrow field of view around the column.
        implant_probability: share of crops with bright tubes beside the column (stents, contrast, ports), never in it.
    """

    aside_probability: float = 0.08
    short_probability: float = 0.35
    narrow_probability: float = 0.3
    implant_probability: float = 0.3


def draw(rng: np.random.Generator, case: CoarseCase, settings: Settings) -> Sample:
    """One random view of a case."""
    mirror = rng.choice([-1.0, 1.0])
    matrix = _turn(np.deg2rad(np.clip(rng.normal(0.0, (6.0, 6.0, 7.0)), -20.0, 20.0)))
    matrix = matrix @ np.diag(np.exp(rng.normal(0.0, 0.10)) * np.exp(rng.normal(0.0, 0.04, 3)) * (1.0, 1.0, mirror))
    anchor = case.course_vox[int(rng.integers(len(case.course_vox)))] + (rng.uniform(-16.0, 16.0), 0.0, 0.0)
    aside = rng.random() < settings.aside_probability
    wide = rng.uniform(50.0, 70.0) * rng.choice([-1.0, 1.0]) if aside else rng.normal(0.0, 9.0)
    centre = np.array(SHAPE) / 2.0 + (0.0, rng.normal(7.0, 8.0), np.clip(wide, -70.0, 70.0))
    hu = _resample(case.hu, matrix, centre, anchor)
    course = (case.course_vox - anchor) @ np.linalg.inv(matrix).T + centre
    if rng.random() < settings.implant_probability:
        hu = _with_tubes(rng, hu, course)
    hu = _photometry(rng, _field_of_view(rng, hu, course, settings))
    return _targets(hu, course, case, (matrix, centre, anchor))


def _turn(angles: Floats) -> Floats:
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [i for i in range(3) if i != axis]
        step = np.eye(3)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ step
    return turn


def _resample(hu: NDArray[np.int16], matrix: Floats, centre: Floats, anchor: Floats) -> NDArray[np.float32]:
    """Hu at matrix @ (output - centre) + anchor, linear, air outside."""
    size_out, size_in = np.array(SHAPE), np.array(hu.shape)
    # torch's grid: -1 and 1 are the outer edges of the outermost voxels, axes in the order x, y, z
    scale = matrix * size_out[None] / size_in[:, None]
    move = (matrix @ ((size_out - 1) / 2.0 - centre) + anchor - (size_in - 1) / 2.0) / (size_in / 2.0)
    theta = np.concatenate([scale[::-1, ::-1], move[::-1, None]], 1)
    grid = F.affine_grid(torch.from_numpy(theta[None].astype(np.float32)), [1, 1, *SHAPE], align_corners=False)
    image = torch.from_numpy(hu.astype(np.float32) - AIR)[None, None]
    out: NDArray[np.float32] = F.grid_sample(image, grid, align_corners=False)[0, 0].numpy() + AIR
    return out


def _field_of_view(rng: np.random.Generator, hu: NDArray[np.float32], course: Floats, settings: Settings) -> NDArray[np.float32]:
    if rng.random() < settings.short_probability:
        height = int(rng.integers(8, 40))
        top = int(rng.integers(0, SHAPE[0] - height))
        hu[:top], hu[top + height :] = AIR, AIR
    if rng.random() < settings.narrow_probability:
        inside = course[(course[:, 0] > 0) & (course[:, 0] < SHAPE[0] - 1)]
        middle = (inside if len(inside) else course).mean(0)
        half = rng.uniform(20.0, 45.0)
        away = [np.arange(n) - m - rng.normal(0.0, 0.25) * half for n, m in zip(SHAPE[1:], middle[1:], strict=True)]
        if rng.random() < 0.5:
            hu[:, (away[0][:, None] ** 2 + away[1][None] ** 2) > half**2] = AIR
        else:
            hu[:, (np.abs(away[0]) > half)[:, None] | (np.abs(away[1]) > half)[None]] = AIR
    return hu


def _with_tubes(rng: np.random.Generator, hu: NDArray[np.float32], course: Floats) -> NDArray[np.float32]:
    """One to three bright tubes along the column at 32 to 80 mm from it."""
    z, out = np.arange(SHAPE[0]), hu
    order = np.argsort(course[:, 0])
    row, column = (np.interp(z, course[order, 0], course[order, axis]) for axis in (1, 2))
    rows, columns = np.arange(SHAPE[1])[None, :, None], np.arange(SHAPE[2])[None, None]
    for _ in range(int(rng.integers(1, 4))):
        angle, away, radius = rng.uniform(0.0, 2 * np.pi), rng.uniform(8.0, 20.0), rng.uniform(1.5, 4.0)
        lean = rng.normal(0.0, 0.15, 2)[:, None] * (z - SHAPE[0] / 2)
        at = row - away * abs(np.sin(angle)) + lean[0], column + away * np.cos(angle) + lean[1]
        first, length = int(rng.integers(0, SHAPE[0] - 8)), int(rng.integers(8, 40))
        long = ((z >= first) & (z < first + length))[:, None, None]
        near = (rows - at[0][:, None, None]) ** 2 + (columns - at[1][:, None, None]) ** 2 < radius**2
        out = np.where(near & long & (hu > -900.0), np.float32(rng.uniform(250.0, 1500.0)), out)
    return out


def _photometry(rng: np.random.Generator, hu: NDArray[np.float32]) -> NDArray[np.float32]:
    air = hu < -900.0
    if rng.random() < 0.3:
        hu = ndimage.gaussian_filter1d(hu, rng.uniform(0.3, 0.9), axis=0)
    if rng.random() < 0.2:
        hu = ndimage.gaussian_filter(hu, rng.uniform(0.3, 0.6))
    hu = np.where(hu > 60.0, 60.0 + (hu - 60.0) * np.exp(rng.normal(0.0, 0.3)), hu).astype(np.float32) + np.float32(
        rng.normal(0.0, 20.0)
    )
    if rng.random() < 0.6:
        hu = hu + rng.standard_normal(hu.shape, np.float32) * np.float32(rng.uniform(3.0, 40.0))
    if rng.random() < 0.3:
        hu = hu + ndimage.zoom(rng.normal(0.0, 40.0, (4, 5, 6)), np.array(SHAPE) / (4, 5, 6), order=1)
    return np.where(air, AIR, hu).astype(np.float32)


def _targets(hu: NDArray[np.float32], course: Floats, case: CoarseCase, view: tuple[Floats, Floats, Floats]) -> Sample:
    z = np.arange(SHAPE[0], dtype=float)
    order = np.argsort(course[:, 0])
    sorted_z = course[order, 0]
    row, column = (np.interp(z, sorted_z, course[order, axis]) for axis in (1, 2))
    nearest = order[np.clip(np.searchsorted(sorted_z, z), 0, len(order) - 1)]
    reached = (z >= sorted_z[0]) & (z <= sorted_z[-1])
    level = np.where(reached, case.level[nearest], np.nan)
    in_plane = np.minimum.reduce([row, SHAPE[1] - 1 - row, column, SHAPE[2] - 1 - column])
    filled = (hu > -900.0).any((1, 2))
    shown = hu[z.astype(int), np.clip(row, 0, SHAPE[1] - 1).astype(int), np.clip(column, 0, SHAPE[2] - 1).astype(int)] > -500.0
    source = _source_slice(z, row, column, view)
    absent = (source < case.absent_slices[0]) | (source > case.absent_slices[1]) | ((in_plane < -6.0) & reached) | ~filled
    held = reached & case.held[nearest] & (in_plane > 2.0) & shown
    presence = np.where(absent, 0.0, np.where(held, 1.0, np.nan))
    known = reached & (in_plane > 1.0) & shown & ~absent
    lost = np.where(known, 0.0, np.nan)
    values = (row + lost, column + lost, presence, level + np.where(held, 0.0, np.nan))
    return Sample(hu, *(v.astype(np.float32) for v in values))


def _source_slice(z: Floats, row: Floats, column: Floats, view: tuple[Floats, Floats, Floats]) -> Floats:
    matrix, centre, anchor = view
    return (np.stack([z, row, column], -1) - centre) @ matrix[0] + anchor[0]


def batch(rng: np.random.Generator, cases: Sequence[CoarseCase], weights: Floats, size: int, settings: Settings) -> Sample:
    """A stack of samples of cases drawn by weight."""
    chosen = rng.choice(len(cases), size, p=weights / weights.sum())
    return Sample(*(np.stack(x) for x in zip(*(draw(rng, cases[i], settings) for i in chosen), strict=True)))
