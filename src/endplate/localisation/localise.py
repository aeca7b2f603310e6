"""Where the vertebral column runs in a CT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from endplate.geometry import frames
from endplate.geometry.curves import Curve, smooth, through
from endplate.localisation import codec
from endplate.volume import Volume
from endplate.volume.resampling import coarse

Floats = NDArray[np.floating]


class Localiser(Protocol):
    """Anything that reads a coarse volume: a network, an oracle, a test's function."""

    def __call__(self, small: Volume) -> codec.Maps:
        """Maps of a coarse, axis-aligned volume."""
        ...


@dataclass(frozen=True)
class Centreline:
    """The column found, head to feet.

    Attributes:
        points_mm: (n, 3) LPS mm, one per coarse slice.
        level: (n,) regressed level coordinate (T1 = 8, L5 = 24).
        presence: (n,) probability that the slice holds the column.
    """

    points_mm: Floats
    level: Floats
    presence: Floats

    @property
    def curve(self) -> Curve:
        """The smooth curve through the points."""
        return through(self.points_mm)

    def level_at(self, z_mm: Floats) -> Floats:
        """Level coordinate at heights z; beyond the ends, that of the end."""
        order = np.argsort(self.points_mm[:, 2])
        return np.interp(z_mm, self.points_mm[order, 2], self.level[order])


@dataclass(frozen=True)
class NoSpine:
    """No vertebral column was found.

    Attributes:
        reason: why, with values.
    """

    reason: str


def localise(volume: Volume, localiser: Localiser, settings: codec.Settings | None = None) -> Centreline | NoSpine:
    """The column's course, or why there is none."""
    rules = settings or codec.Settings()
    small = coarse(volume, rules.spacing_mm)
    column = codec.decode(localiser(small), rules)
    run = longest_run(column.presence >= rules.presence_threshold, int(rules.gap_mm / rules.spacing_mm))
    length = (run.stop - run.start) * rules.spacing_mm
    if length < rules.min_length_mm:
        best = float(column.presence.max(initial=0.0))
        return NoSpine(
            f"the longest stretch of vertebral column is {length:.0f} mm "
            f"(at least {rules.min_length_mm:.0f} mm are needed; highest presence {best:.2f})"
        )
    slices = np.arange(run.start, run.stop)
    voxels = np.stack([slices, column.row_vox[run], column.column_vox[run]], -1)
    points = frames.apply(small.patient_from_voxel, voxels)
    weight = np.clip(column.presence[run], 0.05, 1.0)
    points = smooth(_without_outliers(points), weight, rules.stiffness)
    return Centreline(points, _smooth_level(column.level[run]), column.presence[run])


def longest_run(present: NDArray[np.bool_], gap: int) -> slice:
    """The stretch with most present slices, in which at most ``gap`` slices on end are absent.

    >>> longest_run(np.array([1, 1, 0, 1, 0, 0, 0, 1], bool), gap=1)
    slice(0, 4, None)
    """
    at = np.flatnonzero(present)
    if not len(at):
        return slice(0, 0)
    runs = np.split(at, np.flatnonzero(np.diff(at) > gap + 1) + 1)
    best = max(runs, key=len)
    return slice(int(best[0]), int(best[-1]) + 1)


def _without_outliers(points: Floats, reach: int = 5, limit_mm: float = 20.0) -> Floats:
    """Points whose in-plane place leaps away from the median of their neighbours take that median."""
    out = points.copy()
    for axis in (0, 1):
        padded = np.pad(points[:, axis], reach, mode="edge")
        median = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1)
        out[:, axis] = np.where(np.abs(points[:, axis] - median) > limit_mm, median, points[:, axis])
    return out


def _smooth_level(level: Floats, reach: int = 2) -> Floats:
    padded = np.pad(level, reach, mode="edge")
    return np.convolve(padded, np.full(2 * reach + 1, 1.0 / (2 * reach + 1)), mode="valid")
