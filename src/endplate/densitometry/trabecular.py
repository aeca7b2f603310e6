"""Attenuation of the trabecular bone of one vertebral body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from endplate.anatomy import Vertebra
from endplate.densitometry.mid_plane import MidPlane, mid_plane
from endplate.densitometry.region import FRONT_MM, Region, region_of
from endplate.geometry import frames
from endplate.geometry.sampling import nearest
from endplate.volume import Volume

Floats = NDArray[np.floating]
NAN = float("nan")
STEP_MM = 1.0

LEAST_HEIGHT_MM = 8.0
DEPTH_MM = (8.0, 60.0)
LEAST_AREA_MM2, LEAST_VOXELS = 25.0, 8
# cement, screws and cages read above 1000 HU, and so do bone islands: 1190 HU, SD 239 (Ulano et al. 2016, AJR 207:362)
DENSE_HU, DENSE_SHARE = 1000.0, 0.02
RIM_MM = 3.5
"""What is left out as wall and endplate when the body is searched for dense material."""
AIR_HU, AIR_SHARE = -200.0, 0.02
FOCAL_HU, FOCAL_MM = 150.0, 4.0
"""A patch of this size that differs by more from the median is no plain trabecular bone: it is left out."""
LEAST_EVEN = 0.6
PLAUSIBLE_HU = (-100.0, 600.0)
"""At L1 and 120 kV the mean is 226 HU, SD 44, below the age of 30 (Jang 2019); this leaves room for 80 kV."""


@dataclass(frozen=True)
class Attenuation:
    """What the region of one body reads.

    Attributes:
        mean_hu: mean of the region; NaN where not measured.
        sd_hu: standard deviation of its voxels, which is mostly noise and texture.
        area_mm2: of the region in the mid-plane, without what was left out.
        reason: why it was not measured, or None.
    """

    mean_hu: float
    sd_hu: float
    area_mm2: float
    reason: str | None = None

    @property
    def measured(self) -> bool:
        """Whether the numbers mean something."""
        return self.reason is None


def attenuations(volume: Volume, vertebrae: Sequence[Vertebra]) -> tuple[Attenuation, ...]:
    """Attenuation of every body, in the order of the bodies."""
    return tuple(attenuation(volume, v) for v in vertebrae)


def attenuation(volume: Volume, vertebra: Vertebra) -> Attenuation:
    """Mean and deviation of trabecular bone in the anterior half of the body at mid-height, or why there is none.

    Args:
        volume: at full resolution; only the body's neighbourhood is read.
        vertebra: its six points; one that is cut or doubted is not measured.
    """
    plane = mid_plane(vertebra)
    reason = _reason_of_shape(vertebra, plane)
    if reason is not None or plane is None:
        return _without(reason or "its points span no body")
    region = region_of(volume, plane)
    hu = _read(volume, region)
    reason = _reason_of_content(hu, _dense_share(volume, region))
    return _without(reason) if reason is not None else _measured(volume, region, hu)


def _without(reason: str) -> Attenuation:
    return Attenuation(NAN, NAN, NAN, reason)


def _reason_of_shape(vertebra: Vertebra, plane: MidPlane | None) -> str | None:
    if not vertebra.complete:
        return "cut by the field of view"
    if vertebra.doubt is not None:
        return vertebra.doubt
    if plane is None:
        return "its points span no body"
    if not DEPTH_MM[0] <= plane.depth_mm <= DEPTH_MM[1]:
        return f"a depth of {plane.depth_mm:.0f} mm is implausible"
    if plane.height_mm < LEAST_HEIGHT_MM:
        return f"{plane.height_mm:.0f} mm between the endplates leave no room for a region"
    return None


def _read(volume: Volume, region: Region) -> Floats:
    """Voxels (s, t, r) of the region on a grid of about 1 mm; infinite outside the ellipse, NaN outside the volume."""
    s, t, r = (np.linspace(-h, h, 2 * round(h / STEP_MM) + 1) for h in (region.slab_mm, *region.half_mm))
    grid = np.stack(np.meshgrid(s, region.centre_mm[0] + t, region.centre_mm[1] + r, indexing="ij"), -1)
    hu = nearest(volume.hu, frames.apply(volume.voxel_from_patient, region.plane.patient(grid)))
    half = np.maximum(region.half_mm, 1e-9)
    hu[:, (t[:, None] / half[0]) ** 2 + (r / half[1]) ** 2 > 1.0] = np.inf
    return hu


def _reason_of_content(hu: Floats, dense: float) -> str | None:
    inside = hu[~np.isposinf(hu)]
    if inside.size == 0 or np.isnan(inside).any():
        return "the region reaches beyond the scan"
    if dense > DENSE_SHARE:
        return f"metal, cement or dense sclerosis in the body ({dense:.0%} of it above {DENSE_HU:.0f} HU)"
    if (air := float((inside < AIR_HU).mean())) > AIR_SHARE:
        return f"air or no image in the region ({air:.0%} of it below {AIR_HU:.0f} HU)"
    return None


def _dense_share(volume: Volume, region: Region) -> float:
    """Share of the body, walls and endplates left out, that is denser than bone."""
    plane = region.plane
    across = max((region.half_width_mm or 2 * region.half_mm[1]) - RIM_MM, region.half_mm[1])
    tall = max(plane.height_mm / 2 - RIM_MM, region.slab_mm)
    s, r = (np.linspace(-h, h, 2 * round(h / 2.0) + 1) for h in (tall, across))
    t = np.arange(FRONT_MM, plane.depth_mm - RIM_MM, 2.0)
    grid = np.stack(np.meshgrid(s, t, region.centre_mm[1] + r, indexing="ij"), -1)
    hu = nearest(volume.hu, frames.apply(volume.voxel_from_patient, plane.patient(grid)))
    return float((hu > DENSE_HU).mean()) if hu.size else 0.0


def _measured(volume: Volume, region: Region, hu: Floats) -> Attenuation:
    ellipse = np.isfinite(hu)
    even = ellipse & (np.abs(_smooth(hu, ellipse) - np.median(hu[ellipse])) <= FOCAL_HU)
    share = float(even.sum() / ellipse.sum())
    if share < LEAST_EVEN:
        return _without(f"uneven: {1 - share:.0%} of the region differs by more than {FOCAL_HU:.0f} HU from the rest")
    area = share * region.area_mm2
    voxels = area * max(2 * region.slab_mm, float(volume.spacing_mm.min())) / float(np.prod(volume.spacing_mm))
    if area < LEAST_AREA_MM2 or voxels < LEAST_VOXELS:
        return _without(f"too small: a region of {area:.0f} mm2 holds about {voxels:.0f} voxels")
    mean, sd = float(hu[even].mean()), float(hu[even].std())
    if not PLAUSIBLE_HU[0] <= mean <= PLAUSIBLE_HU[1]:
        return _without(f"a mean of {mean:.0f} HU is not that of trabecular bone")
    return Attenuation(mean, sd, area)


def _smooth(hu: Floats, ellipse: NDArray[np.bool_]) -> Floats:
    """Means over patches of ``FOCAL_MM``, of what lies in the ellipse."""
    size = round(FOCAL_MM / STEP_MM) + 1
    weight = ndimage.uniform_filter(ellipse.astype(np.float32), size, mode="constant")
    value = ndimage.uniform_filter(np.where(ellipse, hu, 0.0).astype(np.float32), size, mode="constant")
    return value / np.maximum(weight, 1e-6)
