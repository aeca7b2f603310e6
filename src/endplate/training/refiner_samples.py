"""Random training samples for the refiner: patches around the bodies of warped crops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from endplate.detection.refine import Frame, Settings, cut_patches
from endplate.training import detector_samples
from endplate.training.straight_cases import StraightCase

Floats = NDArray[np.floating]
SHIFT_PX, ANGLE = 2.0, np.deg2rad(5.0)
"""Spread of the detector's error in place and direction, on held-out scans."""


class Sample(NamedTuple):
    """Patches with their points."""

    patch_hu: NDArray[np.float32]  # (n, channels, 64, 80)
    points: NDArray[np.float32]  # (n, 6, 2) in patch pixels


def draw(rng: np.random.Generator, case: StraightCase, settings: detector_samples.Settings, patch: Settings) -> Sample | None:
    """Patches of all whole bodies of one warped crop; None where it shows none."""
    view = detector_samples.draw_view(rng, case, settings)
    good = np.flatnonzero(view.whole & view.precise & view.in_crop)
    if not len(good):
        return None
    frames = [_perturbed(rng, Frame.of(view.points_px[i])) for i in good]
    points = [frame.patch_from_pixel(view.points_px[i].reshape(6, 2), patch) for i, frame in zip(good, frames, strict=True)]
    return Sample(cut_patches(view.image_hu, frames, patch), np.array(points, np.float32))


def _perturbed(rng: np.random.Generator, frame: Frame) -> Frame:
    return Frame(frame.centre_px + rng.normal(0.0, SHIFT_PX, 2), frame.angle + rng.normal(0.0, ANGLE))


def batch(
    rng: np.random.Generator, cases: Sequence[StraightCase], weights: Floats, size: int, settings: detector_samples.Settings
) -> Sample:
    """Exactly ``size`` patches of cases drawn by weight."""
    parts: list[Sample] = []
    while sum(len(p.points) for p in parts) < size:
        part = draw(rng, cases[rng.choice(len(cases), p=weights / weights.sum())], settings, Settings())
        parts += [part] if part else []
    return Sample(*(np.concatenate(x)[:size] for x in zip(*parts, strict=True)))
