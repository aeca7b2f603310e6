"""Heights and their ratios, from six points in patient space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def heights(points_mm: Floats) -> Floats:
    """Anterior, middle and posterior height in mm (..., 3): distance of superior and inferior point in the patient.

    Args:
        points_mm: (..., 3, 2, 3) column (anterior, middle, posterior) x endplate (superior, inferior) x LPS mm.

    >>> box = np.array([[[0.0, t, 20], [0, t, 0]] for t in (-15.0, 0, 15)])
    >>> heights(box).tolist()
    [20.0, 20.0, 20.0]
    """
    return np.linalg.norm(points_mm[..., 0, :] - points_mm[..., 1, :], axis=-1)


def ratios(heights_mm: Floats) -> Floats:
    """Ha/Hp and Hm/Hp (..., 2) of heights (..., 3)."""
    return heights_mm[..., :2] / heights_mm[..., 2:]


def genant_index(heights_mm: Floats) -> Floats:
    """Raw index G = min(Ha, Hm, Hp) / max(Ha, Hm, Hp) (...) of heights (..., 3); Zakharov et al. 2023 (arXiv 2204.06818)."""
    return heights_mm.min(-1) / heights_mm.max(-1)
