"""Posterior elements: pedicles, laminae, spinous, transverse and articular processes, and what lies in the canal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.phantom.drawing.bodies import BodyShape
from endplate.phantom.drawing.canvas import Capsule

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Arch:
    """Sizes of a neural arch in mm; the canal is about ``2 * canal_t`` deep and ``2 * canal_r`` wide."""

    canal_t: float
    canal_r: float
    spine_length: float
    spine_angle_deg: float
    spine_tall: float
    transverse: float
    transverse_back: float
    pedicle: tuple[float, float]


# level coordinate: canal half depth and half width, spinous length, slant, half height, transverse reach and backward
# slant, pedicle half height and half width; rounded from Panjabi 1991-1992
_TABLE = np.array(
    [
        [2, 8.5, 11.5, 16, 15, 6.5, 24, 0, 3.6, 2.8],
        [4, 7.5, 11.5, 15, 20, 4.0, 25, -4, 3.3, 2.6],
        [6, 7.5, 12.0, 20, 25, 4.0, 28, -3, 3.3, 2.8],
        [7, 7.5, 12.0, 30, 25, 4.2, 33, 2, 3.6, 3.3],
        [8, 7.8, 10.5, 32, 30, 4.5, 37, 8, 4.6, 4.0],
        [10, 8.0, 8.8, 34, 44, 4.2, 32, 13, 5.4, 3.0],
        [14, 8.0, 8.3, 36, 60, 4.4, 30, 16, 5.8, 2.8],
        [17, 7.8, 8.5, 28, 45, 5.5, 26, 14, 7.0, 3.6],
        [19, 8.5, 10.5, 24, 22, 8.5, 21, 9, 8.0, 3.8],
        [20, 8.7, 11.2, 28, 14, 10.5, 36, 6, 7.6, 3.8],
        [22, 8.5, 11.5, 30, 10, 11.5, 44, 6, 7.2, 4.8],
        [24, 8.5, 13.0, 24, 14, 8.5, 45, 5, 7.0, 7.5],
        [25, 7.5, 14.0, 14, 20, 6.0, 30, 10, 7.0, 8.0],
    ]
)


def arch(coordinate: float, size: float) -> Arch:
    """Sizes of the arch at a level coordinate, for a spine of relative size."""
    v = [float(np.interp(coordinate, _TABLE[:, 0], _TABLE[:, i])) for i in range(1, 10)]
    k = size
    return Arch(v[0] * k, v[1] * k, v[2] * k, v[3], v[4] * k, v[5] * k, v[6] * k, (v[7] * k, v[8] * k))


def canal_centre(shape: BodyShape, sizes: Arch) -> Floats:
    """Centre of the canal behind the body, LPS mm (3,)."""
    return shape.frame.patient(np.array([0.0, shape.points[2, :, 1].mean() + sizes.canal_t, 0.0]))


def limbs(shape: BodyShape, sizes: Arch, coordinate: float) -> list[Capsule]:
    """All bony limbs of one arch."""
    build = _Builder(shape, sizes, coordinate)
    parts = build.spinous()
    for side in (-1.0, 1.0):
        parts += [build.pedicle(side), *build.lamina(side), build.transverse(side), *build.articular(side)]
    return parts


@dataclass(frozen=True)
class _Builder:
    shape: BodyShape
    sizes: Arch
    coordinate: float

    @property
    def height(self) -> float:
        """Posterior height of the body."""
        return float(self.shape.points[2, 1, 0] - self.shape.points[2, 0, 0])

    @property
    def wall(self) -> float:
        """Coordinate t of the posterior wall."""
        return float(self.shape.points[2, :, 1].mean())

    def limb(self, ends: tuple[list[float], list[float]], radii: tuple[float, float], flat: Floats, factor: float) -> Capsule:
        a, b = self.shape.frame.patient(np.array(ends))
        return Capsule(a, b, radii, self.shape.frame.axes.T @ flat, factor)

    def pedicle(self, side: float) -> Capsule:
        tall, broad = self.sizes.pedicle
        s, r = -0.2 * self.height, side * (self.sizes.canal_r + broad * 0.9)
        start = min(abs(r), 0.8 * self.shape.half_width_mm) * side
        ends = ([s, self.wall - 4, start], [s + 1, self.wall + 1.2 * self.sizes.canal_t, r])
        return self.limb(ends, (tall, tall), np.array([0.0, 0, 1]), tall / broad)

    def lamina(self, side: float) -> list[Capsule]:
        c = self.sizes
        plates = []
        for s0, s1 in ((0.0, 0.18), (0.3, 0.42)):
            ends = (
                [s0 * self.height, self.wall + 1.15 * c.canal_t, side * (c.canal_r + 2)],
                [s1 * self.height, self.wall + 2 * c.canal_t + 3, side * 1.5],
            )
            plates.append(self.limb(ends, (3.0, 3.0), np.array([1.0, 0, 0]), 0.55))
        return plates

    def spinous(self) -> list[Capsule]:
        c = self.sizes
        slant = np.deg2rad(c.spine_angle_deg)
        direction, across = np.array([np.sin(slant), np.cos(slant), 0.0]), np.array([np.cos(slant), -np.sin(slant), 0.0])
        root = np.array([0.38 * self.height, self.wall + 2 * c.canal_t + 3.5, 0.0])
        tip = root + c.spine_length * direction
        thick = 2.6
        return [
            self.limb(
                (list(root), list(root + 0.45 * c.spine_length * direction)), (thick, thick), across, 0.9 * thick / c.spine_tall
            ),
            self.limb(
                (list(root + 0.35 * c.spine_length * direction), list(tip)), (thick, thick + 0.6), across, thick / c.spine_tall
            ),
        ]

    def transverse(self, side: float) -> Capsule:
        c = self.sizes
        s, t = (-0.12 * self.height, self.wall + 1.1 * c.canal_t)
        if self.coordinate < 7.5:
            t = self.wall - 3
        ends = ([s, t, side * (c.canal_r + 2)], [s - 2, t + c.transverse_back, side * c.transverse])
        lumbar = self.coordinate > 19.5
        return self.limb(ends, (4.2, 3.2 if lumbar else 4.2), np.array([0.0, 1, 0]), 1.5 if lumbar else 1.0)

    def articular(self, side: float) -> list[Capsule]:
        c, h = self.sizes, self.height
        t, r = self.wall + 1.35 * c.canal_t, side * (c.canal_r + 3.5)
        lumbar = self.coordinate > 19.5
        flat = np.array([0.0, 0.3, 1.0]) / np.hypot(0.3, 1) if lumbar else np.array([0.25, 1.0, 0]) / np.hypot(0.25, 1)
        upper = ([-0.05 * h, t, r], [-0.62 * h, t - 1.5, r * (1.25 if lumbar else 1.0)])
        lower = ([0.1 * h, t + 2, r * 0.95], [0.72 * h, t + 4.5, r * (0.85 if lumbar else 0.95)])
        return [self.limb(upper, (4.6, 4.2), flat, 1.5), self.limb(lower, (4.6, 4.2), flat, 1.5)]


def contents(centres: Floats, half_mm: Floats, coordinates: Floats) -> list[tuple[str, Capsule]]:
    """Thecal sac and cord (down to L1) along canal centres (n, 3) with half depths (n,)."""
    parts: list[tuple[str, Capsule]] = []
    left = np.array([1.0, 0.0, 0.0])
    for a, b, h, g in zip(centres[:-1], centres[1:], half_mm[:-1], half_mm[1:], strict=True):
        parts.append(("fat", Capsule(a, b, (h + 1.0, g + 1.0), left, 0.75)))
    for a, b, h, g in zip(centres[:-1], centres[1:], half_mm[:-1], half_mm[1:], strict=True):
        parts.append(("fluid", Capsule(a, b, (h - 1.0, g - 1.0), left, 0.8)))
    for a, b, c in zip(centres[:-1], centres[1:], coordinates[:-1], strict=True):
        if c < 20:
            parts.append(("cord", Capsule(a, b, (4.0, 4.0), left, 0.75)))
    return parts
