"""The geometry of a stack of parallel slices: order, spacing, gaps, gantry tilt. Numbers only, no DICOM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused
from endplate.geometry import frames

Floats = NDArray[np.floating]

SAME_POSITION_MM = 0.01
"""Two slices nearer than this lie at one position; the thinnest CT slices are 0.2 mm apart."""

_EVEN_MM = 0.1
"""Slices this near to their place in an even stack are left as they are: headers round to 0.1 mm."""

_GAP_STEPS = 1.5
"""A step this many times the usual one is a gap, not an irregularity."""

_CHANGED_STEPS = 3
"""So many gaps in a row are a change of spacing, not missing slices."""

_STRAY_SHARE, _STRAY_SLICES = 0.1, 3
"""How many slices may be left out beyond a gap (both limits hold), so that a stray slice does not cost the scan."""

_DRIFT_MM = 0.5
"""How far slices may lie off the line through the stack, sideways."""

_TILT_DEG = 0.5


@dataclass(frozen=True)
class Stack:
    """Slices in order along their normal.

    Attributes:
        order: indices of the slices used (n,), ascending along the normal.
        patient_from_voxel: affine (4, 4) of the evenly spaced stack, (k, j, i) to LPS mm.
        place: where each slice lies on the even grid (n,), in slices; arange(n) if nothing has to be resampled.
        messages: what the user should know.
    """

    order: NDArray[np.intp]
    patient_from_voxel: Floats
    place: Floats
    messages: tuple[str, ...] = ()

    @property
    def is_even(self) -> bool:
        """True where the slices are the grid."""
        return bool(np.array_equal(self.place, np.arange(len(self.place))))


def normal(orientation: Floats) -> Floats:
    """Unit normal (3,) of a plane with directions (6,) along a row and down a column; rows x columns.

    Raises:
        InputRefused: ``bad_geometry`` where the directions are not two perpendicular unit vectors.
    """
    row, column = np.asarray(orientation, float).reshape(2, 3)
    lengths = np.linalg.norm([row, column], axis=1)
    if not np.isfinite(lengths).all() or np.abs(lengths - 1).max() > 0.01 or abs(row @ column) > 0.01:
        listed = [round(float(v), 4) for v in np.ravel(orientation)]
        raise InputRefused(
            "bad_geometry", f"Image Orientation is {listed}; expected two perpendicular unit vectors; fix the header"
        )
    across = np.cross(row, column)
    return np.asarray(across / np.linalg.norm(across))


def doubled(along_mm: Floats) -> list[list[int]]:
    """Groups of indices of slices that lie at one position."""
    order = np.argsort(along_mm, kind="stable")
    groups: list[list[int]] = [[]]
    for previous, index in zip([order[0], *order[:-1]], order, strict=True):
        if along_mm[index] - along_mm[previous] >= SAME_POSITION_MM:
            groups.append([])
        groups[-1].append(int(index))
    return [group for group in groups if len(group) > 1]


def stack(positions_mm: Floats, orientation: Floats, pixel_spacing_mm: Floats) -> Stack:
    """Orders slices and fits the map from voxels to the patient.

    Args:
        positions_mm: centre of the first pixel of each slice (n, 3), LPS mm, any order, no two at one position.
        orientation: directions along a row and down a column (6,).
        pixel_spacing_mm: distance between rows, between columns (2,).

    Raises:
        InputRefused: ``missing_slices``, ``uneven_spacing``, ``shifting_slices`` or ``bad_geometry``, with the positions.
    """
    positions = np.asarray(positions_mm, float)
    axis = normal(orientation)
    along = positions @ axis
    order = np.argsort(along, kind="stable")
    order, messages = _longest_run(order, along)
    used = positions[order]
    step = _step(used)
    place = (along[order] - along[order[0]]) / (step @ axis)
    even = np.arange(len(order))
    off_mm = np.abs(place - even) * (step @ axis)
    if off_mm.max() <= min(_EVEN_MM, 0.1 * float(step @ axis)):
        place = even.astype(float)
    else:
        messages += (f"slice spacing varies by up to {off_mm.max():.2f} mm; slices were interpolated to even spacing",)
    _check_line(used, place, step)
    row, column = np.asarray(orientation, float).reshape(2, 3)
    axes = np.stack([step, column * pixel_spacing_mm[0], row * pixel_spacing_mm[1]], 1)
    tilt = float(np.degrees(np.arccos(np.clip(step @ axis / np.linalg.norm(step), -1, 1))))
    if tilt > _TILT_DEG:
        messages += (f"gantry tilt of {tilt:.1f} degrees; kept as a shear",)
    return Stack(order, frames.affine(axes, used[0]), place, messages)


def even(hu: NDArray[np.int16] | NDArray[np.float32], place: Floats) -> NDArray[np.int16] | NDArray[np.float32]:
    """Slices (n, rows, columns) at places (n,), interpolated linearly to the grid 0..n-1."""
    out = np.empty_like(hu)
    for k in range(len(hu)):
        upper = int(np.clip(np.searchsorted(place, k), 1, len(hu) - 1))
        share = float(np.clip((k - place[upper - 1]) / (place[upper] - place[upper - 1]), 0, 1))
        mixed = hu[upper - 1] * np.float32(1 - share) + hu[upper] * np.float32(share)
        out[k] = np.rint(mixed) if hu.dtype.kind == "i" else mixed
    return out


def _longest_run(order: NDArray[np.intp], along: Floats) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """The slices without a gap.

    A few stray slices beyond a gap are left out with a message. Anything else is refused: half a spine, measured in
    silence, is worse than none.
    """
    sorted_mm = along[order]
    steps = np.diff(sorted_mm)
    usual = float(np.median(steps))
    wide = np.flatnonzero(steps > _GAP_STEPS * usual)
    narrow = np.flatnonzero(steps < 0.5 * usual)
    if len(narrow) or _longest_streak(wide) >= _CHANGED_STEPS:
        raise InputRefused("uneven_spacing", _uneven(sorted_mm, steps))
    if not len(wide):
        return order, ()
    runs = np.split(order, wide + 1)
    longest = max(runs, key=len)
    gaps = ", ".join(f"{sorted_mm[i]:.2f} to {sorted_mm[i + 1]:.2f} mm" for i in wide[:8])
    stray = len(order) - len(longest)
    if stray <= min(_STRAY_SHARE * len(order), _STRAY_SLICES):
        return longest, (f"{stray} stray slices beyond a gap were left out (gap at {gaps})",)
    raise InputRefused(
        "missing_slices",
        f"slices are missing between {gaps} along the normal ({len(order)} slices, {usual:.2f} mm apart); "
        "expected an unbroken series; send it again from the archive",
    )


def _longest_streak(indices: NDArray[np.intp]) -> int:
    """How many of the ascending indices follow on one another at most."""
    streaks = np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)
    return max(len(streak) for streak in streaks)


def _uneven(sorted_mm: Floats, steps: Floats) -> str:
    return (
        f"slice spacing changes from {steps.min():.2f} to {steps.max():.2f} mm within {sorted_mm[0]:.2f} to {sorted_mm[-1]:.2f} mm "
        "along the normal; expected one spacing; give one reconstruction at a time"
    )


def _step(used: Floats) -> Floats:
    """Mean step (3,) from slice to slice."""
    return np.asarray((used[-1] - used[0]) / (len(used) - 1))


def _check_line(used: Floats, place: Floats, step: Floats) -> None:
    """Every slice must start on the line through the stack; what it may be off along that line is judged elsewhere."""
    off = used - used[0] - place[:, None] * step
    along = step / np.linalg.norm(step)
    sideways = np.linalg.norm(off - (off @ along)[:, None] * along, axis=1)
    worst = int(sideways.argmax())
    if sideways[worst] > _DRIFT_MM:
        found = f"slice {worst} starts {sideways[worst]:.2f} mm beside the line through the stack"
        at = np.round(used[worst], 2).tolist()
        remedy = f"expected at most {_DRIFT_MM:g} mm; give one reconstruction with one field of view"
        raise InputRefused("shifting_slices", f"{found}, at {at}; {remedy}")
