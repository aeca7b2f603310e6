"""Vertebral bodies and discs: the outer edge of each bony endplate passes exactly through the six points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from endplate.phantom.drawing.canvas import Box, Canvas, Capsule, Shell, paint_bone, paint_solid
from endplate.phantom.drawing.texture import cut
from endplate.phantom.settings import BodySettings, TissueSettings
from endplate.phantom.spine.frame import Frame

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class BodyShape:
    """One body in its own frame.

    Attributes:
        frame: s, t, r.
        points: (3, 2, 2): column x endplate x (s, t).
        half_width_mm: at the endplates.
        kidney_mm: how far the posterolateral corners stand behind the middle of the posterior wall.
        waist_mm: how far the walls are drawn in at mid-height.
        lean: lateral shift per mm downwards.
        uncus_mm: height of the uncinate processes (neck).
    """

    frame: Frame
    points: NDArray[np.floating]
    half_width_mm: float
    kidney_mm: float
    waist_mm: float
    lean: float
    uncus_mm: float = 0.0

    def locate(self, canvas: Canvas, margin_mm: float) -> tuple[Box, tuple[F32, F32, F32]] | None:
        """Box around the body, and s, t, r in it."""
        s, t = self.points[..., 0], self.points[..., 1]
        m, r = margin_mm, self.half_width_mm + abs(self.lean) * 20
        corners = np.array(
            [[a, b, c] for a in (s.min() - m, s.max() + m) for b in (t.min() - m, t.max() + m + 4) for c in (-r - m, r + m)]
        )
        corners_mm = self.frame.patient(corners)
        box = canvas.box(corners_mm.min(0), corners_mm.max(0))
        if box is None:
            return None
        x, y, z = canvas.axes(box)
        origin, axes = self.frame.origin_mm, self.frame.axes.astype(np.float32)
        x, y, z = x - np.float32(origin[0]), y - np.float32(origin[1]), z - np.float32(origin[2])
        down, back, left = (x * a[0] + y * a[1] + z * a[2] for a in axes)
        return box, (down, back, left - np.float32(self.lean) * down)

    def wall(self, local: tuple[F32, F32, F32], bulge_mm: float = 0.0) -> tuple[F32, F32]:
        """Signed distance to the side wall, and r over the half width."""
        s, t, r = local
        ant, post = self.points[0], self.points[2]
        share = np.clip((s - np.float32(ant[0, 0])) / np.float32(ant[1, 0] - ant[0, 0]), 0.0, 1.0)
        waist = np.float32(4 * (self.waist_mm + bulge_mm)) * share * (1 - share) - np.float32(bulge_mm)
        width = np.float32(self.half_width_mm) - np.float32(1.0) * waist
        v = r / width
        front = np.float32(ant[0, 1]) + share * np.float32(ant[1, 1] - ant[0, 1]) + waist
        back = np.float32(post[0, 1]) + share * np.float32(post[1, 1] - post[0, 1]) - np.float32(0.6) * waist
        back = back + np.float32(self.kidney_mm) * np.minimum(v * v, 1.3)
        half = (back - front) * np.float32(0.5)
        u = np.abs((t - front) / half - 1)
        a, root_u, root_v = np.abs(v), np.sqrt(u), np.sqrt(np.abs(v))
        q = np.maximum((u * u * root_u + a * a * root_v) ** np.float32(0.4), np.float32(1e-3))
        slope = np.sqrt((u * root_u / half) ** 2 + (a * root_v / width) ** 2) / (q * np.sqrt(q))
        distance: F32 = (q - 1) / np.maximum(slope, np.float32(0.02))
        return distance, v

    def endplate(self, local: tuple[F32, F32, F32], which: int, v: F32) -> F32:
        """Signed distance to the superior (0) or inferior (1) endplate, positive outside."""
        s, t, r = local
        (s_a, t_a), (s_m, t_m), (s_p, t_p) = self.points[:, which]
        slope = (s_p - s_a) / (t_p - t_a)
        chord = s_a + slope * (t_m - t_a)
        u = np.where(t < t_m, (t - np.float32(t_m)) / np.float32(t_m - t_a), (t - np.float32(t_m)) / np.float32(t_p - t_m))
        dish = 1 - np.minimum(u * u + v * v, 1) ** np.float32(1.25)
        surface = np.float32(s_a - slope * t_a) + np.float32(slope) * t + np.float32(s_m - chord) * dish
        surface -= np.float32(self.lean) * r + (np.float32(self.uncus_mm) * v**4 if self.uncus_mm else 0)
        sign = 1 if which == 0 else -1
        outside: F32 = np.float32(sign / np.hypot(1, slope)) * (surface - s)
        return outside


def paint_body(
    canvas: Canvas, shape: BodyShape, look: tuple[TissueSettings, BodySettings], pattern: F32, shift: NDArray[np.integer]
) -> None:
    """Cortical walls, endplates and marrow space."""
    tissue, own = look
    located = shape.locate(canvas, 2 * canvas.edge_mm)
    if located is None:
        return
    box, local = located
    wall, v = shape.wall(local)
    upper, lower = shape.endplate(local, 0, v), shape.endplate(local, 1, v)
    plate = np.maximum(upper, lower)
    cover = canvas.cover(np.maximum(wall, plate))
    dense = np.where(plate > wall, np.float32(tissue.endplate), np.float32(tissue.cortex))
    canvas.paint(box, cover, dense)
    inside = canvas.cover(np.maximum(wall + np.float32(tissue.cortex_mm), plate + np.float32(tissue.endplate_mm)))
    marrow = np.float32(tissue.cancellous + own.cancellous) + np.float32(tissue.texture) * cut(pattern, box, shift)
    near = np.exp(np.minimum(plate, 0) / np.float32(2.0))
    marrow += np.float32(tissue.subchondral) * near
    if own.sclerosis:
        marrow += np.float32(own.sclerosis) * np.exp(-((upper / np.float32(5.0)) ** 2))
    if own.cement:
        marrow += np.float32(1800) * (wall < -5) * (plate < -4) * (cut(pattern, box, shift[::-1]) > -0.4)
    canvas.paint(box, inside, np.maximum(marrow, np.float32(-60)))
    _cleft(canvas, shape, tissue)
    for node in own.schmorl:
        _schmorl(canvas, shape, (box, cover), (node, tissue))


def paint_disc(canvas: Canvas, above: BodyShape, below: BodyShape, hu: float, gas: bool) -> None:
    """The disc between two bodies, as wide as the lower rim of the upper one; bodies are painted over it."""
    rims = [b.frame.patient(np.concatenate([b.points[:, which], np.zeros((3, 1))], 1)) for b, which in ((above, 1), (below, 0))]
    gap = (rims[1] - rims[0])[1]
    height = np.float32(np.linalg.norm(rims[1] - rims[0], axis=1).max() + 1)
    located = above.locate(canvas, float(height) + 3)
    if located is None:
        return
    box, local = located
    wall, v = above.wall(local, 0.8)
    depth = above.endplate(local, 1, v)
    canvas.paint(box, canvas.cover(np.maximum(wall, np.maximum(depth - height, -4 - depth))), hu)
    if gas:
        middle = above.frame.patient(np.array([*above.points[1, 1], 0.0])) + gap / 2
        back, left = above.frame.axes[1] * 7, above.frame.axes[2] * 5
        paint_solid(canvas, [Capsule(middle - back, middle + back + left, (2.5, 1.5), above.frame.axes[0], 1.5)], -420.0)


def _cleft(canvas: Canvas, shape: BodyShape, tissue: TissueSettings) -> None:
    """The basivertebral vein: a flat gap in the middle of the posterior wall."""
    wall_t = shape.points[2, :, 1].mean()
    ends = shape.frame.patient(np.array([[0.0, wall_t - 8, 0.0], [0.0, wall_t + 0.5, 0.0]]))
    paint_solid(canvas, [Capsule(ends[0], ends[1], (1.2, 2.6), shape.frame.axes[0], 1.6)], 0.6 * tissue.cancellous + 30)


def _schmorl(
    canvas: Canvas, shape: BodyShape, body: tuple[Box, F32], look: tuple[tuple[int, float, float, float], TissueSettings]
) -> None:
    (which, t, r, radius), tissue = look
    edge = float(np.interp(t, shape.points[:, which, 1], shape.points[:, which, 0]))
    centre = shape.frame.patient(np.array([edge, t, r]))
    for size, hu in ((radius + 1.2, 0.8 * tissue.endplate), (radius, tissue.disc)):
        drawn = Capsule(centre, centre + 0.01 * shape.frame.axes[0], (size, size)).distance(canvas)
        if drawn is None:
            continue
        box, distance = drawn
        inside = np.zeros(distance.shape, np.float32)
        common = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(box, body[0], strict=True)]
        if any(c.start >= c.stop for c in common):
            continue
        to = tuple(slice(c.start - b.start, c.stop - b.start) for c, b in zip(common, box, strict=True))
        of = tuple(slice(c.start - b.start, c.stop - b.start) for c, b in zip(common, body[0], strict=True))
        inside[to] = body[1][of]
        canvas.paint(box, canvas.cover(distance) * inside, hu)


def paint_spurs(canvas: Canvas, shapes: tuple[BodyShape, BodyShape | None], own: BodySettings, shell: Shell) -> None:
    """Osteophytes at the anterior rims, and ossification that bridges to the next body."""
    shape, below = shapes
    limbs = []
    for which, length in enumerate(own.osteophytes_mm):
        if length > 0:
            s, t = shape.points[0, which]
            away = -1 if which == 0 else 1
            for r in (-0.45, 0.0, 0.45):
                side = r * shape.half_width_mm
                base = [s - away * 3.0, t + 2.5 + 2.2 * abs(r), side]
                tip = [s + away * 0.35 * length, t - 0.8 * length + 3 * abs(r), side * 1.25]
                ends = shape.frame.patient(np.array([base, tip]))
                limbs.append(Capsule(ends[0], ends[1], (2.4, 0.9), shape.frame.axes[2], 0.55))
    if own.bridge_mm > 0 and below is not None:
        limbs += _bridge(shape, below, own.bridge_mm)
    paint_bone(canvas, limbs, shell)


def _bridge(shape: BodyShape, below: BodyShape, thick: float) -> list[Capsule]:
    side = -0.3 * shape.half_width_mm
    ahead = thick / 2
    top = shape.frame.patient(np.array([0.0, shape.points[0, :, 1].mean() + 1, side]))
    rim = shape.frame.patient(np.array([shape.points[0, 1, 0], shape.points[0, 1, 1] - ahead, side]))
    next_rim = below.frame.patient(np.array([below.points[0, 0, 0], below.points[0, 0, 1] - ahead, side]))
    foot = below.frame.patient(np.array([0.0, below.points[0, :, 1].mean() + 1, side]))
    path = [top, rim, next_rim, foot]
    return [Capsule(a, b, (ahead + 0.5, ahead + 0.5), shape.frame.axes[2], 0.5) for a, b in pairwise(path)]
