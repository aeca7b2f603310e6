"""Vertebrae to the detector's maps and back.

Maps have one cell per ``stride`` pixels. A cell in the central part of a body says so (objectness) and votes for the six
points, as offsets in units of ``OFFSET_PX`` pixels from the cell's centre. Decoding gathers the votes of one body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
OFFSET_PX = 16.0
"""Unit of the offsets: about half a body, so that targets are of order one."""


@dataclass(frozen=True)
class Settings:
    """What decoding needs; travels with the weights.

    Attributes:
        stride: pixels per cell.
        threshold: objectness of the best cell of a body.
        vote_threshold: objectness of any cell that votes.
        min_votes: sum of the objectness of a body's votes; less is noise.
        scale_factor: points' standard deviation in pixels per unit of the predicted scale, calibrated on held-out cases.
    """

    stride: int = 4
    threshold: float = 0.5
    vote_threshold: float = 0.3
    min_votes: float = 1.5
    scale_factor: float = 1.0


@dataclass(frozen=True)
class Body:
    """A vertebral body in pixel space.

    Attributes:
        points_px: (3, 2, 2): column (anterior, middle, posterior) x endplate (superior, inferior) x (row, column).
        sd_px: (3, 2): standard deviation of each point.
        lateral_px: how far the body's mid-plane lies to the left of the image plane.
        score: confidence, 0 to 1.
        completeness: probability that the whole body is in view.
        restless_px: how far the last look still moved a point; 0 where there was one look at most.
    """

    points_px: Floats
    sd_px: Floats
    lateral_px: float = 0.0
    score: float = 1.0
    completeness: float = 1.0
    restless_px: float = 0.0

    @property
    def centre_px(self) -> Floats:
        """Mean of the six points (row, column)."""
        return self.points_px.mean((0, 1))

    @property
    def height_px(self) -> float:
        """Mean distance of superior and inferior points."""
        return float(np.linalg.norm(self.points_px[:, 0] - self.points_px[:, 1], axis=-1).mean())


@dataclass(frozen=True)
class Maps:
    """What a detector says about an image of (rows, columns) cells.

    Attributes:
        objectness: probability (rows, columns) that the cell lies in the central part of a body.
        offsets: (12, rows, columns): column x endplate x (row, column), in ``OFFSET_PX`` pixels from the cell's centre.
        scale: (6, rows, columns): Laplace scale of each point in pixels.
        completeness: probability (rows, columns) that the body is wholly in view.
        lateral: (rows, columns): offset of the body's mid-plane in pixels.
    """

    objectness: Floats
    offsets: Floats
    scale: Floats
    completeness: Floats
    lateral: Floats


def cell_centres(shape: tuple[int, int], stride: int) -> Floats:
    """Pixel coordinates (rows, columns, 2) of the cells' centres."""
    rows, columns = (np.arange(n) * stride + (stride - 1) / 2 for n in shape)
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), -1)


def central_part(body_points_px: Floats, cells_px: Floats, scale: float) -> NDArray[np.bool_]:
    """Whether cells (..., 2) lie in the body's four-cornered outline shrunk to ``scale`` about its centre."""
    outline = body_points_px[[0, 2, 2, 0], [0, 0, 1, 1]]
    corners = body_points_px.mean((0, 1)) + scale * (outline - body_points_px.mean((0, 1)))
    sides = np.roll(corners, -1, axis=0) - corners
    away = cells_px[..., None, :] - corners
    turn = sides[:, 0] * away[..., 1] - sides[:, 1] * away[..., 0]
    return (turn > 0).all(-1) | (turn < 0).all(-1)


def encode(bodies: Sequence[Body], shape: tuple[int, int], settings: Settings | None = None) -> Maps:
    """The maps (rows, columns) that a perfect detector would give for these bodies."""
    stride = (settings or Settings()).stride
    cells = cell_centres(shape, stride)
    maps = Maps(np.zeros(shape), np.zeros((12, *shape)), np.full((6, *shape), 1e-3), np.ones(shape), np.zeros(shape))
    for body in bodies:
        inside = central_part(body.points_px, cells, 0.6)
        offsets = (body.points_px.reshape(6, 2)[:, None] - cells[inside]) / OFFSET_PX
        maps.objectness[inside] = 1.0
        maps.offsets[:, inside] = offsets.transpose(0, 2, 1).reshape(12, -1)
        maps.scale[:, inside] = np.maximum(body.sd_px.reshape(6, 1), 1e-3)
        maps.completeness[inside] = body.completeness
        maps.lateral[inside] = body.lateral_px
    return maps


def decode(maps: Maps, settings: Settings | None = None) -> list[Body]:
    """Bodies from head to feet.

    The best cell names a body; every cell whose own centre lies within half a mean height of that body's votes for the
    same one, weighted by objectness, and is used up.
    """
    rules = settings or Settings()
    voters = _Votes.of(maps, rules)
    free = np.ones(len(voters.score), bool)
    bodies: list[Body] = []
    while free.any() and (best := int(np.where(free, voters.score, -1.0).argmax())) >= 0 and voters.score[best] >= rules.threshold:
        distance = np.linalg.norm(voters.centre - voters.centre[best], axis=-1)
        same = free & (distance < voters.height[best] / 2)
        same[best] = True
        free &= ~same
        body = voters.body(same, rules.scale_factor)
        if voters.score[same].sum() >= rules.min_votes and _apart(body, bodies):
            bodies.append(body)
    return sorted(bodies, key=lambda body: float(body.centre_px[0]))


def _apart(body: Body, others: Sequence[Body]) -> bool:
    """Vertebrae form a chain: centres nearer than half a mean height along the spine are the same body."""
    return all(abs(body.centre_px[0] - o.centre_px[0]) > 0.5 * max(body.height_px, o.height_px) for o in others)


@dataclass(frozen=True)
class _Votes:
    score: Floats
    points: Floats
    scale: Floats
    completeness: Floats
    lateral: Floats

    @classmethod
    def of(cls, maps: Maps, rules: Settings) -> _Votes:
        chosen = maps.objectness >= rules.vote_threshold
        cells = cell_centres(maps.objectness.shape, rules.stride)[chosen]
        offsets = maps.offsets[:, chosen].T.reshape(-1, 6, 2) * OFFSET_PX
        points = (cells[:, None] + offsets).reshape(-1, 3, 2, 2)
        return cls(maps.objectness[chosen], points, maps.scale[:, chosen].T, maps.completeness[chosen], maps.lateral[chosen])

    @property
    def centre(self) -> Floats:
        return self.points.mean((1, 2))

    @property
    def height(self) -> Floats:
        return np.linalg.norm(self.points[:, :, 0] - self.points[:, :, 1], axis=-1).mean(-1)

    def body(self, same: NDArray[np.bool_], scale_factor: float) -> Body:
        """The body of some votes; for each point, cells that are surer of it count for more."""
        weight = self.score[same] / self.score[same].sum()
        sure = weight[:, None] / self.scale[same] ** 2
        sure /= sure.sum(0)
        points = np.einsum("cp,cpx->px", sure, self.points[same].reshape(-1, 6, 2)).reshape(3, 2, 2)
        sd = (sure * self.scale[same]).sum(0).reshape(3, 2) * scale_factor
        completeness, lateral = (float(weight @ x[same]) for x in (self.completeness, self.lateral))
        return Body(points, sd, lateral, float(self.score[same].max()), completeness)
