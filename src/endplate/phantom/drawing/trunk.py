"""The outline of the trunk along the spine, by level coordinate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from endplate.phantom.settings import Habitus
from endplate.phantom.spine.skeleton import Skeleton

Floats = NDArray[np.floating]

# level coordinate: half width, distance from the body's centre to the skin behind and in front (mm, slim adult, arms up);
# then half width, rear and front reach of the thoracic or abdominal cavity
_OUTLINE = np.array(
    [
        [-3, 78, 85, 95, 40, 10, 30],
        [0, 76, 85, 100, 40, 10, 30],
        [2, 68, 72, 85, 40, 10, 30],
        [5, 60, 68, 62, 40, 10, 30],
        [7, 72, 70, 60, 45, 10, 35],
        [8, 120, 72, 75, 62, 18, 40],
        [9, 165, 74, 92, 88, 30, 62],
        [11, 168, 72, 118, 112, 38, 92],
        [14, 158, 70, 150, 124, 40, 125],
        [17, 152, 70, 160, 126, 42, 135],
        [19, 146, 72, 158, 122, 40, 135],
        [21, 142, 74, 150, 118, 30, 128],
        [23, 145, 76, 140, 115, 22, 120],
        [25, 165, 85, 135, 112, 20, 112],
        [27, 178, 95, 125, 105, 25, 95],
        [30, 180, 100, 110, 95, 30, 85],
    ]
)


@dataclass(frozen=True)
class Trunk:
    """Where the trunk lies in each slice.

    Attributes:
        z_mm: (n,) head to feet.
        level: (n,) level coordinate of each slice.
        centre_mm: (n, 2) x, y of the vertebral bodies' line, smoothed.
        wall: (n, 6) half width, rear, front; cavity half width, rear, front.
        roll: rotation matrix (2, 2) of the trunk in the axial plane.
    """

    z_mm: Floats
    level: Floats
    centre_mm: Floats
    wall: Floats
    roll: Floats

    def outline(self, columns: tuple[int, int, int], inset_mm: float = 0.0, points: int = 72, power: float = 2.4) -> Floats:
        """Closed polygons (n, points, 2) x, y in LPS mm; angle 0 is posterior, growing to the patient's left."""
        angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
        return self.at(np.arange(len(self.z_mm))[:, None], angle[None], columns, inset_mm, power)

    def at(
        self, index: NDArray[np.integer], angle: Floats, columns: tuple[int, int, int], inset_mm: float = 0.0, power: float = 2.4
    ) -> Floats:
        """Points on the wall (..., 2) at slices ``index`` and angles."""
        width, rear, front = (np.maximum(self.wall[index, c] - inset_mm, 1.0) for c in columns)
        y_mid, depth = (rear - front) / 2, (rear + front) / 2
        cos, sin = np.cos(angle), np.sin(angle)
        x = width * np.sign(sin) * np.abs(sin) ** (2 / power)
        y = y_mid + depth * np.sign(cos) * np.abs(cos) ** (2 / power)
        return self.place(index, np.stack([x, y], -1))

    def place(self, index: NDArray[np.integer], local: Floats) -> Floats:
        """LPS x, y (..., 2) of trunk coordinates (left, posterior of the vertebral body)."""
        placed: Floats = local @ self.roll.T + self.centre_mm[index]
        return placed

    def slice_of(self, z_mm: Floats) -> NDArray[np.integer]:
        """Nearest slice index of a z."""
        step = self.z_mm[0] - self.z_mm[1]
        index: NDArray[np.integer] = np.clip(np.round((self.z_mm[0] - np.asarray(z_mm)) / step).astype(int), 0, len(self.z_mm) - 1)
        return index


SKIN, CAVITY = (0, 1, 2), (3, 4, 5)


def trunk(skeleton: Skeleton, habitus: Habitus, z_mm: Floats, size: float) -> Trunk:
    """The trunk of a skeleton at slices z (n,), head to feet and evenly spaced."""
    centres = skeleton.centres_mm
    order = np.argsort(centres[:, 2])
    known_z, level = centres[order, 2], skeleton.coordinates[order]
    lam = np.interp(z_mm, known_z, level)
    lam = np.where(z_mm > known_z[-1], level[-1] - (z_mm - known_z[-1]) / 20.0, lam)
    lam = np.where(z_mm < known_z[0], level[0] + (known_z[0] - z_mm) / 30.0, lam)
    step = abs(float(z_mm[0] - z_mm[1]))
    sigma = 25.0 / step
    line = np.stack([np.interp(z_mm, known_z, centres[order, a]) for a in (0, 1)], -1)
    line = ndimage.gaussian_filter1d(line, sigma, axis=0, mode="nearest")
    wall = np.stack([np.interp(lam, _OUTLINE[:, 0], _OUTLINE[:, c]) for c in range(1, 7)], -1) * size
    girth = np.interp(lam, [5, 9, 30], [0.5, 1.0, 1.0])
    grow = 1 + (habitus.girth - 1) * girth
    wall[:, [0, 3]] *= grow[:, None]
    wall[:, [2, 5]] *= (grow * habitus.depth)[:, None]
    wall[:, [1]] *= 1 + 0.5 * (grow[:, None] - 1)
    fat = (habitus.fat_mm - 12) * girth
    wall[:, 0] += fat
    wall[:, 2] += 1.2 * fat
    wall[:, 1] += 0.6 * fat
    if habitus.arms == "down":
        wall[:, 0] += np.interp(lam, [7.5, 8.5, 10, 13], [0, 35, 25, 0])
    roll = np.deg2rad(habitus.roll_deg)
    return Trunk(z_mm, lam, line, wall, np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]]))
