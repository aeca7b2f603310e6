"""Smooth curves in patient space, parametrised by arc length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, make_smoothing_spline

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Curve:
    """A twice differentiable curve from head to feet, extended by straight lines beyond its ends.

    Attributes:
        arc_mm: arc length at the knots (n,), from 0 upwards.
        points_mm: knots (n, 3), LPS mm.

    Raises:
        ValueError: with fewer than two knots, or arc lengths that do not grow.
    """

    arc_mm: Floats
    points_mm: Floats

    def __post_init__(self) -> None:
        if len(self.arc_mm) < 2 or self.points_mm.shape != (len(self.arc_mm), 3):
            raise ValueError(f"a curve needs n >= 2 knots (n, 3), got {self.points_mm.shape} for {len(self.arc_mm)} arc lengths")
        if (np.diff(self.arc_mm) <= 0).any():
            raise ValueError("arc lengths must grow from knot to knot")

    @property
    def length_mm(self) -> float:
        """Arc length of the last knot."""
        return float(self.arc_mm[-1])

    @cached_property
    def _spline(self) -> CubicSpline:
        return CubicSpline(self.arc_mm, self.points_mm, bc_type="natural")

    def at(self, s_mm: Floats) -> Floats:
        """Points (..., 3) in LPS mm at arc lengths (...)."""
        s = np.asarray(s_mm, float)
        inside = np.clip(s, 0.0, self.length_mm)
        return self._spline(inside) + (s - inside)[..., None] * self._spline(inside, 1)

    def velocity(self, s_mm: Floats) -> Floats:
        """First derivative (..., 3); its length is 1 up to the spline's error."""
        return self._spline(np.clip(s_mm, 0.0, self.length_mm), 1)

    def acceleration(self, s_mm: Floats) -> Floats:
        """Second derivative (..., 3), zero beyond the ends."""
        s = np.asarray(s_mm, float)
        inside = ((s > 0) & (s < self.length_mm))[..., None]
        return np.where(inside, self._spline(np.clip(s, 0.0, self.length_mm), 2), 0.0)


def arc_length(points_mm: Floats) -> Floats:
    """Cumulative length (n,) of the polyline through points (n, 3).

    >>> arc_length(np.array([[0.0, 0, 0], [0, 3, 4], [0, 3, 5]])).tolist()
    [0.0, 5.0, 6.0]
    """
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points_mm, axis=0), axis=1))])


def through(points_mm: Floats, step_mm: float = 5.0) -> Curve:
    """The curve through points (n, 3), n >= 2, resampled to knots about ``step_mm`` apart by arc length."""
    points = np.asarray(points_mm, float)
    chord = arc_length(points)
    spline = CubicSpline(chord, points, bc_type="natural") if len(points) > 2 else None
    dense = np.linspace(0.0, chord[-1], max(int(chord[-1] / 0.5), 2) + 1)
    fine = spline(dense) if spline else np.stack([np.interp(dense, chord, column) for column in points.T], -1)
    arc = arc_length(fine)
    knots = np.linspace(0.0, arc[-1], max(round(arc[-1] / step_mm), 1) + 1)
    return Curve(knots, np.stack([np.interp(knots, arc, column) for column in fine.T], -1))


def smooth(points_mm: Floats, weights: Floats, stiffness: float) -> Floats:
    """Smoothed points (n, 3) of a noisy polyline by penalised cubic splines over its z coordinate.

    Args:
        points_mm: (n, 3) LPS mm, z strictly monotonic.
        weights: (n,) positive confidence of each point.
        stiffness: penalty on the squared second derivative, mm^3.
    """
    if len(points_mm) < 5:
        return points_mm
    order = np.argsort(points_mm[:, 2])
    z = points_mm[order, 2]
    columns = [
        make_smoothing_spline(z, points_mm[order, axis], w=weights[order], lam=stiffness)(points_mm[:, 2]) for axis in (0, 1)
    ]
    return np.stack([*columns, points_mm[:, 2]], -1)
