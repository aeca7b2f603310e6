"""Rigid turning of a patient on the couch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from endplate.anatomy.vertebra import Vertebra


def turned(vertebrae: Sequence[Vertebra], angles_deg: tuple[float, float, float]) -> tuple[Vertebra, ...]:
    """The vertebrae rotated about their common centre by angles about the x, y and z axes."""
    rotation = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    centre = np.mean([v.centre_mm for v in vertebrae], axis=0)
    return tuple(replace(v, points_mm=(v.points_mm - centre) @ rotation.T + centre) for v in vertebrae)
