"""A synthetic CT together with the truth it was drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.anatomy.vertebra import COLUMNS, Vertebra
from endplate.volume.volume import Volume


@dataclass(frozen=True)
class Phantom:
    """A volume and its exact truth.

    Attributes:
        volume: int16 HU.
        vertebrae: C3 to L5 as far as any point lies in the volume, head to feet; ``complete`` is False where a point of
            the body lies outside.
        centres_mm: level name to centre of the body (3,), LPS, C2 to S1, also beyond the field of view.
        sacrum_mm: superior endplate of S1 (3, 3): anterior, middle, posterior.
        ribs_mm: heads of the ribs by name (``R5`` right, ``L5`` left), LPS, also beyond the field of view.
        seed: of the rendering.
        facts: further words on how it was made, for file headers and debugging.
    """

    volume: Volume
    vertebrae: tuple[Vertebra, ...]
    centres_mm: Mapping[str, NDArray[np.floating]]
    sacrum_mm: NDArray[np.floating]
    ribs_mm: Mapping[str, NDArray[np.floating]]
    seed: int
    facts: Mapping[str, str | float] = field(default_factory=dict)

    def truth(self) -> dict[str, Any]:
        """Truth in the form of ``truth.json``: complete bodies C3 to L5 with points, heights and a centreline."""
        whole = [v for v in self.vertebrae if v.complete]
        return {
            "case": self.volume.source.name,
            "frame": "LPS mm",
            "levels_certain": True,
            "vertebrae": [_entry(v) for v in whole],
            "centreline_lps_mm": [np.round(v.centre_mm, 3).tolist() for v in whole],
            "bodies": [
                {"level": name, "centre_lps_mm": np.round(centre, 3).tolist()}
                for name, centre in self.centres_mm.items()
                if inside(self.volume, centre[None]).all()
            ],
        }


def _entry(vertebra: Vertebra) -> dict[str, Any]:
    heights = np.linalg.norm(vertebra.points_mm[:, 1] - vertebra.points_mm[:, 0], axis=-1)
    return {
        "level": vertebra.level,
        "points_lps_mm": {name: np.round(vertebra.points_mm[i], 4).tolist() for i, name in enumerate(COLUMNS)},
        "heights_mm": {name: round(float(heights[i]), 4) for i, name in enumerate(COLUMNS)},
    }


def inside(volume: Volume, points_mm: NDArray[np.floating], margin_vox: float = 0.0) -> NDArray[np.bool_]:
    """Whether LPS points (..., 3) lie between the outermost voxel centres."""
    matrix = volume.voxel_from_patient
    voxels = np.asarray(points_mm, float) @ matrix[:3, :3].T + matrix[:3, 3]
    within: NDArray[np.bool_] = ((voxels >= margin_vox) & (voxels <= np.array(volume.hu.shape) - 1 - margin_vox)).all(-1)
    return within


def is_measured(level: str | None) -> bool:
    """Whether a level has six endplate points: C3 to L5 (and L6)."""
    return level is not None and levels.order("C3") <= levels.order(level) <= levels.order("L6")
