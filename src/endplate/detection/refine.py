"""Second looks at each body: a patch turned upright around it, and where its six points lie in there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from endplate.detection.codec import Body
from endplate.geometry.sampling import AIR_HU

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Settings:
    """The patch; travels with the weights.

    Attributes:
        rows: of the patch, along the spine.
        columns: of the patch, anterior to posterior.
        step_px: pixels of the straightened image per patch pixel.
        looks: how often the patch is taken anew around the refined points.
        beside_mm: how far to the patient's left the images lie that are looked at last, besides the one on the curve.
        zooms: how many times as wide the patches of these last looks are; the points are the mean of all of them (decision 0021).
        scale_factor: points' standard deviation in patch pixels per unit of the predicted scale, calibrated on held-out cases.
        floor_mm: a further deviation of every point, which no picture shows: the annotators' own; calibrated likewise.
        slice_share: a further deviation per mm between the slices; calibrated likewise.
    """

    rows: int = 64
    columns: int = 80
    step_px: float = 0.7
    looks: int = 2
    beside_mm: tuple[float, ...] = (-3.0, 3.0)
    zooms: tuple[float, ...] = (0.9, 1.0)
    scale_factor: float = 1.0
    floor_mm: float = 0.0
    slice_share: float = 0.0

    def deviation_mm(self, seen_mm: Floats, slice_mm: float) -> Floats:
        """Standard deviation (...) of points from what the refiner says (...) and the distance of the slices."""
        total: Floats = np.sqrt(seen_mm**2 + self.floor_mm**2 + (self.slice_share * slice_mm) ** 2)
        return total


@dataclass(frozen=True)
class Seen:
    """What a refiner says of patches.

    Attributes:
        points: (n, 3, 2, 2): column x endplate x (row, column) in patch pixels.
        scale: (n, 3, 2): Laplace scale of each point along the spine, in patch pixels.
    """

    points: Floats
    scale: Floats


class Refiner(Protocol):
    """Anything that reads patches: a network, a test's function."""

    def __call__(self, patches_hu: NDArray[np.float32]) -> Seen:
        """Points in patches (n, channels, rows, columns)."""
        ...


@dataclass(frozen=True)
class Frame:
    """Where a patch lies in the image.

    Attributes:
        centre_px: (2,) (row, column) of its middle.
        angle: by which its columns' direction is turned from the image's, in radians, towards the feet.
    """

    centre_px: Floats
    angle: float

    @classmethod
    def of(cls, points_px: Floats) -> Frame:
        """The frame around a body's points (3, 2, 2): centred on them, columns along the endplates."""
        along = (points_px[2] - points_px[0]).mean(0)
        return cls(points_px.mean((0, 1)), float(np.arctan2(along[0], along[1])))

    def _turn(self, step_px: float) -> Floats:
        c, s = np.cos(self.angle), np.sin(self.angle)
        return step_px * np.array([[c, s], [-s, c]])

    def pixel_from_patch(self, points: Floats, settings: Settings) -> Floats:
        """Image pixels (..., 2) of patch pixels (..., 2)."""
        middle = np.array([settings.rows - 1, settings.columns - 1]) / 2.0
        return self.centre_px + (points - middle) @ self._turn(settings.step_px).T

    def patch_from_pixel(self, points: Floats, settings: Settings) -> Floats:
        """Patch pixels (..., 2) of image pixels (..., 2)."""
        middle = np.array([settings.rows - 1, settings.columns - 1]) / 2.0
        return (points - self.centre_px) @ np.linalg.inv(self._turn(settings.step_px)).T + middle


def cut_patches(image_hu: NDArray[np.float32], frames: Sequence[Frame], settings: Settings) -> NDArray[np.float32]:
    """Patches (n, channels, rows, columns) of an image (channels, rows, columns); beyond it is air."""
    grid = np.stack(np.meshgrid(np.arange(settings.rows), np.arange(settings.columns), indexing="ij"), -1).astype(float)
    places = [np.moveaxis(frame.pixel_from_patch(grid, settings), -1, 0) for frame in frames]
    return np.stack([np.stack([ndimage.map_coordinates(c, at, np.float32, 1, cval=AIR_HU) for c in image_hu]) for at in places])


def refine(images_hu: Sequence[NDArray[np.float32]], bodies: Sequence[Body], refiner: Refiner, settings: Settings) -> list[Body]:
    """The bodies with refined points; those cut by the field of view stay as they are.

    Args:
        images_hu: the straightened image (channels, rows, columns), then those that lie ``settings.beside_mm`` to its left, if any.
        bodies: as detected in it.
        refiner: reads patches.
        settings: of the patches.
    """
    out = list(bodies)
    chosen = [i for i, body in enumerate(bodies) if body.completeness >= 0.5]
    for turn in range(settings.looks if chosen else 0):
        looked = _look(images_hu[0], [out[i] for i in chosen], refiner, settings)
        for i, body in zip(chosen, looked, strict=True):
            moved = float(np.linalg.norm(body.points_px - out[i].points_px, axis=-1).max()) if turn else 0.0
            out[i] = replace(body, restless_px=moved)
    if chosen and settings.zooms:
        wider = [replace(settings, step_px=settings.step_px * zoom) for zoom in settings.zooms]
        looks = [_look(image, [out[i] for i in chosen], refiner, each) for image in images_hu for each in wider]
        for i, seen in zip(chosen, zip(*looks, strict=True), strict=True):
            out[i] = replace(
                out[i],
                points_px=np.mean([body.points_px for body in seen], 0),
                sd_px=np.mean([body.sd_px for body in seen], 0),
            )
    return out


def _look(image_hu: NDArray[np.float32], bodies: Sequence[Body], refiner: Refiner, settings: Settings) -> list[Body]:
    frames = [Frame.of(body.points_px) for body in bodies]
    seen = refiner(cut_patches(image_hu, frames, settings))
    sd_px = seen.scale * settings.step_px * settings.scale_factor
    points = [frame.pixel_from_patch(points, settings) for frame, points in zip(frames, seen.points, strict=True)]
    return [replace(body, points_px=p, sd_px=sd) for body, p, sd in zip(bodies, points, sd_px, strict=True)]
