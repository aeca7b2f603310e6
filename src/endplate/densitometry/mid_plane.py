"""The mid-plane of a vertebral body: half-way between its endplates, from its six points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra
from endplate.morphometry.heights import heights

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class MidPlane:
    """The plane through the middles of the three columns, along the patient's left; body space (s, t, r) in mm.

    Attributes:
        origin_mm: LPS (3,): where the plane meets the middle of the anterior wall; s, t and r are 0 there.
        axes: (3, 3), rows s (down, across the plane), t (to the posterior wall), r (to the left), unit vectors in LPS.
        depth_mm: from the anterior to the posterior wall.
        height_mm: the least of the three heights.
    """

    origin_mm: Floats
    axes: Floats
    depth_mm: float
    height_mm: float

    def patient(self, body_mm: Floats) -> Floats:
        """LPS points (..., 3) of body points (..., 3) = (s, t, r)."""
        return np.asarray(body_mm, float) @ self.axes + self.origin_mm


def mid_plane(vertebra: Vertebra) -> MidPlane | None:
    """The mid-plane of a body, or None where its columns and its depth span no plane.

    The plane bisects a wedge; of a body whose middle is pressed in from one side only, it takes the mean course of the
    three columns' middles.
    """
    points = np.asarray(vertebra.points_mm, float)
    middles = points.mean(1)
    back, down = middles[2] - middles[0], (points[:, 1] - points[:, 0]).mean(0)
    left = np.cross(down, back)
    depth, area = float(np.linalg.norm(back)), float(np.linalg.norm(left))
    # columns within about 30 degrees of the line from front to back are no body
    if depth < 1e-6 or area < 0.5 * depth * float(np.linalg.norm(down)) or area < 1e-6:
        return None
    back, left = back / depth, left / area
    axes = np.stack([np.cross(back, left), back, left])
    shift = float((middles.mean(0) - middles[0]) @ axes[0])
    return MidPlane(middles[0] + shift * axes[0], axes, depth, float(heights(points).min()))
