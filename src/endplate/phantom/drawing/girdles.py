"""Sacrum, iliac bones, scapulae, skull base and atlas: rough, but where they belong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from endplate.phantom.drawing.bodies import BodyShape
from endplate.phantom.drawing.canvas import Capsule
from endplate.phantom.drawing.trunk import CAVITY, Trunk

Floats = NDArray[np.floating]


def sacrum(s1: BodyShape, size: float) -> list[Capsule]:
    """Bodies S2 to S5 and coccyx curving backwards and then forwards, and the wings."""
    frame, half = s1.frame, s1.half_width_mm
    parts = []
    at, direction = np.array([14.0, 1.0]) * size, 0.0
    for step, width, depth, turn in (
        (24, 0.85, 9.5, 10),
        (21, 0.7, 8, 14),
        (17, 0.55, 6.5, 20),
        (15, 0.42, 5, 26),
        (18, 0.22, 3.5, 26),
    ):
        direction += np.deg2rad(turn)
        after = at + step * size * np.array([np.cos(direction), -np.sin(direction)])
        ends = frame.patient(np.array([[at[0], at[1], 0.0], [after[0], after[1], 0.0]]))
        parts.append(Capsule(ends[0], ends[1], (depth * size, depth * size), frame.axes[2], depth * size / (width * half * 1.3)))
        at = after
    for side in (-1.0, 1.0):
        ends = frame.patient(np.array([[0.0, 2.0, side * half * 0.75], [10.0, 16.0, side * (half + 26 * size)]]))
        parts.append(Capsule(ends[0], ends[1], (13 * size, 17 * size), frame.axes[0], 0.8))
        low = frame.patient(np.array([[16.0, 10.0, side * half * 0.8], [55.0, 12.0, side * half * 0.75]]) * [size, size, 1])
        parts.append(Capsule(low[0], low[1], (13 * size, 8 * size)))
    return parts


def ilium(s1: BodyShape, trunk: Trunk, size: float) -> list[Capsule]:
    """Two iliac wings: rows of flat limbs from the sacroiliac joint to the crest."""
    origin = s1.frame.origin_mm
    parts = []
    for side in (-1.0, 1.0):
        for share in np.linspace(0, 1, 7):
            # crest: from behind the joint at L5 up to L4 and round to the front
            crest = origin + size * np.array(
                [side * (58 + 72 * np.sin(np.pi * share * 0.62)), 42 - 92 * share, 18 + 34 * np.sin(np.pi * (share * 0.8 + 0.1))]
            )
            root = origin + size * np.array([side * (56 + 26 * share), 30 - 52 * share, -48 - 28 * share])
            outward = np.array([side, 0.55, 0.0]) / np.hypot(1, 0.55)
            parts.append(Capsule(root, crest, (9.0 * size, 10.0 * size), outward, 2.4))
    return parts


def scapula(trunk: Trunk, z_top: float, size: float) -> list[Capsule]:
    """Two blades behind the ribs, T2 to T7, with spine and glenoid."""
    parts = []
    for side in (-1.0, 1.0):
        for angle in (42.0, 55.0, 68.0):
            z = np.array([z_top, z_top - 115 * size + (angle - 42) * 2.4])
            xy = trunk.at(trunk.slice_of(z), np.full(2, side * np.deg2rad(angle)), CAVITY, -18.0)
            normal = np.array([side * np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle)), 0.0])
            ends = np.concatenate([xy, z[:, None]], 1)
            parts.append(Capsule(ends[0], ends[1], (9.0, 7.0), normal, 2.6))
        z = np.array([z_top - 12, z_top + 6])
        xy = trunk.at(trunk.slice_of(z), side * np.deg2rad([44.0, 84.0]), CAVITY, -26.0)
        ends = np.concatenate([xy, z[:, None]], 1)
        parts.append(Capsule(ends[0], ends[1], (6.0, 11.0)))
    return parts


def humeri(trunk: Trunk, z_top: float, arms: str) -> list[Capsule]:
    """Heads of the humeri at the shoulder, and the shafts down to the elbow or up beside the head."""
    parts = []
    for side in (-1.0, 1.0):
        xy = trunk.at(trunk.slice_of(np.array([z_top])), np.array([side * np.deg2rad(84.0)]), CAVITY, -52.0)[0]
        head = np.array([xy[0], xy[1], z_top + 6])
        along = np.array([side * 8.0, 6.0, -60.0]) if arms == "down" else np.array([side * -6.0, -8.0, 60.0])
        parts += [Capsule(head, head + 0.1, (21.0, 21.0)), Capsule(head, head + along, (14.0, 11.0))]
    return parts


def head(c2: BodyShape, size: float) -> tuple[list[Capsule], list[Capsule], list[Capsule]]:
    """Atlas and dens; skull (a closed shell around brain); mandible and facial bone."""
    at = c2.frame.patient
    top = float(c2.points[:, 0, 0].mean())
    ring = [at(np.array([top - 9 * size, 8 + 19 * np.cos(a), 21 * np.sin(a)])) for a in np.linspace(-np.pi, np.pi, 13)]
    atlas = [Capsule(a, b, (4.0, 4.0)) for a, b in pairwise(ring)]
    for side in (-1.0, 1.0):
        mass = at(np.array([[top - 10 * size, 4.0, side * 17], [top - 9 * size, 4.0, side * 33]]))
        atlas.append(Capsule(mass[0], mass[1], (7.5, 4.0)))
    dens = at(np.array([[top + 2, 0.0, 0.0], [top - 15 * size, -1.0, 0.0]]))
    atlas.append(Capsule(dens[0], dens[1], (5.5, 5.0)))
    centre = at(np.array([top - 105 * size, 0.0, 0.0]))
    skull = [Capsule(centre + np.array([0, -30, 0]), centre + np.array([0, 25, 5]), (74 * size, 72 * size))]
    jaw = []
    for side in (-1.0, 1.0):
        corner, chin, joint = at(np.array([[8.0, -22.0, side * 46], [18.0, -82.0, side * 10], [-48.0, -18.0, side * 50]]))
        jaw += [Capsule(corner, chin, (8.0, 9.0)), Capsule(corner, joint, (7.0, 6.0))]
    face = at(np.array([[-20.0, -80.0, -16.0], [-20.0, -80.0, 16.0]]))
    jaw.append(Capsule(face[0], face[1], (22.0, 22.0)))
    return atlas, skull, jaw
