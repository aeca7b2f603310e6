"""The sagittal-stable moving frame: straight space (s, t, r) along a curve.

s runs along the curve from head to feet, t towards posterior, r towards the patient's left, all in mm. Unlike Frenet's
frame it exists on straight and plane curves, and it has no torsion: r is the patient's left-right axis, made orthogonal
to the tangent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from endplate.geometry.curves import Curve

Floats = NDArray[np.floating]
LEFT = np.array([1.0, 0.0, 0.0])


def basis(curve: Curve, s_mm: Floats) -> tuple[Floats, Floats, Floats]:
    """Unit tangent, posterior and left axes, each (..., 3), at arc lengths (...)."""
    velocity = curve.velocity(s_mm)
    tangent = velocity / np.linalg.norm(velocity, axis=-1, keepdims=True)
    left = LEFT - tangent * tangent[..., :1]
    norm = np.linalg.norm(left, axis=-1, keepdims=True)
    if (norm < 0.1).any():
        raise ValueError("the curve runs along the patient's left-right axis; a spine does not")
    left = left / norm
    return tangent, np.cross(left, tangent), left


def patient_from_straight(curve: Curve, straight_mm: Floats) -> Floats:
    """LPS points (..., 3) of straight points (..., 3) = (s, t, r)."""
    straight = np.asarray(straight_mm, float)
    _, posterior, left = basis(curve, straight[..., 0])
    return curve.at(straight[..., 0]) + straight[..., 1:2] * posterior + straight[..., 2:] * left


def straight_from_patient(curve: Curve, points_mm: Floats) -> Floats:
    """Straight points (..., 3) = (s, t, r) of LPS points (..., 3).

    Newton's method on the plane condition (x - c(s)) . c'(s) = 0, from the nearest of a dense set of samples; exact
    where the point is nearer to the curve than its radius of curvature.
    """
    points = np.asarray(points_mm, float)
    flat = points.reshape(-1, 3)
    samples = np.linspace(-60.0, curve.length_mm + 60.0, int(curve.length_mm / 2.0) + 61)
    distance = np.linalg.norm(flat[:, None] - curve.at(samples)[None], axis=-1)
    s = samples[distance.argmin(1)]
    for _ in range(20):
        away, velocity = flat - curve.at(s), curve.velocity(s)
        slope = (away * curve.acceleration(s)).sum(-1) - (velocity**2).sum(-1)
        step = (away * velocity).sum(-1) / np.minimum(slope, -0.05)
        s = s - np.clip(step, -20.0, 20.0)
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    _, posterior, left = basis(curve, s)
    away = flat - curve.at(s)
    return np.stack([s, (away * posterior).sum(-1), (away * left).sum(-1)], -1).reshape(points.shape)
