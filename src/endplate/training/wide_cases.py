"""Wide straightened boxes with named bodies: what the level reader trains on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.geometry import bases
from endplate.geometry.curves import Curve
from endplate.labelling.wide_box import wide_box
from endplate.phantom.phantom import Phantom
from endplate.training.coarse_cases import seen_bodies
from endplate.training.truth import Truth
from endplate.volume import Volume

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class WideCase:
    """A box in straight space at 3 mm: index (s, t, r), as ``endplate.labelling.wide_box``.

    Attributes:
        name: of the case.
        hu: Hounsfield units (s, t, r), int16.
        centre_px: (n,) index s of the bodies' centres.
        level: (n,) level coordinates.
        certain: False where the numbering may be off by one.
    """

    name: str
    hu: NDArray[np.int16]
    centre_px: Floats
    level: Floats
    certain: bool

    def save(self, path: Path) -> None:
        """Write as .npz."""
        np.savez(path, **self.__dict__)

    @classmethod
    def load(cls, path: Path) -> WideCase:
        """Read what ``save`` wrote."""
        with np.load(path) as z:
            return cls(str(z["name"]), z["hu"], z["centre_px"], z["level"], bool(z["certain"]))


def from_truth(volume: Volume, truth: Truth) -> WideCase:
    """The case of an annotated CT."""
    hu, centre = _box(volume, truth.curve, truth.centres_mm)
    return WideCase(truth.name, hu, centre, truth.level, truth.levels_certain)


def from_phantom(name: str, phantom: Phantom) -> WideCase:
    """The case of a phantom: C2 to S1 as far as they are in view."""
    names, centres, curve = seen_bodies(phantom)
    hu, centre = _box(phantom.volume, curve, centres)
    return WideCase(name, hu, centre, np.array([levels.coordinate(n) for n in names]), True)


def _box(volume: Volume, curve: Curve, centres: Floats) -> tuple[NDArray[np.int16], Floats]:
    box = wide_box(volume, curve)
    straight = bases.straight_from_patient(curve, centres)
    return np.round(box.hu).astype(np.int16), box.index(straight[:, 0])
