"""A box of the scan along the patient's axes, and the sagittal, coronal and axial planes through it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from endplate.geometry import frames
from endplate.geometry.sampling import AIR_HU
from endplate.volume import Volume

Floats = NDArray[np.floating]
Which = Literal["sagittal", "coronal", "axial"]
MOST_VOXELS = 80_000_000
"""160 MB; a column of 900 mm with 60 degrees of scoliosis and of kyphosis needs less."""

STEP_MM = 1.0
SIDEWAYS_MM, FRONT_MM, BEHIND_MM, BEYOND_MM = 60.0, 70.0, 60.0, 30.0
"""How far the box reaches beside, before, behind, and above and below the points that it must show."""

_AXES = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""Columns: what one step along k, j and i is in LPS. Slices run to the feet, rows to the back, columns to the left."""

_SEEN = {"sagittal": (2, 0, 1), "coronal": (1, 0, 2), "axial": (0, 1, 2)}
"""Of the box's axes (k, j, i), which one a plane lies across, and which its rows and its columns run along."""

_SLICES_AT_ONCE = 16
_ALIGNED_VOX = 1e-6
"""Axes that stray from the patient's by less over the whole box count as aligned."""


@dataclass(frozen=True)
class Box:
    """A grid along the patient's axes: the centre of voxel (k, j, i) is ``origin + step * (i, j, -k)``.

    Attributes:
        shape: slices head to feet, rows front to back, columns from the patient's right to the left.
        spacing_mm: step along each axis.
        origin_lps_mm: centre of voxel (0, 0, 0).

    Raises:
        ValueError: if it is empty or larger than `MOST_VOXELS`.
    """

    shape: tuple[int, int, int]
    spacing_mm: float
    origin_lps_mm: tuple[float, float, float]

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or math.prod(self.shape) > MOST_VOXELS:
            raise ValueError(f"a box has 1 to {MOST_VOXELS} voxels, got {self.shape}")

    @property
    def patient_from_voxel(self) -> Floats:
        """Affine (4, 4) from (k, j, i) to LPS mm."""
        return frames.affine(self.spacing_mm * _AXES, np.array(self.origin_lps_mm))

    @property
    def facts(self) -> dict[str, Any]:
        """Plain types, ready for JSON; `box_of` reads them."""
        return {"shape": list(self.shape), "spacing_mm": self.spacing_mm, "origin_lps_mm": list(self.origin_lps_mm)}


def box_of(facts: dict[str, Any]) -> Box:
    """The box that ``facts`` describe.

    Raises:
        ValueError, KeyError, TypeError: if they describe none.
    """
    k, j, i = map(int, facts["shape"])
    x, y, z = map(float, facts["origin_lps_mm"])
    return Box((k, j, i), float(facts["spacing_mm"]), (x, y, z))


def box_around(points_mm: Floats, volume: Volume) -> Box:
    """The box that shows points (n, 3) LPS mm with their surroundings, cut to where the volume has voxels.

    Raises:
        ValueError: if that leaves nothing, or too much.
    """
    reach = np.array([[SIDEWAYS_MM, FRONT_MM, BEYOND_MM], [SIDEWAYS_MM, BEHIND_MM, BEYOND_MM]])
    ends = np.stack(np.meshgrid(*[(0.0, n - 1.0) for n in volume.hu.shape], indexing="ij"), -1).reshape(-1, 3)
    corners = frames.apply(volume.patient_from_voxel, ends)
    # a hair inside, so that rounding does not put the outermost plane beyond the outermost voxels
    low = np.ceil(np.maximum(points_mm.min(0) - reach[0], corners.min(0) + 1e-6) / STEP_MM)
    high = np.floor(np.minimum(points_mm.max(0) + reach[1], corners.max(0) - 1e-6) / STEP_MM)
    x, y, z = high - low + 1
    if not min(x, y, z) >= 1:
        raise ValueError(
            f"the vertebrae lie at {_three(points_mm.mean(0))} mm, outside the scan, which reaches from "
            f"{_three(corners.min(0))} to {_three(corners.max(0))} mm; give the scan that the report is of"
        )
    return Box((int(z), int(y), int(x)), STEP_MM, (float(low[0] * STEP_MM), float(low[1] * STEP_MM), float(high[2] * STEP_MM)))


def _three(point: Floats) -> str:
    return "(" + ", ".join(f"{value:.0f}" for value in point) + ")"


def resampled(volume: Volume, box: Box) -> NDArray[np.int16]:
    """Hounsfield units on the box's grid: linear between voxel centres, -1024 beyond the outermost, clipped to int16.

    `endplate.geometry.sampling.sample` gives the same; without a list of points it takes less time, and hardly any memory.
    """
    matrix = volume.voxel_from_patient @ box.patient_from_voxel
    turn = matrix[:3, :3]
    aligned = np.abs(turn - np.diag(np.diag(turn))).max() * max(box.shape) < _ALIGNED_VOX
    # one number per axis lets scipy take its quicker way
    step = np.diag(turn) if aligned else turn
    out = np.empty(box.shape, "<i2")
    for first in range(0, box.shape[0], _SLICES_AT_ONCE):
        part, start = out[first : first + _SLICES_AT_ONCE], matrix[:3, 3] + first * turn[:, 0]
        hu = ndimage.affine_transform(
            volume.hu, step, start, part.shape, np.float32, order=1, mode="constant", cval=AIR_HU, prefilter=False
        )
        part[...] = to_int16(hu)
    return out


def to_int16(hu: NDArray[np.float32]) -> NDArray[np.int16]:
    """Rounded and clipped to what int16 holds, little endian."""
    return np.clip(np.rint(hu), -32768, 32767).astype("<i2")


def cut(context: NDArray[np.int16], box: Box, which: Which, at_mm: float) -> tuple[NDArray[np.int16], dict[str, Any]]:
    """The plane of a box's image that lies nearest to a place.

    Args:
        context: Hounsfield units on the box's grid.
        box: the grid.
        which: ``sagittal`` at an x, ``coronal`` at a y, ``axial`` at a z.
        at_mm: the place in LPS mm; outside the box the outermost plane is given.

    Returns:
        The plane (rows, columns), head or front up and the patient's right or front on the left; and its geometry: ``plane``,
        ``at_mm`` where it lies, ``shape``, ``spacing_mm``, ``origin_lps_mm`` of pixel (0, 0), and unit vectors ``row_lps`` and
        ``column_lps``: pixel (r, c) lies at ``origin + spacing * (r * row + c * column)``.

    Raises:
        ValueError: if ``which`` is none of the three, or the place is not finite.
    """
    if which not in _SEEN:
        raise ValueError(f"which: expected one of {', '.join(get_args(Which))}, got {str(which)[:40]!r}")
    if not math.isfinite(at_mm):
        raise ValueError(f"at_mm: expected a finite number of mm, got {at_mm}")
    across, down, along = _SEEN[which]
    axis = int(np.abs(_AXES[:, across]).argmax())
    index = (at_mm - box.origin_lps_mm[axis]) / (box.spacing_mm * _AXES[axis, across])
    number = round(min(max(index, 0.0), box.shape[across] - 1.0))
    origin = np.array(box.origin_lps_mm) + number * box.spacing_mm * _AXES[:, across]
    image = np.ascontiguousarray(np.take(context, number, axis=across), "<i2")
    return image, {
        "plane": which,
        "at_mm": float(origin[axis]),
        "shape": list(image.shape),
        "spacing_mm": box.spacing_mm,
        "origin_lps_mm": origin.tolist(),
        "row_lps": _AXES[:, down].tolist(),
        "column_lps": _AXES[:, along].tolist(),
    }
