"""Hypothesis strategies for the values of endplate, in one file; append yours."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from endplate.anatomy import Vertebra, levels
from endplate.morphometry.norms import shipped

GRADED_LEVELS = tuple(shipped().levels)


def body_points(heights_mm: tuple[float, float, float], top_mm: float = 0.0, depth_mm: float = 30.0) -> np.ndarray:
    """Six points (3, 2, 3) of an upright body with heights A, M, P; its inferior endplate is level."""
    back = (-depth_mm / 2, 0.0, depth_mm / 2)
    tallest = max(heights_mm)
    return np.array([[[0.0, y, top_mm - tallest + h], [0.0, y, top_mm - tallest]] for y, h in zip(back, heights_mm, strict=True)])


def normal_column(names: tuple[str, ...], size: float = 1.0, disc_mm: float = 5.0) -> np.ndarray:
    """Bodies (n, 3, 2, 3) exactly at the norm, times ``size``; where the norm has no height, 20 mm."""
    out, top = [], 0.0
    for name in names:
        norm = shipped().levels[name]
        hp = size * (norm.hp_mm if np.isfinite(norm.hp_mm) else 20.0)
        tall = (hp * norm.ha_hp, hp * norm.hm_hp, hp)
        out.append(body_points(tall, top))
        top -= max(tall) + disc_mm
    return np.array(out)


@st.composite
def heights_mm(draw: st.DrawFn, least: float = 6.0, most: float = 40.0) -> tuple[float, float, float]:
    """Plausible A, M, P."""
    height = st.floats(least, most, allow_nan=False)
    return draw(height), draw(height), draw(height)


@st.composite
def rotations(draw: st.DrawFn) -> np.ndarray:
    """Rotation matrices (3, 3) from unit quaternions."""
    q = np.array([draw(st.floats(-1, 1)) for _ in range(4)])
    q[0] += 1e-3
    w, x, y, z = q / max(float(np.linalg.norm(q)), 1e-9)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rows)


@st.composite
def chains(draw: st.DrawFn, least: int = 1, most: int = 12) -> tuple[Vertebra, ...]:
    """Vertebrae of consecutive levels with noisy heights and deviations, some cut, some uncertain."""
    count = draw(st.integers(least, most))
    first = draw(st.integers(0, len(GRADED_LEVELS) - count))
    names = GRADED_LEVELS[first : first + count]
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    points = normal_column(names) + random.normal(0, 1.0, (count, 3, 2, 3))
    spread = draw(st.floats(0.0, 2.0))
    sure = draw(st.floats(0.0, 1.0))
    cut = draw(st.sets(st.integers(0, count - 1), max_size=2))
    return tuple(
        Vertebra(p, np.full((3, 2), spread), name, sure, 0.9, i not in cut)
        for i, (p, name) in enumerate(zip(points, names, strict=True))
    )


def level_names() -> st.SearchStrategy[str]:
    """Every name that there is, variants included."""
    return st.sampled_from(levels.ALL)
