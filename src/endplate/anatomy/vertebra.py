"""A vertebral body as six points on its endplates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("anterior", "middle", "posterior")
"""First axis of the points: where along the endplate. The second axis is (superior, inferior)."""


@dataclass(frozen=True)
class Vertebra:
    """One vertebral body in patient space.

    Attributes:
        points_mm: (3, 2, 3): column (anterior, middle, posterior) x endplate (superior, inferior) x LPS mm.
        points_sd_mm: (3, 2): standard deviation of each point along the spine, in mm; 0 where it is known exactly.
        level: name such as ``T8``, or None before labelling.
        level_confidence: probability of the name, 0 to 1.
        score: confidence that this is a vertebral body, 0 to 1.
        complete: False where the field of view cuts the body.
        doubt: why its points are not to be trusted, such as metal in it, or None.

    Raises:
        ValueError: if the points are not (3, 2, 3) finite numbers.
    """

    points_mm: NDArray[np.floating]
    points_sd_mm: NDArray[np.floating]
    level: str | None = None
    level_confidence: float = 0.0
    score: float = 1.0
    complete: bool = True
    doubt: str | None = None

    def __post_init__(self) -> None:
        if self.points_mm.shape != (3, 2, 3) or not np.isfinite(self.points_mm).all():
            raise ValueError(f"points_mm must be finite numbers of shape (3, 2, 3), got {self.points_mm.shape}")
        if self.points_sd_mm.shape != (3, 2):
            raise ValueError(f"points_sd_mm must have shape (3, 2), got {self.points_sd_mm.shape}")

    @property
    def centre_mm(self) -> NDArray[np.floating]:
        """Mean of the six points, LPS mm (3,)."""
        centre: NDArray[np.floating] = self.points_mm.mean((0, 1))
        return centre

    def named(self, level: str, confidence: float) -> Vertebra:
        """The same body with a level name."""
        return replace(self, level=level, level_confidence=confidence)


def exact(points_mm: NDArray[np.floating], level: str | None = None) -> Vertebra:
    """A vertebra whose points (3, 2, 3) are known exactly (truth, or a reader's own)."""
    return Vertebra(np.asarray(points_mm, float), np.zeros((3, 2)), level, float(level is not None))
