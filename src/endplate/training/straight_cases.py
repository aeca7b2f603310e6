"""Straightened boxes around the spine, with their points: what the detector trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.geometry import bases
from endplate.geometry.curves import Curve, through
from endplate.phantom.phantom import Phantom
from endplate.straightening.straighten import straight_box
from endplate.training.truth import Truth, read_truth
from endplate.volume import Volume
from endplate.volume.files import read_nifti

Floats = NDArray[np.floating]
MARGIN_MM = 60.0
T_MM = np.arange(-68.0, 68.0)
R_MM = np.arange(-24.0, 25.0)


@dataclass(frozen=True)
class StraightCase:
    """A box in straight space at 1 mm: index (s, t, r), the middle of r on the curve.

    Attributes:
        name: of the case.
        hu: Hounsfield units (s, t, r), int16.
        points_px: (n, 3, 2, 2) points as (s, t) indices.
        lateral_px: (n,) lateral offset of the bodies from the curve.
        precise: (n,) whether the points are good enough to learn from.
        complete: (n,) whether the body is wholly in view.
        known_px: rows of s between which every body is annotated.
    """

    name: str
    hu: NDArray[np.int16]
    points_px: Floats
    lateral_px: Floats
    precise: NDArray[np.bool_]
    complete: NDArray[np.bool_]
    known_px: tuple[float, float]

    def save(self, path: Path) -> None:
        """Write as .npz."""
        np.savez(path, **self.__dict__)

    @classmethod
    def load(cls, path: Path) -> StraightCase:
        """Read what ``save`` wrote."""
        with np.load(path) as z:
            known = (float(z["known_px"][0]), float(z["known_px"][1]))
            return cls(str(z["name"]), z["hu"], z["points_px"], z["lateral_px"], z["precise"], z["complete"], known)


def from_truth(volume: Volume, truth: Truth) -> StraightCase:
    """The case of an annotated CT; rows beyond the annotated bodies stay unknown, but for the sacrum: below L5 is no body."""
    assert truth.points_mm is not None
    hu, points, lateral = _box(volume, truth.curve, truth.points_mm)
    edge = points[:, :, :, 0]
    ends_at_l5 = truth.levels_certain and truth.level[-1] == levels.coordinate("L5")
    known = (float(edge[0].min()) - 2.0, 1e6 if ends_at_l5 else float(edge[-1].max()) + 2.0)
    return StraightCase(truth.name, hu, points, lateral, truth.precise, np.ones(len(points), bool), known)


def from_phantom(name: str, phantom: Phantom) -> StraightCase:
    """The case of a phantom, where every body from C3 to L5 is known; above C3 there is no verdict."""
    vertebrae = phantom.vertebrae
    points = np.array([v.points_mm for v in vertebrae])
    complete = np.array([v.complete for v in vertebrae])
    centres = points.mean((1, 2))
    curve = through(centres if len(centres) > 1 else centres + np.array([[0.0, 0.0, 15.0], [0.0, 0.0, -15.0]]))
    hu, points_px, lateral = _box(phantom.volume, curve, points)
    first = float(points_px[0, :, :, 0].min()) - 2.0 if vertebrae[0].level == "C3" else -1e6
    return StraightCase(name, hu, points_px, lateral, complete, complete, (first, 1e6))


def read_real_cases(folder: Path, names: Sequence[str]) -> list[StraightCase]:
    """Straight cases of the named CTs with six-point truth."""
    present = [n for n in names if (folder / n / "truth.json").exists()]
    return [from_truth(read_nifti(folder / n / "ct.nii.gz"), read_truth(folder / n)) for n in present]


def _box(volume: Volume, curve: Curve, points_mm: Floats) -> tuple[NDArray[np.int16], Floats, Floats]:
    s = np.arange(-MARGIN_MM, curve.length_mm + MARGIN_MM)
    hu = straight_box(volume, curve, s, T_MM, R_MM)
    straight = bases.straight_from_patient(curve, points_mm)
    points_px = straight[..., :2] - (s[0], T_MM[0])
    return np.round(hu).astype(np.int16), points_px, straight[..., 2].mean((1, 2))
