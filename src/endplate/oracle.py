"""Networks that know the answer: the codecs' encoders, fed with a phantom's exact truth.

phantom -> oracle -> localise -> straighten -> detect -> measure must give back the phantom's heights. Whatever is off by
more than the grid is a fault of the code, not of the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate import straightening
from endplate.anatomy import Vertebra, levels
from endplate.detection import codec as detection_codec
from endplate.detection import refine
from endplate.geometry import bases, frames
from endplate.geometry.curves import Curve, through
from endplate.labelling import codec as labelling_codec
from endplate.labelling import wide_box
from endplate.localisation import codec as localisation_codec
from endplate.models import Models
from endplate.straightening import StraightSpine
from endplate.volume import Volume

Floats = NDArray[np.floating]


def models(vertebrae: Sequence[Vertebra]) -> Models:
    """The oracles of a scan whose vertebrae are known, head to feet."""
    localisation, detection = localisation_codec.Settings(stiffness=1.0), detection_codec.Settings(min_votes=1.0)
    known = tuple(vertebrae)
    return Models(
        _Localiser(known, localisation),
        _Detector(known, detection),
        None,
        _LevelReader(known),
        localisation,
        detection,
        straightening.Settings(),
        refine.Settings(),
        labelling_codec.Settings(),
        wide_box.Settings(),
        {},
    )


@dataclass(frozen=True)
class _Localiser:
    vertebrae: tuple[Vertebra, ...]
    settings: localisation_codec.Settings

    def __call__(self, small: Volume) -> localisation_codec.Maps:
        slices = np.arange(small.hu.shape[0], dtype=float)
        stride = self.settings.stride
        cells = (small.hu.shape[0], -(-small.hu.shape[1] // stride), -(-small.hu.shape[2] // stride))
        if not self.vertebrae:
            nowhere = np.zeros_like(slices)
            return localisation_codec.encode(localisation_codec.Column(*(nowhere,) * 4), cells, self.settings)
        course = frames.apply(small.voxel_from_patient, _lengthened(_course(self.vertebrae)))
        level = [levels.coordinate(v.level) if v.level else np.nan for v in self.vertebrae]
        centres = frames.apply(small.voxel_from_patient, np.array([v.centre_mm for v in self.vertebrae]))[:, 0]
        row, column = (np.interp(slices, course[:, 0], course[:, axis]) for axis in (1, 2))
        presence = ((slices >= course[0, 0]) & (slices <= course[-1, 0])).astype(float)
        known = localisation_codec.Column(row, column, presence, np.interp(slices, centres, level))
        return localisation_codec.encode(known, cells, self.settings)


def _course(vertebrae: Sequence[Vertebra]) -> Curve:
    """Through the centres; a single body's runs from its superior to its inferior endplate."""
    if len(vertebrae) == 1:
        return through(vertebrae[0].points_mm.mean(0))
    return through(np.array([v.centre_mm for v in vertebrae]))


def _lengthened(curve: Curve, by_mm: float = 14.0) -> Floats:
    """Points along the curve and by half a body beyond its ends."""
    return curve.at(np.arange(-by_mm, curve.length_mm + by_mm, 1.0))


@dataclass(frozen=True)
class _Detector:
    vertebrae: tuple[Vertebra, ...]
    settings: detection_codec.Settings

    def __call__(self, spine: StraightSpine) -> detection_codec.Maps:
        bodies = [self._body(spine, v) for v in self.vertebrae]
        cells = tuple(-(-n // self.settings.stride) for n in spine.image_hu.shape[1:])
        return detection_codec.encode(bodies, (cells[0], cells[1]), self.settings)

    def _body(self, spine: StraightSpine, vertebra: Vertebra) -> detection_codec.Body:
        straight = bases.straight_from_patient(spine.curve, vertebra.points_mm)
        pixels = (straight[..., :2] - spine.first_mm) / spine.pixel_mm
        lateral = float(straight[..., 2].mean() / spine.pixel_mm)
        return detection_codec.Body(pixels, vertebra.points_sd_mm / spine.pixel_mm, lateral, 1.0, float(vertebra.complete))


@dataclass(frozen=True)
class _LevelReader:
    vertebrae: tuple[Vertebra, ...]

    def __call__(self, box: wide_box.WideBox) -> Floats:
        centres = np.array([v.centre_mm for v in self.vertebrae])
        s = bases.straight_from_patient(box.curve, centres)[:, 0]
        level = np.array([levels.coordinate(str(v.level)) for v in self.vertebrae])
        return labelling_codec.encode(box.index(s), level, -(-len(box.hu) // 2))
