"""The wide straightened box from which levels are read: ribs, sacrum, lungs around each body, in one fixed frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.geometry.curves import Curve
from endplate.straightening.straighten import straight_box
from endplate.volume import Volume
from endplate.volume.resampling import block_means

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Settings:
    """Grid of the box; travels with the weights.

    Attributes:
        step_mm: isotropic step.
        half_depth_mm: reach in front of and behind the curve.
        half_width_mm: reach to both sides.
        margin_mm: reach beyond both ends of the curve.
    """

    step_mm: float = 3.0
    half_depth_mm: float = 66.0
    half_width_mm: float = 90.0
    margin_mm: float = 60.0


@dataclass(frozen=True)
class WideBox:
    """A box in straight space.

    Attributes:
        hu: Hounsfield units (s, t, r), float32.
        curve: the curve that the box follows.
        first_s_mm: arc length of the first index of s.
        step_mm: of all axes.
    """

    hu: NDArray[np.float32]
    curve: Curve
    first_s_mm: float
    step_mm: float

    def index(self, s_mm: Floats) -> Floats:
        """Index along the first axis of arc lengths."""
        return (np.asarray(s_mm, float) - self.first_s_mm) / self.step_mm


def wide_box(volume: Volume, curve: Curve, settings: Settings | None = None) -> WideBox:
    """The box along a curve; outside the volume it reads as air."""
    grid = settings or Settings()
    s = np.arange(-grid.margin_mm, curve.length_mm + grid.margin_mm, grid.step_mm)
    t = np.arange(-grid.half_depth_mm, grid.half_depth_mm + 1e-6, grid.step_mm)
    r = np.arange(-grid.half_width_mm, grid.half_width_mm + 1e-6, grid.step_mm)
    return WideBox(straight_box(block_means(volume, grid.step_mm), curve, s, t, r), curve, float(s[0]), grid.step_mm)
