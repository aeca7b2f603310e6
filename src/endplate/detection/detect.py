"""Vertebrae of a straightened spine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra
from endplate.detection import codec, refine
from endplate.detection.chain import main_chain
from endplate.straightening import StraightSpine

Floats = NDArray[np.floating]


class Detector(Protocol):
    """Anything that reads a straightened image: a network, an oracle, a test's function."""

    def __call__(self, spine: StraightSpine) -> codec.Maps:
        """Maps of the image."""
        ...


METAL_HU = 1500.0
"""Above cortical bone and sclerosis: screws, cages, cement and their blooming."""
METAL_SHARE = 0.03
"""Of a body's outline in the mid-sagittal image."""
EDGE_MM = 1.0
"""How far beyond the last slice a point may be found in a body that counts as whole: about its own error."""
AT_EDGE_MM, LOW_AT_EDGE = 2.0, 0.75
"""An outermost body nearer to the edge of the view than this, and lower than this share of its neighbour, is cut."""
RESTLESS_MM = 2.0
"""How far two looks at the same body may place a point apart."""
SecondLook = tuple[refine.Refiner, refine.Settings, Sequence[StraightSpine]]
"""The refiner, its patches, and images on the same grid beside the curve, as its settings ask for."""


@dataclass(frozen=True)
class Detection:
    """A body in the image and in the patient.

    Attributes:
        body: in pixels of the straightened image.
        vertebra: in patient space, without a name yet.
    """

    body: codec.Body
    vertebra: Vertebra


def detect(
    spine: StraightSpine, detector: Detector, settings: codec.Settings | None = None, second_look: SecondLook | None = None
) -> list[Detection]:
    """Every vertebral body of the image, head to feet, with its points in patient space."""
    bodies = main_chain(codec.decode(detector(spine), settings))
    if second_look is not None:
        refiner, patches, beside = second_look
        bodies = refine.refine([spine.image_hu, *(other.image_hu for other in beside)], bodies, refiner, patches)
    patch = second_look[1] if second_look else refine.Settings()
    whole = [
        body.completeness >= 0.5 and _shows(spine, body.points_px, EDGE_MM) and not _squeezed(spine, bodies, i)
        for i, body in enumerate(bodies)
    ]
    return [Detection(b, replace(_in_patient(spine, b, patch), complete=w)) for b, w in zip(bodies, whole, strict=True)]


def _in_patient(spine: StraightSpine, body: codec.Body, patch: refine.Settings) -> Vertebra:
    lateral_mm = body.lateral_px * spine.pixel_mm
    points = spine.patient_from_pixel(body.points_px, lateral_mm)
    sd_mm = patch.deviation_mm(body.sd_px * spine.pixel_mm, spine.slice_mm)
    return Vertebra(points, sd_mm, score=body.score, doubt=_doubt(spine, body))


def _doubt(spine: StraightSpine, body: codec.Body) -> str | None:
    """Why the points are not to be trusted, or None."""
    if _metal_share(spine, body.points_px) > METAL_SHARE:
        return "metal or cement in the body"
    if (apart := body.restless_px * spine.pixel_mm) > RESTLESS_MM:
        return f"two looks disagree by {apart:.1f} mm"
    return None


def _metal_share(spine: StraightSpine, points_px: Floats) -> float:
    """Share of the body's outline in the mid-sagittal image that reads as metal; screws beside it do not hide the endplates."""
    low = np.maximum(np.floor(points_px.min((0, 1))).astype(int), 0)
    high = np.maximum(np.ceil(points_px.max((0, 1))).astype(int) + 1, low)
    rows, columns = np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij")
    inside = codec.central_part(points_px, np.stack([rows, columns], -1), 1.0)
    seen = spine.midsagittal_hu[low[0] : high[0], low[1] : high[1]]
    inside = inside[: seen.shape[0], : seen.shape[1]]
    return float((seen[inside] > METAL_HU).mean()) if inside.any() else 0.0


def _shows(spine: StraightSpine, points_px: Floats, inward_mm: float) -> bool:
    """Whether all six points, moved towards the body's centre by so much, lie on imaged tissue: beyond the view it is air."""
    image = spine.midsagittal_hu
    inward = points_px.mean((0, 1)) - points_px
    inward /= np.maximum(np.linalg.norm(inward, axis=-1, keepdims=True), 1e-6)
    rows, columns = np.round(np.moveaxis(points_px + inward_mm / spine.pixel_mm * inward, -1, 0)).astype(int)
    inside = (rows >= 0) & (rows < image.shape[0]) & (columns >= 0) & (columns < image.shape[1])
    return bool(inside.all()) and bool((image[rows, columns] > -1000.0).all())


def _squeezed(spine: StraightSpine, bodies: Sequence[codec.Body], index: int) -> bool:
    """Whether an outermost body touches the edge of the view and is much lower than its neighbour: its rest was not imaged."""
    if len(bodies) < 2 or index not in (0, len(bodies) - 1):
        return False
    neighbour = bodies[1 if index == 0 else -2]
    low = bodies[index].height_px < LOW_AT_EDGE * neighbour.height_px
    return low and not _shows(spine, bodies[index].points_px, -AT_EDGE_MM)
