"""A float canvas of Hounsfield units on a patient-aligned grid, and the few solids that bones are made of.

Each solid is painted in its own neighbourhood only. Its signed distance (mm, negative inside) becomes the share of a
voxel that it covers, so that thin shells show their partial volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Canvas:
    """Slices run head to feet, rows to posterior, columns to the patient's left.

    Attributes:
        hu: (k, j, i) float32, painted in place.
        origin_mm: (3,) LPS of the centre of voxel (0, 0, 0).
        step_mm: (3,) positive steps along x, y, z.
    """

    hu: NDArray[np.float32]
    origin_mm: Floats
    step_mm: Floats

    @property
    def edge_mm(self) -> float:
        """Width of the ramp between outside and inside: about one voxel."""
        return float(self.step_mm.mean())

    def box(self, low_mm: Floats, high_mm: Floats) -> Box | None:
        """Index box around LPS corners, or None where it misses the canvas."""
        first = (np.asarray(low_mm, float) - self.origin_mm) / self.step_mm
        last = (np.asarray(high_mm, float) - self.origin_mm) / self.step_mm
        z0, z1 = (self.origin_mm[2] - high_mm[2]) / self.step_mm[2], (self.origin_mm[2] - low_mm[2]) / self.step_mm[2]
        ranges = [(z0, z1), (first[1], last[1]), (first[0], last[0])]
        cut = [(max(int(np.floor(a)), 0), min(int(np.ceil(b)) + 1, n)) for (a, b), n in zip(ranges, self.hu.shape, strict=True)]
        if any(a >= b for a, b in cut):
            return None
        return slice(*cut[0]), slice(*cut[1]), slice(*cut[2])

    def axes(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Axes x (1, 1, i), y (1, j, 1), z (k, 1, 1) of a box, LPS mm."""
        k, j, i = (np.arange(s.start, s.stop, dtype=np.float32) for s in box)
        x, y = self.origin_mm[0] + self.step_mm[0] * i, self.origin_mm[1] + self.step_mm[1] * j
        z = self.origin_mm[2] - self.step_mm[2] * k
        return x.astype(np.float32)[None, None], y.astype(np.float32)[None, :, None], z.astype(np.float32)[:, None, None]

    def cover(self, distance_mm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Share of each voxel inside a solid, from its signed distance."""
        share: NDArray[np.float32] = np.clip(0.5 - distance_mm * np.float32(1.0 / self.edge_mm), 0.0, 1.0)
        return share

    def paint(self, box: Box, cover: NDArray[np.float32], hu: float | NDArray[np.float32]) -> None:
        """Blend a tissue into a box."""
        view = self.hu[box]
        view += cover * (np.asarray(hu, np.float32) - view)


@dataclass(frozen=True)
class Capsule:
    """A straight limb of bone with rounded ends, optionally flattened.

    Attributes:
        start_mm, end_mm: (3,) LPS.
        radius_mm: at the start and at the end.
        flat: (3,) unit vector along which it is thinner, or None.
        factor: how many times thinner (below 1: longer).
    """

    start_mm: Floats
    end_mm: Floats
    radius_mm: tuple[float, float]
    flat: Floats | None = None
    factor: float = 1.0

    def distance(self, canvas: Canvas) -> tuple[Box, NDArray[np.float32]] | None:
        """Box and signed distance in it, or None where the canvas misses it."""
        reach = max(self.radius_mm) / min(self.factor, 1.0) + canvas.edge_mm
        ends = np.stack([self.start_mm, self.end_mm])
        box = canvas.box(ends.min(0) - reach, ends.max(0) + reach)
        if box is None:
            return None
        x, y, z = canvas.axes(box)
        a, along = ends[0], ends[1] - ends[0]
        x, y, z = x - np.float32(a[0]), y - np.float32(a[1]), z - np.float32(a[2])
        scale = (along / max(float(along @ along), 1e-6)).astype(np.float32)
        h = np.clip(x * scale[0] + y * scale[1] + z * scale[2], 0.0, 1.0)
        dx, dy, dz = (p - h * np.float32(v) for p, v in zip((x, y, z), along, strict=True))
        square = dx * dx + dy * dy + dz * dz
        if self.flat is not None:
            n = self.flat.astype(np.float32)
            square += np.float32(self.factor**2 - 1.0) * (dx * n[0] + dy * n[1] + dz * n[2]) ** 2
        distance = (
            np.sqrt(np.maximum(square, 0)) - np.float32(self.radius_mm[0]) - h * np.float32(self.radius_mm[1] - self.radius_mm[0])
        )
        return box, distance


@dataclass(frozen=True)
class Shell:
    """How a bone looks.

    Attributes:
        cortex_mm: thickness of the dense shell.
        cortex_hu: its density.
        inside_hu: density of the marrow space.
    """

    cortex_mm: float
    cortex_hu: float
    inside_hu: float


def paint_bone(canvas: Canvas, limbs: Sequence[Capsule], shell: Shell) -> None:
    """Limbs that share one marrow space: first all shells, then all insides, so that no wall stays between them."""
    drawn = [drawn for limb in limbs if (drawn := limb.distance(canvas)) is not None]
    for box, distance in drawn:
        canvas.paint(box, canvas.cover(distance), shell.cortex_hu)
    for box, distance in drawn:
        canvas.paint(box, canvas.cover(distance + np.float32(shell.cortex_mm)), shell.inside_hu)


def paint_solid(canvas: Canvas, limbs: Sequence[Capsule], hu: float) -> None:
    """Limbs of one density: vessels, discs, screws, fluid."""
    for limb in limbs:
        drawn = limb.distance(canvas)
        if drawn is not None:
            canvas.paint(drawn[0], canvas.cover(drawn[1]), hu)
