"""A straightened image and its exact maps to the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.geometry import bases
from endplate.geometry.curves import Curve

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class StraightSpine:
    """Parasagittal slabs along a curve: rows run head to feet, columns anterior to posterior.

    Attributes:
        image_hu: Hounsfield units (channels, rows, columns); one channel per lateral offset.
        curve: the curve that the image follows.
        first_mm: straight coordinates (s, t) of the centre of pixel (0, 0).
        pixel_mm: step of rows and columns.
        offsets_mm: lateral offset r of each channel's slab (channels,), towards the patient's left.
        slice_mm: distance of the slices that the image was sampled from; what lies between two of them is a guess.
    """

    image_hu: NDArray[np.float32]
    curve: Curve
    first_mm: tuple[float, float]
    pixel_mm: float
    offsets_mm: tuple[float, ...]
    slice_mm: float = 1.0

    def __post_init__(self) -> None:
        if self.image_hu.ndim != 3 or len(self.image_hu) != len(self.offsets_mm):
            raise ValueError(f"image_hu must be (channels, rows, columns) with one channel per offset, got {self.image_hu.shape}")

    @property
    def midsagittal_hu(self) -> NDArray[np.float32]:
        """The channel nearest to the curve (rows, columns)."""
        return self.image_hu[int(np.argmin(np.abs(self.offsets_mm)))]

    def patient_from_pixel(self, pixels: Floats, lateral_mm: float | Floats = 0.0) -> Floats:
        """LPS points (..., 3) of pixel coordinates (..., 2) = (row, column) at a lateral offset."""
        st = np.asarray(pixels, float) * self.pixel_mm + self.first_mm
        r = np.broadcast_to(np.asarray(lateral_mm, float), st.shape[:-1])
        return bases.patient_from_straight(self.curve, np.concatenate([st, r[..., None]], -1))

    def pixel_from_patient(self, points_mm: Floats) -> Floats:
        """Pixel coordinates (..., 2) of LPS points (..., 3); the lateral offset is dropped."""
        straight = bases.straight_from_patient(self.curve, points_mm)
        return (straight[..., :2] - self.first_mm) / self.pixel_mm
