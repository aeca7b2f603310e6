"""Resample a volume along a curve."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from endplate.geometry import bases, frames
from endplate.geometry.curves import Curve
from endplate.geometry.sampling import sample
from endplate.straightening.straight_spine import StraightSpine
from endplate.volume import Volume


@dataclass(frozen=True)
class Settings:
    """The straightened grid; the detector's weights carry the one that they were trained on.

    Attributes:
        pixel_mm: step of rows and columns.
        anterior_mm: how far the image reaches in front of the curve.
        posterior_mm: how far it reaches behind.
        margin_mm: how far it runs beyond both ends of the curve.
        offsets_mm: lateral offset of each channel.
        slab_mm: lateral positions, relative to the offset, that are averaged into one channel.
    """

    pixel_mm: float = 1.0
    anterior_mm: float = 48.0
    posterior_mm: float = 47.0
    margin_mm: float = 24.0
    offsets_mm: tuple[float, ...] = (-12.0, -5.0, 0.0, 5.0, 12.0)
    slab_mm: tuple[float, ...] = (-1.0, 0.0, 1.0)

    def beside(self, left_mm: float) -> Settings:
        """The same grid so many mm to the patient's left."""
        return replace(self, offsets_mm=tuple(offset + left_mm for offset in self.offsets_mm))


def straighten(volume: Volume, curve: Curve, settings: Settings | None = None) -> StraightSpine:
    """The volume's parasagittal slabs along the curve (head to feet); points outside the volume read as air."""
    grid = settings or Settings()
    s = np.arange(-grid.margin_mm, curve.length_mm + grid.margin_mm + 1e-6, grid.pixel_mm)
    t = np.arange(-grid.anterior_mm, grid.posterior_mm + 1e-6, grid.pixel_mm)
    slabs = [_slab(volume, curve, (s, t), offset + np.array(grid.slab_mm)) for offset in grid.offsets_mm]
    first = (float(s[0]), float(t[0]))
    return StraightSpine(np.stack(slabs), curve, first, grid.pixel_mm, grid.offsets_mm, volume.slice_mm)


def straight_box(
    volume: Volume, curve: Curve, s_mm: NDArray[np.floating], t_mm: NDArray[np.floating], r_mm: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Hounsfield units (len(s), len(t), len(r)) on a straight grid."""
    tangent_free = bases.basis(curve, s_mm)
    voxel_from_patient = volume.voxel_from_patient
    turn = voxel_from_patient[:3, :3].T
    origin = frames.apply(voxel_from_patient, curve.at(s_mm))
    posterior, left = tangent_free[1] @ turn, tangent_free[2] @ turn
    voxels = (
        origin[:, None, None]
        + t_mm[None, :, None, None] * posterior[:, None, None]
        + r_mm[None, None, :, None] * left[:, None, None]
    )
    return sample(volume.hu, voxels)


def _slab(
    volume: Volume, curve: Curve, st_mm: tuple[NDArray[np.floating], NDArray[np.floating]], r_mm: NDArray[np.floating]
) -> NDArray[np.float32]:
    return straight_box(volume, curve, *st_mm, r_mm).mean(-1)
