"""The region in which a body's trabecular bone is read: an ellipse in its mid-plane, inside the walls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from endplate.densitometry.mid_plane import MidPlane
from endplate.densitometry.walls import lateral_walls
from endplate.volume import Volume

# The region: an oval in the anterior trabecular space at mid-height, clear of cortex, posterior venous plexus and focal
# lesions (Pickhardt et al. 2013, Ann Intern Med 158:588; Jang et al. 2019, Radiology 291:360)
FRONT, FRONT_MM = 0.16, 4.5
"""Gap between the anterior wall and the ellipse: share of the depth, and the least."""
BACK = 0.66
"""Where the ellipse ends, as a share of the depth: the basivertebral vein and its funnel lie behind."""
ACROSS = 0.50
"""Half width of the ellipse over that of the body, where both walls are seen."""
ACROSS_UNSEEN = 0.26
"""Half width over the depth otherwise; that of the narrowest body seen is 0.43 (``walls.USUAL_RATIO``)."""
SLAB, SLAB_MM = 0.1, 2.0
"""Half thickness of the region: share of the least height, and the most."""


@dataclass(frozen=True)
class Region:
    """An elliptic region, as thick as its slab, in body space.

    Attributes:
        plane: the mid-plane.
        centre_mm: (t, r) of its middle.
        half_mm: semi-axes along t and r.
        slab_mm: half thickness along s.
        half_width_mm: of the body; None where its walls were not seen.
    """

    plane: MidPlane
    centre_mm: tuple[float, float]
    half_mm: tuple[float, float]
    slab_mm: float
    half_width_mm: float | None

    @property
    def area_mm2(self) -> float:
        """Of the ellipse."""
        return float(np.pi * self.half_mm[0] * self.half_mm[1])


def region_of(volume: Volume, plane: MidPlane) -> Region:
    """The ellipse: centred between the walls that the image shows, else on the six points and narrower."""
    front = max(FRONT * plane.depth_mm, FRONT_MM)
    back = BACK * plane.depth_mm
    half, slab = max((back - front) / 2, 0.0), min(SLAB * plane.height_mm, SLAB_MM)
    walls = lateral_walls(volume, plane)
    if walls is None:
        return Region(plane, ((front + back) / 2, 0.0), (half, ACROSS_UNSEEN * plane.depth_mm), slab, None)
    width = (walls[1] - walls[0]) / 2
    return Region(plane, ((front + back) / 2, (walls[0] + walls[1]) / 2), (half, ACROSS * width), slab, width)
