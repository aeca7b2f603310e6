"""Ribs that meet T1 to T12, sternum and clavicles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from endplate.phantom.drawing.bodies import BodyShape
from endplate.phantom.drawing.canvas import Capsule
from endplate.phantom.drawing.posterior import Arch
from endplate.phantom.drawing.trunk import CAVITY, Trunk

Floats = NDArray[np.floating]

# angle from posterior at which the bone ends (deg), fall from head to end (mm), by rib
_RIBS = np.array(
    [
        [128, 38], [145, 62], [150, 82], [150, 98], [150, 110], [148, 118],
        [145, 122], [138, 120], [130, 115], [122, 105], [92, 75], [62, 48],
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Rib:
    """One rib.

    Attributes:
        number: 1 to 12.
        side: -1 right, 1 left.
        path_mm: (n, 3) LPS from the head at the vertebra to the anterior end.
    """

    number: int
    side: int
    path_mm: Floats

    def capsules(self) -> list[Capsule]:
        """Bony limbs along the path: a rib is about 12 mm tall and 6 mm thick."""
        tall = 4.2 if self.number in (1, 12) else 5.6
        parts = []
        for i, (a, b) in enumerate(zip(self.path_mm[:-1], self.path_mm[1:], strict=True)):
            along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
            up = np.array([0.0, 0.0, 1.0]) - along * along[2]
            outward = np.cross(along, up / max(float(np.linalg.norm(up)), 1e-6))
            radius = 3.6 if i < 2 else tall
            flat, factor = (None, 1.0) if i < 2 else (outward, 1.75)
            parts.append(Capsule(a, b, (radius, radius), flat, factor))
        return parts


def rib(number: int, side: int, vertebra: tuple[BodyShape, Arch], trunk: Trunk, size: float) -> Rib:
    """The rib of T<number>: head at the posterolateral corner of the body, neck to the transverse process, then the wall."""
    shape, sizes = vertebra
    s_top, wall = shape.points[2, 0, 0], shape.points[2, :, 1].mean()
    # heads of ribs 2 to 10 straddle the disc above; 1, 11 and 12 sit on their own body
    s_head = s_top + (5.0 if number in (1, 11, 12) else 0.5)
    head = [s_head, wall - 3.0, side * (0.93 * shape.half_width_mm + 1.5)]
    tubercle = [
        -0.12 * (shape.points[2, 1, 0] - s_top) - 3.0,
        wall + 1.1 * sizes.canal_t + sizes.transverse_back - 5.5,
        side * (sizes.transverse - 2),
    ]
    if number >= 11:
        tubercle = [head[0] + 3, wall + 10.0, side * (shape.half_width_mm + 14)]
    start = shape.frame.patient(np.array([head, tubercle]))
    end_deg, fall = _RIBS[number - 1]
    path = _around(start[1], (side, float(end_deg), float(fall) * size), trunk, size)
    return Rib(number, side, np.concatenate([start, path]))


def _around(tubercle: Floats, course: tuple[int, float, float], trunk: Trunk, size: float) -> Floats:
    side, end_deg, fall = course
    here = trunk.slice_of(tubercle[2])
    local = (tubercle[:2] - trunk.centre_mm[here]) @ trunk.roll
    # the wall angle at which the rib leaves the transverse process; superellipse angles start flat at the back
    first = np.deg2rad(12.0) + np.arctan2(abs(local[0]), 110 * size) * 0.8
    share = np.linspace(0.0, 1.0, 22)[1:]
    angle = side * (first + share * (np.deg2rad(end_deg) - first))
    z = tubercle[2] - 4 - fall * share**1.15
    index = trunk.slice_of(z)
    wall = trunk.at(index, angle, CAVITY, -5.0, 2.6)
    blend = np.clip(share * 5, 0, 1)[:, None]
    straight = tubercle[:2] + (wall - tubercle[:2]) * blend
    return np.concatenate([straight, z[:, None]], 1)


def front(trunk: Trunk, z_of: tuple[float, float], side_mm: float) -> tuple[list[Capsule], list[Capsule]]:
    """Sternum (T2/T3 to T9) and clavicles, as limbs."""
    z = np.linspace(z_of[0], z_of[1], 8)
    middle = trunk.at(trunk.slice_of(z), np.full(8, np.pi), CAVITY, -6.0)
    path = np.concatenate([middle, z[:, None]], 1)
    flat = np.array([0.0, 1.0, 0.0])
    sternum = [Capsule(a, b, (17.0, 15.0), flat, 3.0) for a, b in pairwise(path)]
    clavicles = []
    for side in (-1.0, 1.0):
        inner = path[0] + np.array([side * 16, 4.0, 6.0])
        bend = inner + np.array([side * 55, 18.0, 14.0])
        outer = inner + np.array([side * side_mm, 62.0, 24.0])
        clavicles += [Capsule(inner, bend, (7.5, 5.5)), Capsule(bend, outer, (5.5, 6.5))]
    return sternum, clavicles
