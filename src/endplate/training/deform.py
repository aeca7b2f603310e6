"""Warps in straight space with exactly known points, among them the ones that make fractures on real texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Compression:
    """One body pressed together, column by column along s; what lies above comes down with it.

    Attributes:
        columns_px: (k,) ascending t of the table below.
        edges_px: (4, k) source s of: the upper neighbour's inferior edge, own superior edge, own inferior edge, the lower
            neighbour's superior edge.
        moved_px: (4, k) the same edges after the compression.
    """

    columns_px: Floats
    edges_px: Floats
    moved_px: Floats

    def _tables(self, t: Floats) -> tuple[Floats, Floats]:
        return tuple(np.stack([np.interp(t, self.columns_px, row) for row in table]) for table in (self.edges_px, self.moved_px))  # type: ignore[return-value]

    def source(self, points: Floats) -> Floats:
        """Where the pixel (..., 2) = (s, t) of the compressed image comes from."""
        edges, moved = self._tables(points[..., 1])
        return np.stack([_piecewise(points[..., 0], moved, edges), points[..., 1]], -1)

    def moved(self, points: Floats) -> Floats:
        """Where a point (..., 2) = (s, t) of the source goes."""
        edges, moved = self._tables(points[..., 1])
        return np.stack([_piecewise(points[..., 0], edges, moved), points[..., 1]], -1)


def _piecewise(s: Floats, origin: Floats, target: Floats) -> Floats:
    """Monotonic piecewise linear map of s, rigid beyond the outermost knots."""
    out = s + (target[0] - origin[0])
    for a in range(3):
        span = np.maximum(origin[a + 1] - origin[a], 1e-3)
        inside = target[a] + (s - origin[a]) * (target[a + 1] - target[a]) / span
        out = np.where(s > origin[a], inside, out)
    return np.where(s > origin[3], s + (target[3] - origin[3]), out)


@dataclass(frozen=True)
class Loss:
    """How a body is compressed.

    Attributes:
        anterior: share of height lost at the anterior, middle and posterior points.
        middle: see anterior.
        posterior: see anterior.
        superior_share: how much of it the superior endplate gives.
    """

    anterior: float
    middle: float
    posterior: float
    superior_share: float


def draw_loss(rng: np.random.Generator) -> Loss:
    """A wedge, biconcave or crush deformity of 8 to 60 %."""
    depth = rng.uniform(0.08, 0.6)
    kind = rng.integers(3)
    if kind == 0:
        middle, posterior = rng.uniform(0.3, 0.75) * depth, rng.uniform(0.0, 0.15) * depth
        return Loss(depth, middle, posterior, rng.uniform(0.6, 1.0))
    if kind == 1:
        depth = min(depth, 0.5)
        return Loss(rng.uniform(0.0, 0.4) * depth, depth, rng.uniform(0.0, 0.3) * depth, rng.uniform(0.3, 1.0))
    return Loss(rng.uniform(0.8, 1.1) * depth, depth, rng.uniform(0.75, 1.0) * depth, rng.uniform(0.3, 1.0))


def compression(points_px: Floats, body: int, loss: Loss) -> Compression:
    """The compression of one body among bodies (n, 3, 2, 2) head to feet."""
    own = points_px[body]
    t = np.arange(np.floor(own[..., 1].min()) - 1.0, np.ceil(own[..., 1].max()) + 2.0)
    superior, inferior = _edge(own[:, 0], t), _edge(own[:, 1], t)
    above = _edge(points_px[body - 1][:, 1], t) if body > 0 else superior - 6.0
    below = _edge(points_px[body + 1][:, 0], t) if body + 1 < len(points_px) else inferior + 6.0
    above, below = np.minimum(above, superior - 1.0), np.maximum(below, inferior + 1.0)
    middle_t = own[:, :, 1].mean(1)
    share = np.interp(t, middle_t, [loss.anterior, loss.middle, loss.posterior])
    share = ndimage.gaussian_filter1d(share, 1.5, mode="nearest")
    lost = (inferior - superior) * share
    down, up = lost * loss.superior_share, -lost * (1.0 - loss.superior_share)
    # the disc above keeps at least a third of its height in each column
    shift = min(float(down.mean()), float((down + 0.67 * (superior - above)).min()))
    edges = np.stack([above, superior, inferior, below])
    return Compression(t, edges, edges + np.stack([np.full_like(t, shift), down, up, np.zeros_like(t)]))


def _edge(points: Floats, t: Floats) -> Floats:
    """S of an endplate through its three points (3, 2), at columns t; level beyond the corners."""
    order = np.argsort(points[:, 1])
    return np.interp(t, points[order, 1], points[order, 0])


@dataclass(frozen=True)
class Smooth:
    """Affine plus elastic map from the output's pixels to the source.

    Attributes:
        matrix: (2, 2).
        centre_px: output pixel that maps to ``anchor_px``.
        anchor_px: its source.
        bend_px: (2, rows, columns) elastic displacement on the output grid.
    """

    matrix: Floats
    centre_px: Floats
    anchor_px: Floats
    bend_px: Floats

    def source(self, points: Floats) -> Floats:
        """Source (..., 2) of output pixels (..., 2)."""
        at = np.moveaxis(points, -1, 0)
        bend = np.stack([ndimage.map_coordinates(b, at, order=1, mode="nearest") for b in self.bend_px], -1)
        return (points - self.centre_px) @ self.matrix.T + self.anchor_px + bend

    def grid_source(self) -> Floats:
        """Source (rows, columns, 2) of every output pixel."""
        rows, columns = self.bend_px.shape[1:]
        pixels = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), -1)
        return (pixels - self.centre_px) @ self.matrix.T + self.anchor_px + np.moveaxis(self.bend_px, 0, -1)

    def moved(self, points: Floats) -> Floats:
        """Output pixels (..., 2) whose source is ``points``, by fixed-point iteration."""
        inverse = np.linalg.inv(self.matrix)
        out = (points - self.anchor_px) @ inverse.T + self.centre_px
        for _ in range(12):
            out = out + (points - self.source(out)) @ inverse.T
        return out


def draw_smooth(rng: np.random.Generator, shape: tuple[int, int], anchor_px: Floats) -> Smooth:
    """A random rotation, scale, shear, shift and bend."""
    angle = np.deg2rad(rng.normal(0.0, 6.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    size = np.exp(rng.normal(0.0, 0.10)) * np.exp(rng.normal(0.0, 0.05, 2))
    matrix = turn @ np.diag(size) @ np.array([[1.0, rng.normal(0.0, 0.04)], [0.0, 1.0]])
    centre = np.array(shape) / 2.0 + (rng.uniform(-12.0, 12.0), np.clip(rng.normal(0.0, 4.5), -12.0, 12.0))
    knots = rng.normal(0.0, 1.0, (2, max(shape[0] // 32, 2), 4))
    knots *= np.array([1.0, 2.0])[:, None, None] * rng.uniform(0.2, 1.3)
    zoom = (shape[0] / knots.shape[1], shape[1] / knots.shape[2])
    bend = np.stack([ndimage.zoom(k, zoom, order=3, mode="nearest", grid_mode=True) for k in knots])
    return Smooth(matrix, centre, np.asarray(anchor_px, float), bend)
