"""Heights and their ratios, from six points in patient space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
LEAST_MM = 1e-3


def heights(points_mm: Floats) -> Floats:
    """Anterior, middle and posterior height in mm (..., 3): distance of superior and inferior point in the patient.

    Args:
        points_mm: (..., 3, 2, 3) column (anterior, middle, posterior) x endplate (superior, inferior) x LPS mm.

    >>> box = np.array([[[0.0, t, 20], [0, t, 0]] for t in (-15.0, 0, 15)])
    >>> heights(box).tolist()
    [20.0, 20.0, 20.0]
    """
    points = np.asarray(points_mm, float)
    tall: Floats = np.linalg.norm(points[..., 0, :] - points[..., 1, :], axis=-1)
    return tall


def ratios(heights_mm: Floats) -> Floats:
    """Ha/Hp and Hm/Hp (..., 2) of heights (..., 3); a height of nothing counts as a micrometre.

    >>> ratios(np.array([18.0, 17.0, 20.0])).tolist()
    [0.9, 0.85]
    """
    tall = np.maximum(heights_mm, LEAST_MM)
    return tall[..., :2] / tall[..., 2:]


def middle_to_anterior(heights_mm: Floats) -> Floats:
    """Hm/Ha (...), the biconcavity against the front, of heights (..., 3)."""
    tall = np.maximum(heights_mm, LEAST_MM)
    return tall[..., 1] / tall[..., 0]


def genant_index(heights_mm: Floats) -> Floats:
    """Raw index G = min(Ha, Hm, Hp) / max(Ha, Hm, Hp) (...) of heights (..., 3); Zakharov et al. 2023 (arXiv 2204.06818).

    >>> float(genant_index(np.array([18.0, 16.0, 20.0])))
    0.8
    """
    tall = np.maximum(heights_mm, LEAST_MM)
    index: Floats = tall.min(-1) / tall.max(-1)
    return index
