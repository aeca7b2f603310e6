"""Which body found is which body annotated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from endplate.morphometry.heights import heights

Floats = NDArray[np.floating]
Indices = NDArray[np.intp]
MARGIN = 0.75
"""Of a mean height beyond the first and last annotated centre: farther bodies are not annotated and do not count."""


def within_annotation(found_mm: Floats, true_mm: Floats) -> NDArray[np.bool_]:
    """Whether bodies (n, 3, 2, 3) lie in the annotated range along z."""
    z, true_z = found_mm.mean((1, 2))[:, 2], true_mm.mean((1, 2))[:, 2]
    margin = heights(true_mm).mean(-1).mean() * MARGIN
    inside: NDArray[np.bool_] = (z > true_z.min() - margin) & (z < true_z.max() + margin)
    return inside


def match(found_mm: Floats, true_mm: Floats) -> Indices:
    """Pairs (k, 2) of indices into found (n, 3, 2, 3) and true (m, 3, 2, 3) bodies, nearest first.

    One to one; a pair's centres lie within half the true mean height (../shared/accuracy.md).
    """
    distance = np.linalg.norm(found_mm.mean((1, 2))[:, None] - true_mm.mean((1, 2))[None], axis=-1)
    near = distance <= heights(true_mm).mean(-1)[None] / 2
    i, j = np.nonzero(near)
    pairs: list[tuple[int, int]] = []
    for n in np.lexsort((j, i, distance[near])):
        a, b = int(i[n]), int(j[n])
        if all(a != x and b != y for x, y in pairs):
            pairs.append((a, b))
    return np.array(pairs, np.intp).reshape(-1, 2)
