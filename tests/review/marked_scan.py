"""A bent column and scans of it in which one thing is bright, on grids of any orientation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from endplate.anatomy import Vertebra
from endplate.geometry import frames
from endplate.report.report import Report
from endplate.volume import Volume
from report.conftest import report_of
from strategies import normal_column

Floats = NDArray[np.floating]
NAMES = ("T10", "T11", "T12", "L1", "L2")
WIDTH_MM = 2.5
BRIGHT_HU = 3000.0
PLACE_MM = np.array([31.0, -57.0, -412.0])

_TILT = Rotation.from_euler("xyz", (14, -9, 11), degrees=True).as_matrix()
GRIDS: dict[str, Floats] = {
    "feet first": np.array([[0, 0, 0.9], [0, 0.8, 0], [1.25, 0, 0]]),
    "head first": np.array([[0, 0, 0.9], [0, 0.8, 0], [-2.0, 0, 0]]),
    "mirrored": np.array([[0, 0, -0.9], [0, -0.8, 0], [1.25, 0, 0]]),
    "sagittal": np.array([[2.0, 0, 0], [0, 0, 0.9], [0, -0.8, 0]]),
    "coronal, flipped": np.array([[0, 0, -0.9], [-1.6, 0, 0], [0, 0.9, 0]]),
    "oblique": _TILT @ np.array([[0, 0, 0.9], [0, 0.8, 0], [-1.5, 0, 0]]),
    "tilted gantry": np.array([[0, 0, 0.9], [0.5, 0.8, 0], [1.5, 0, 0]]),
}
"""Columns: steps of the voxel axes k, j, i in LPS mm; anisotropic."""


def bent(points_mm: Floats) -> Floats:
    """Kyphosis and scoliosis, away from the origin."""
    x, y, z = np.moveaxis(points_mm, -1, 0)
    return np.stack([x + 7 * np.sin(z / 60), y + 0.0015 * (z + 70) ** 2, z], -1) + PLACE_MM


def bodies() -> list[Vertebra]:
    """T10 to L2."""
    return [Vertebra(p, np.full((3, 2), 0.5), n, 1.0, 0.99) for n, p in zip(NAMES, bent(normal_column(NAMES)), strict=True)]


def report(course: Floats | None = None) -> Report:
    """Of these bodies; with the line through their centres unless another course is given."""
    made = report_of(bodies())
    if course is None:
        return made
    return replace(made, centreline_lps_mm=tuple((float(x), float(y), float(z)) for x, y, z in course))


def grid(axes: Floats, reach_mm: tuple[float, float, float] = (90.0, 100.0, 120.0)) -> tuple[tuple[int, ...], Floats]:
    """Shape and affine of a grid around the bodies."""
    middle = np.array([v.centre_mm for v in bodies()]).mean(0)
    corners = np.stack(np.meshgrid(*[(-r, r) for r in reach_mm]), -1).reshape(-1, 3)
    shape = np.ceil(2 * np.abs(corners @ np.linalg.inv(axes).T).max(0)).astype(int) + 1
    return tuple(int(n) for n in shape), frames.affine(axes, middle - axes @ ((shape - 1) / 2))


MARK_MM = np.array([9.0, -6.0, 4.0])
"""From the middle of T12: to the patient's left, to the front, to the head."""


def bright_mm() -> Floats:
    """The place of the mark, LPS."""
    return bodies()[2].centre_mm + MARK_MM


@cache
def scan(name: str) -> Volume:
    """Zero everywhere but around the mark."""
    shape, matrix = grid(GRIDS[name])
    around = np.rint(frames.apply(np.linalg.inv(matrix), bright_mm())).astype(int)
    part = tuple(slice(n - 12, n + 13) for n in around)
    index = np.stack(np.meshgrid(*[np.arange(p.start, p.stop) for p in part], indexing="ij"), -1)
    away = frames.apply(matrix, index) - bright_mm()
    hu = np.zeros(shape, np.int16)
    hu[part] = np.rint(BRIGHT_HU * np.exp(-(away**2).sum(-1) / (2 * WIDTH_MM**2)))
    return Volume(hu, matrix)


def flat(name: str, reach_mm: tuple[float, float, float] = (25.0, 30.0, 75.0)) -> Volume:
    """A small scan that is 55 HU everywhere."""
    shape, matrix = grid(GRIDS[name], reach_mm)
    return Volume(np.full(shape, 55, np.int16), matrix)


def middle_of(image: NDArray[Any]) -> Floats:
    """Where in an image the brightness lies: its centre of mass, by index, of what is clearly bright."""
    values = np.where(image > BRIGHT_HU / 10, image, 0).astype(float)
    return np.array([(index * values).sum() for index in np.indices(image.shape)]) / values.sum()
