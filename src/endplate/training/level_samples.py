"""Random training samples for the level reader: scaled, shifted and cropped wide boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional as F

from endplate.training.wide_cases import WideCase

Floats = NDArray[np.floating]
LENGTH = 112
BODIES = 26
AIR = -1024.0


class Sample(NamedTuple):
    """One sample at 3 mm."""

    hu: NDArray[np.float32]  # (112, 45, 61)
    centre: NDArray[np.float32]  # (26,) index s of the bodies, padded
    level: NDArray[np.int64]  # (26,) level number from 0 (C1), -1 where there is none


@dataclass(frozen=True)
class Settings:
    """How samples are drawn.

    Attributes:
        short_probability: share of the boxes cut to a part of the spine.
        narrow_probability: share cut to a narrow field of view around it.
    """

    short_probability: float = 0.5
    narrow_probability: float = 0.3


def draw(rng: np.random.Generator, case: WideCase, settings: Settings) -> Sample:
    """One random view of a case."""
    size = np.exp(rng.normal(0.0, 0.08)) * np.exp(rng.normal(0.0, 0.04, 3))
    mirror, turn = rng.choice([-1.0, 1.0]), np.deg2rad(rng.normal(0.0, 5.0))
    anchor = case.centre_px[int(rng.integers(len(case.centre_px)))]
    middle = LENGTH / 2.0 + rng.uniform(-30.0, 30.0)
    shift = rng.normal(0.0, 1.2, 2)
    hu = _resample(case.hu, (size, mirror, turn), (middle, anchor), shift)
    centre = (case.centre_px - anchor) / size[0] + middle
    hu, shown = _field_of_view(rng, hu, settings)
    hu = _photometry(rng, hu)
    seen = (centre > shown[0] + 2) & (centre < shown[1] - 2)
    out_centre, out_level = np.zeros(BODIES, np.float32), np.full(BODIES, -1, np.int64)
    out_centre[: seen.sum()] = centre[seen]
    out_level[: seen.sum()] = np.clip(np.round(case.level[seen]), 1, 25).astype(np.int64) - 1
    return Sample(hu, out_centre, out_level)


def _resample(
    hu: NDArray[np.int16], view: tuple[Floats, float, float], along: tuple[float, float], shift: Floats
) -> NDArray[np.float32]:
    (size, mirror, turn), (middle, anchor) = view, along
    shape_out, shape_in = np.array([LENGTH, *hu.shape[1:]], float), np.array(hu.shape, float)
    c, s = np.cos(turn), np.sin(turn)
    matrix = np.array([[size[0], 0, 0], [0, c * size[1], -s * mirror * size[2]], [0, s * size[1], c * mirror * size[2]]])
    scale = matrix * shape_out[None] / shape_in[:, None]
    start = np.array([anchor - size[0] * middle, 0.0, 0.0]) + np.array([0.0, *shift])
    # the middle of t and r maps to itself; s maps by size[0] * s + start
    move = np.array([size[0] * (LENGTH - 1) / 2.0 + start[0] - (shape_in[0] - 1) / 2.0, start[1], start[2]]) / (shape_in / 2.0)
    theta = np.concatenate([scale[::-1, ::-1], move[::-1, None]], 1)
    grid = F.affine_grid(torch.from_numpy(theta[None].astype(np.float32)), [1, 1, *map(int, shape_out)], align_corners=False)
    image = torch.from_numpy(hu.astype(np.float32) - AIR)[None, None]
    out: NDArray[np.float32] = F.grid_sample(image, grid, align_corners=False)[0, 0].numpy() + AIR
    return out


def _field_of_view(
    rng: np.random.Generator, hu: NDArray[np.float32], settings: Settings
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    shown = (0.0, float(LENGTH))
    if rng.random() < settings.short_probability:
        length = float(rng.uniform(20.0, 90.0))
        first = float(rng.uniform(0.0, LENGTH - length))
        tilt = rng.normal(0.0, 0.25) * (np.arange(hu.shape[1]) - hu.shape[1] / 2)
        s = np.arange(LENGTH)[:, None]
        hidden = (s < first + tilt) | (s > first + length + tilt)
        hu[np.broadcast_to(hidden[:, :, None], hu.shape)] = AIR
        shown = (first, first + length)
    if rng.random() < settings.narrow_probability:
        half = rng.uniform(18.0, 34.0)
        away = np.hypot(
            (np.arange(hu.shape[1]) - 22 + rng.normal(0, 6))[:, None], (np.arange(hu.shape[2]) - 30 + rng.normal(0, 4))[None]
        )
        hu[:, away > half] = AIR
    return hu, shown


def _photometry(rng: np.random.Generator, hu: NDArray[np.float32]) -> NDArray[np.float32]:
    air = hu < -1000.0
    if rng.random() < 0.4:
        hu = ndimage.gaussian_filter1d(hu, rng.uniform(0.3, 1.0), axis=0)
    if rng.random() < 0.25:
        hu = ndimage.gaussian_filter(hu, rng.uniform(0.3, 0.7))
    hu = np.where(hu > 60.0, 60.0 + (hu - 60.0) * np.exp(rng.normal(0.0, 0.3)), hu).astype(np.float32) + np.float32(
        rng.normal(0.0, 20.0)
    )
    if rng.random() < 0.6:
        hu = hu + rng.standard_normal(hu.shape, np.float32) * np.float32(rng.uniform(3.0, 50.0))
    return np.where(air, AIR, hu).astype(np.float32)


def batch(rng: np.random.Generator, cases: Sequence[WideCase], weights: Floats, size: int, settings: Settings) -> Sample:
    """A stack of samples of cases drawn by weight."""
    chosen = rng.choice(len(cases), size, p=weights / weights.sum())
    return Sample(*(np.stack(x) for x in zip(*(draw(rng, cases[i], settings) for i in chosen), strict=True)))
