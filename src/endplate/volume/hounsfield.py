"""Stored numbers to Hounsfield units: int16 wherever that loses nothing, float32 otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused

AIR_HU = -1024
"""What a voxel without a value holds."""

MOST_VOXELS = 2_000_000_000
"""More than 7,000 slices of 512 x 512; a header that promises more is damaged or hostile."""

_INTEGER_TOLERANCE_HU = 1e-3

HounsfieldArray = NDArray[np.int16] | NDArray[np.float32]


def hounsfield(stored: NDArray[Any], slope: float = 1.0, intercept: float = 0.0) -> tuple[HounsfieldArray, tuple[str, ...]]:
    """``slope * stored + intercept`` in HU, slice by slice, and messages on what was replaced.

    Args:
        stored: numbers as the file holds them (k, j, i), any real type and byte order.
        slope: HU per stored unit.
        intercept: HU of a stored zero.

    Returns:
        int16 where every value is an integer that int16 holds, else float32; NaN and infinity become air.

    Raises:
        InputRefused: ``not_a_ct`` for colour or complex values, ``no_values`` if nothing is finite.
    """
    if stored.dtype.kind not in "iuf":
        raise InputRefused(
            "not_a_ct", f"values are of type {stored.dtype}; a CT holds one real number per voxel; convert the image"
        )
    if not (np.isfinite([slope, intercept]).all() and slope):
        raise InputRefused(
            "bad_rescale", f"rescale slope {slope}, intercept {intercept}; expected finite, slope not 0; fix the header"
        )
    if stored.dtype.kind in "iu" and float(slope).is_integer() and float(intercept).is_integer():
        low, high = sorted(int(slope) * int(end) + int(intercept) for end in (stored.min(), stored.max()))
        if low >= -32768 and high <= 32767:
            return _integers(stored, int(slope), int(intercept)), ()
    return _reals(stored, slope, intercept)


def _integers(stored: NDArray[Any], slope: int, intercept: int) -> NDArray[np.int16]:
    if slope == 1 and intercept == 0:
        return np.ascontiguousarray(stored, np.int16)
    hu = np.empty(stored.shape, np.int16)
    for out, plane in zip(hu, stored, strict=True):
        out[...] = plane.astype(np.int64) * slope + intercept
    return hu


def _reals(stored: NDArray[Any], slope: float, intercept: float) -> tuple[HounsfieldArray, tuple[str, ...]]:
    hu = np.empty(stored.shape, np.float32)
    lost, integral = 0, True
    for out, plane in zip(hu, stored, strict=True):
        values = plane.astype(np.float64) * slope + intercept
        finite = np.isfinite(values)
        if not finite.all():
            lost += int(values.size - np.count_nonzero(finite))
            values[~finite] = AIR_HU
        integral = integral and _fits_int16(values)
        out[...] = values
    if lost == stored.size:
        raise InputRefused("no_values", "every voxel is NaN or infinite; expected Hounsfield units; export the image again")
    messages = (f"{lost} of {stored.size} voxels were NaN or infinite and were set to {AIR_HU} HU",) if lost else ()
    return (np.rint(hu, out=hu).astype(np.int16) if integral else hu), messages


def _fits_int16(values: NDArray[np.float64]) -> bool:
    inside = values.min() >= -32768 and values.max() <= 32767
    return bool(inside and np.abs(values - np.rint(values)).max() < _INTEGER_TOLERANCE_HU)
