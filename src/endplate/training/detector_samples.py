"""Random training samples for the detector: warped crops with targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from endplate.detection import codec
from endplate.training import deform
from endplate.training.straight_cases import StraightCase

Floats = NDArray[np.floating]
SHAPE = (192, 96)
AIR = -1024.0


class Sample(NamedTuple):
    """One sample; cells are at stride 4."""

    image_hu: NDArray[np.float32]  # (channels, 192, 96)
    objectness: NDArray[np.float32]  # (48, 24): 1 inside, 0 outside, -1 ignored
    offsets: NDArray[np.float32]  # (12, 48, 24)
    points_weight: NDArray[np.float32]  # (48, 24)
    completeness: NDArray[np.float32]  # (48, 24)
    lateral: NDArray[np.float32]  # (48, 24) in pixels


@dataclass(frozen=True)
class Settings:
    """How samples are drawn.

    Attributes:
        offsets_mm: lateral offsets of the channels.
        slab_mm: lateral positions averaged into a channel.
        fracture_probability: share of the samples in which bodies are compressed.
        further_fractures: share of the neighbours that are compressed then as well; with few fractures the points stop half-way.
        cut_probability: share of the samples cut by a made-up field of view.
    """

    offsets_mm: tuple[float, ...] = (-12.0, -5.0, 0.0, 5.0, 12.0)
    slab_mm: tuple[float, ...] = (-1.0, 0.0, 1.0)
    fracture_probability: float = 0.8
    further_fractures: float = 0.35
    cut_probability: float = 0.3


@dataclass(frozen=True)
class View:
    """A warped crop and what is in it.

    Attributes:
        image_hu: (channels, 192, 96).
        points_px: (n, 3, 2, 2) points of all bodies of the case, in the crop's pixels.
        lateral_px: (n,) offset of the bodies' mid-planes.
        precise: (n,) whether the points are good enough to learn from.
        complete: (n,) whether the body is wholly in the case's field of view.
        known_rows: rows between which every body is annotated.
        hidden: (192, 96) where nothing was imaged.
    """

    image_hu: NDArray[np.float32]
    points_px: Floats
    lateral_px: Floats
    precise: NDArray[np.bool_]
    complete: NDArray[np.bool_]
    known_rows: Floats
    hidden: NDArray[np.bool_]

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(n,) whether the body is complete and none of its points is hidden."""
        rows = np.clip(np.round(self.points_px[..., 0]), 0, SHAPE[0] - 1).astype(int)
        columns = np.clip(np.round(self.points_px[..., 1]), 0, SHAPE[1] - 1).astype(int)
        return self.complete & ~self.hidden[rows, columns].any((1, 2))

    @property
    def in_crop(self) -> NDArray[np.bool_]:
        """(n,) whether all points lie in the crop."""
        rows = self.points_px[..., 0]
        return np.asarray(((rows > -2) & (rows < SHAPE[0] + 1)).all((1, 2)))


def draw(rng: np.random.Generator, case: StraightCase, settings: Settings) -> Sample:
    """One warped crop of a case, with its targets."""
    return _targets(draw_view(rng, case, settings))


def draw_view(rng: np.random.Generator, case: StraightCase, settings: Settings) -> View:
    """One warped crop of a case."""
    points = case.points_px
    body = int(rng.integers(len(points)))
    across = points[body].mean((0, 1))[1]
    smooth = deform.draw_smooth(rng, SHAPE, np.array([points[body, ..., 0].mean() + rng.uniform(-40.0, 40.0), across]))
    squeezed = _compressions(rng, case, body, settings)
    source = smooth.grid_source()
    for press in reversed(squeezed):
        source = press.source(source)
    tilt, shift = rng.normal(0.0, 0.02), np.clip(rng.normal(0.0, 2.5), -6.0, 6.0)
    mirror = rng.choice([-1.0, 1.0])
    lateral_of_row = shift + tilt * (np.arange(SHAPE[0]) - SHAPE[0] / 2)
    image = sample_slabs(case.hu, source, len(case.hu[0, 0]) // 2 + lateral_of_row[:, None], mirror, settings)
    for press in squeezed:
        points = press.moved(points)
    out = smooth.moved(points)
    lateral = mirror * (case.lateral_px - np.interp(out[..., 0].mean((1, 2)), np.arange(SHAPE[0]), lateral_of_row))
    known = smooth.moved(np.array([[k, across] for k in np.clip(case.known_px, -1e4, 1e4)]))[:, 0]
    outside, cut = image <= AIR + 1.0, _draw_cut(rng, settings)
    image = np.where(outside | cut, AIR, _photometry(rng, image)).astype(np.float32)
    return View(image, out, lateral, case.precise, case.complete, known, cut | outside[len(image) // 2])


def _compressions(rng: np.random.Generator, case: StraightCase, body: int, settings: Settings) -> list[deform.Compression]:
    if rng.random() > settings.fracture_probability:
        return []
    near = [i for i in range(max(body - 4, 0), min(body + 5, len(case.points_px))) if i != body]
    chosen = {body, *(i for i in near if rng.random() < settings.further_fractures)}
    squeezed: list[deform.Compression] = []
    points = case.points_px
    for index in sorted(chosen, reverse=True):  # feet first: a compression moves only what lies above it
        press = deform.compression(points, index, deform.draw_loss(rng))
        points = press.moved(points)
        squeezed.append(press)
    return squeezed


def sample_slabs(hu: NDArray[np.int16], source: Floats, lateral: Floats, mirror: float, settings: Settings) -> NDArray[np.float32]:
    """Channels (channels, rows, columns) of a straight box at source indices (rows, columns, 2) of s and t.

    Args:
        hu: box (s, t, r).
        source: where each pixel comes from.
        lateral: index of r on which the channels are centred, per row (rows, 1).
        mirror: -1 swaps left and right.
        settings: offsets and slabs.
    """
    low = np.maximum(np.floor(source.min((0, 1))).astype(int) - 1, 0)
    high = np.maximum(np.ceil(source.max((0, 1))).astype(int) + 2, low + 2)
    box = hu[low[0] : high[0], low[1] : high[1]]
    if 0 in box.shape:
        return np.full((len(settings.offsets_mm), *SHAPE), AIR, np.float32)
    r = (np.array(settings.offsets_mm)[:, None] + np.array(settings.slab_mm)).ravel()
    return _trilinear(box, source - low, lateral, mirror * r).reshape(len(settings.offsets_mm), -1, *SHAPE).mean(1)


def _trilinear(box: NDArray[np.int16], source: Floats, lateral: Floats, r: Floats) -> NDArray[np.float32]:
    """Linear samples (len(r), rows, columns); the (s, t) weights are shared by all lateral positions."""
    s, t = source[..., 0], source[..., 1]
    outside = (s < 0) | (t < 0) | (s > box.shape[0] - 1) | (t > box.shape[1] - 1)
    i = np.clip(np.floor(s).astype(int), 0, box.shape[0] - 2)
    j = np.clip(np.floor(t).astype(int), 0, box.shape[1] - 2)
    a = np.clip(s - i, 0, 1).astype(np.float32)[..., None]
    b = np.clip(t - j, 0, 1).astype(np.float32)[..., None]
    lines = (1 - a) * ((1 - b) * box[i, j] + b * box[i, j + 1]) + a * ((1 - b) * box[i + 1, j] + b * box[i + 1, j + 1])
    lines[outside] = AIR
    out = np.empty((len(r), *s.shape), np.float32)
    # one lateral position per row of the image: gather along the last axis with per-row weights
    for n, offset in enumerate(r):
        at = np.clip(lateral + offset, 0, box.shape[2] - 1.001)
        k = np.floor(at).astype(int)
        w = (at - k).astype(np.float32)
        rows = np.arange(s.shape[0])
        out[n] = (1 - w) * lines[rows, :, k[:, 0]] + w * lines[rows, :, k[:, 0] + 1]
    return out


def _draw_cut(rng: np.random.Generator, settings: Settings) -> NDArray[np.bool_]:
    cut = np.zeros(SHAPE, bool)
    if rng.random() < settings.cut_probability:
        row = rng.uniform(10, SHAPE[0] - 10) if rng.random() < 0.6 else rng.choice([10.0, SHAPE[0] - 10.0])
        line = row + rng.normal(0.0, 0.35) * (np.arange(SHAPE[1]) - SHAPE[1] / 2)
        below = np.arange(SHAPE[0])[:, None] > line
        cut = below if row > SHAPE[0] / 2 else ~below
    return cut


def _photometry(rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scanner and patient: thick slices, kernel, contrast of bone, offset, noise."""
    if rng.random() < 0.4:
        thick = rng.uniform(1.0, 4.0)
        image = ndimage.gaussian_filter1d(image, thick / 2.8, axis=1)
    if rng.random() < 0.35:
        image = ndimage.gaussian_filter(image, (0, *(2 * [rng.uniform(0.3, 1.4)])))
    elif rng.random() < 0.25:
        soft = ndimage.gaussian_filter(image, (0, 1.0, 1.0))
        image = image + rng.uniform(0.3, 1.2) * (image - soft)
    gain, offset = np.float32(np.exp(rng.normal(0.0, 0.22))), np.float32(rng.normal(0.0, 25.0))
    image = np.where(image > 0, image * gain, image) + offset
    if rng.random() < 0.3:
        gamma = np.exp(rng.normal(0.0, 0.2))
        image = np.where(image > 0, 400.0 * (np.maximum(image, 0) / 400.0) ** gamma, image)
    if rng.random() < 0.6:
        noise = rng.standard_normal(image.shape, np.float32)
        if rng.random() < 0.6:
            noise = ndimage.gaussian_filter(noise, (0.5, *rng.uniform(0.4, 1.2, 2))) * 2.0
        image = image + noise * rng.uniform(5.0, 70.0)
    if rng.random() < 0.15:
        ramp = rng.normal(0.0, 40.0, (1, 6, 4))
        image = image + ndimage.zoom(ramp, (1, SHAPE[0] / 6, SHAPE[1] / 4), order=1)
    return image.astype(np.float32)


def _targets(view: View) -> Sample:
    whole = view.whole
    cells = codec.cell_centres((SHAPE[0] // 4, SHAPE[1] // 4), 4)
    states = zip(view.points_px, view.lateral_px, whole, strict=True)
    bodies = [codec.Body(p, np.zeros((3, 2)), float(side), 1.0, float(w)) for p, side, w in states]
    maps = codec.encode(bodies, cells.shape[:2])
    weight = np.zeros(cells.shape[:2], np.float32)
    ignored = (cells[..., 0] < view.known_rows[0]) | (cells[..., 0] > view.known_rows[1])
    for body, good in zip(bodies, view.precise & whole, strict=True):
        inner = codec.central_part(body.points_px, cells, 0.6)
        ignored |= codec.central_part(body.points_px, cells, 0.95) & ~inner
        weight[inner] = 1.0 if good else 0.0
    for body, inside in zip(bodies, view.in_crop, strict=True):
        if not inside:  # cut by the crop, not by the scan: no verdict
            ignored |= codec.central_part(body.points_px, cells, 1.1)
    hidden = view.hidden[3::4, 3::4]
    objectness = np.where(hidden, 0.0, np.where(ignored, -1.0, maps.objectness))
    weight[hidden] = 0.0
    out = (objectness, maps.offsets, weight, maps.completeness, maps.lateral)
    return Sample(view.image_hu, *(np.asarray(x, np.float32) for x in out))


def batch(rng: np.random.Generator, cases: Sequence[StraightCase], weights: Floats, size: int, settings: Settings) -> Sample:
    """A stack of samples of cases drawn by weight."""
    chosen = rng.choice(len(cases), size, p=weights / weights.sum())
    return Sample(*(np.stack(x) for x in zip(*(draw(rng, cases[i], settings) for i in chosen), strict=True)))
