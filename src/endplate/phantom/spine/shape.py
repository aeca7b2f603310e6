"""A plausible healthy spine as six-point vertebrae on a curve with lordosis, kyphosis and optional scoliosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.anatomy.vertebra import Vertebra, exact
from endplate.phantom.spine.frame import Frame, unit
from endplate.phantom.spine.norms import norm

THORACOLUMBAR = levels.USUAL[7:24]
"""T1 to L5."""


@dataclass(frozen=True)
class SpineShape:
    """Shape of a whole spine.

    Attributes:
        kyphosis_deg: tilt from T1 to T12.
        lordosis_deg: tilt from T12 to S1.
        cervical_deg: tilt from C2 to T1.
        scoliosis_deg: Cobb angle of a thoracic curve, signed (positive: apex to the left).
        scoliosis_apex: level coordinate of its apex.
        size: factor on all lengths.
        depth: further factor on antero-posterior depths.
        disc: factor on disc thickness.
        middle: factor on middle heights (1 = expert medians, Hm/Hp about .86; real bodies here reach .89).
        noise: standard deviation of the relative heights, and of the ratios (1 = as in the expert annotation's spread).
    """

    kyphosis_deg: float = 38.0
    lordosis_deg: float = 48.0
    cervical_deg: float = 25.0
    scoliosis_deg: float = 0.0
    scoliosis_apex: float = 15.0
    size: float = 1.0
    depth: float = 1.0
    disc: float = 1.0
    middle: float = 1.0
    noise: float = 0.0


def spine(
    levels_: Sequence[str] = THORACOLUMBAR, shape: SpineShape | None = None, rng: np.random.Generator | None = None
) -> tuple[Vertebra, ...]:
    """Vertebrae of consecutive levels, head to feet, exact points; the middle of the list lies near the origin (LPS mm).

    Args:
        levels_: names, head to feet, such as ``("T11", "T12", "L1")``.
        shape: curves, size and noise; the default is a healthy adult.
        rng: needed only where ``shape.noise`` is above 0.

    Raises:
        ValueError: for unknown names, or names that are not in order.
    """
    shape = shape or SpineShape()
    coordinates = np.array([levels.coordinate(name) for name in levels_])
    if (np.diff([levels.order(name) for name in levels_]) <= 0).any():
        raise ValueError(f"levels must run head to feet without repeats, got {', '.join(levels_)}")
    ratios = _ratios(coordinates, shape, rng or np.random.default_rng(0))
    axes = [_axes(c, shape) for c in coordinates]
    discs = norm("disc", coordinates) * shape.size * shape.disc
    centres = [np.zeros(3)]
    for i in range(1, len(coordinates)):
        step = axes[i - 1][0] * ratios[i - 1, :].mean() / 2 + axes[i][0] * ratios[i, :].mean() / 2
        centres.append(centres[-1] + step + unit(axes[i - 1][0] + axes[i][0]) * discs[i - 1])
    shift = np.mean(centres, axis=0)
    depths = norm("depth", coordinates) * shape.size * shape.depth
    return tuple(
        exact(six_points(Frame(centre - shift, axis), heights, depth, 0.66 if name == "S1" else 1.0), name)
        for name, centre, axis, heights, depth in zip(levels_, centres, axes, ratios, depths, strict=True)
    )


def six_points(frame: Frame, heights_mm: NDArray[np.floating], depth_mm: float, taper: float = 1.0) -> NDArray[np.floating]:
    """Points (3, 2, 3) in LPS mm of a body with heights (3,) (A, M, P), symmetric about its frame's s = 0.

    Args:
        frame: of the body.
        heights_mm: exact distances between the points where the columns are parallel (``taper`` 1).
        depth_mm: of the superior endplate.
        taper: depth of the inferior endplate over that of the superior one.
    """
    s = heights_mm[:, None] / 2 * np.array([-1.0, 1.0])
    t = depth_mm / 2 * np.array([[-1.0], [0.0], [1.0]]) * np.array([1.0, taper])
    return frame.patient(np.stack([s, t, np.zeros_like(s)], -1))


def _ratios(coordinates: NDArray[np.floating], shape: SpineShape, rng: np.random.Generator) -> NDArray[np.floating]:
    posterior = norm("height", coordinates) * shape.size
    ratios = np.stack([norm("anterior", coordinates), norm("middle", coordinates) * shape.middle, np.ones(len(coordinates))], -1)
    if shape.noise:
        posterior = posterior * (1 + 0.03 * shape.noise * rng.standard_normal(len(posterior)))
        spread = np.array([0.035, 0.025, 0.0]) * shape.noise
        ratios = ratios * (1 + spread * rng.standard_normal(ratios.shape))
    return ratios * posterior[:, None]


def _axes(coordinate: float, shape: SpineShape) -> NDArray[np.floating]:
    """Axes (3, 3), rows s, t, r, of a vertebra on the curve."""
    pitch, lean = np.deg2rad(pitch_deg(coordinate, shape)), np.deg2rad(lean_deg(coordinate, shape))
    down = unit(np.array([np.tan(lean), np.tan(pitch), -1.0]))
    left = unit(np.array([1.0, 0.0, 0.0]) - down * down[0])
    return np.stack([down, np.cross(left, down), left])


def pitch_deg(coordinate: float, shape: SpineShape) -> float:
    """Angle by which the spine, going down, runs to posterior."""
    t1, t12 = 0.66 * shape.kyphosis_deg, -0.34 * shape.kyphosis_deg
    sacral = t12 + shape.lordosis_deg
    knots = [2, 4, 6, 8, 10, 12, 14, 16, 19, 20.5, 22, 23, 24, 25]
    thoracic = [t12 + (t1 - t12) * f for f in (1.0, 0.88, 0.66, 0.43, 0.22, 0.0)]
    cervical = [t1 - shape.cervical_deg * f for f in (1.0, 0.75, 0.3)]
    lumbar = [t12 + (sacral - t12) * f for f in (0.02, 0.22, 0.40, 0.65, 1.0)]
    return float(np.interp(coordinate, knots, cervical + thoracic + lumbar))


def lean_deg(coordinate: float, shape: SpineShape) -> float:
    """Angle by which the spine, going down, runs to the left: a main curve with compensation above and below."""
    phase = (coordinate - shape.scoliosis_apex) / 5.0
    return float(-shape.scoliosis_deg / 2 * np.sin(np.pi / 2 * phase) * np.exp(-((phase / 2.2) ** 2)) * 1.25)
