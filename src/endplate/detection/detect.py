"""Vertebrae of a straightened spine."""

from __future__ import annotations

from dataclasses import dataclass
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


SecondLook = tuple[refine.Refiner, refine.Settings]
"""The refiner and its patches."""


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
        bodies = refine.refine(spine.image_hu, bodies, *second_look)
    return [Detection(body, _in_patient(spine, body)) for body in bodies]


def _in_patient(spine: StraightSpine, body: codec.Body) -> Vertebra:
    lateral_mm = body.lateral_px * spine.pixel_mm
    points = spine.patient_from_pixel(body.points_px, lateral_mm)
    complete = body.completeness >= 0.5 and _shows(spine, body.points_px)
    return Vertebra(points, body.sd_px * spine.pixel_mm, score=body.score, complete=complete)


def _shows(spine: StraightSpine, points_px: Floats) -> bool:
    """Whether all six points lie on imaged tissue: beyond the field of view the image reads as air."""
    image = spine.midsagittal_hu
    rows, columns = np.round(np.moveaxis(points_px, -1, 0)).astype(int)
    inside = (rows >= 0) & (rows < image.shape[0]) & (columns >= 0) & (columns < image.shape[1])
    return bool(inside.all()) and bool((image[rows, columns] > -1000.0).all())
