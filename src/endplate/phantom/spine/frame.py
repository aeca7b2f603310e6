"""The local frame of one vertebra: s down, t to posterior, r to the left, about the centre of its six points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy.vertebra import Vertebra


@dataclass(frozen=True)
class Frame:
    """A right-handed orthonormal frame.

    Attributes:
        origin_mm: (3,) LPS.
        axes: (3, 3), rows s, t, r in LPS.
    """

    origin_mm: NDArray[np.floating]
    axes: NDArray[np.floating]

    def local(self, points_mm: NDArray[np.floating]) -> NDArray[np.floating]:
        """(s, t, r) of LPS points (..., 3)."""
        found: NDArray[np.floating] = (np.asarray(points_mm, float) - self.origin_mm) @ self.axes.T
        return found

    def patient(self, points: NDArray[np.floating] | list[float]) -> NDArray[np.floating]:
        """LPS of (s, t, r) points (..., 3)."""
        found: NDArray[np.floating] = np.asarray(points, float) @ self.axes + self.origin_mm
        return found


def unit(vector: NDArray[np.floating]) -> NDArray[np.floating]:
    """The vector (3,) at length 1."""
    return vector / np.linalg.norm(vector)


def frame_of(vertebra: Vertebra) -> Frame:
    """Frame of a vertebra; its six points lie in the plane r = 0 as well as six points can."""
    points = vertebra.points_mm
    down = unit((points[:, 1] - points[:, 0]).mean(0))
    left = unit(np.cross(down, (points[2] - points[0]).mean(0)))
    return Frame(vertebra.centre_mm, np.stack([down, np.cross(left, down), left]))
