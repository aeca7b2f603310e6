"""Coarse volumes with the column's course and levels: what the localiser trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.geometry import frames
from endplate.geometry.curves import Curve, through
from endplate.phantom.phantom import Phantom
from endplate.training.truth import Truth, read_truth
from endplate.volume import Volume
from endplate.volume.files import read_nifti
from endplate.volume.resampling import coarse

Floats = NDArray[np.floating]
HALF_BODY_MM = 9.0
BELOW_MM = {"L5": 100.0, "S1": 60.0}
"""So far below the centre of the last annotated body there is surely no column any more."""


@dataclass(frozen=True)
class CoarseCase:
    """A volume at 4 mm, slices head to feet, with what is known of its column.

    Attributes:
        name: of the case.
        hu: (slices, rows, columns) int16.
        course_vox: (m, 3) dense points of the column, head to feet, as (slice, row, column).
        level: (m,) level coordinate at those points, NaN where unknown.
        held: (m,) True where the column surely is (between the annotated bodies), False beyond, where it may go on.
        absent_slices: (above, below): slices above the first and below the second hold no column; infinite if unknown.
    """

    name: str
    hu: NDArray[np.int16]
    course_vox: Floats
    level: Floats
    held: NDArray[np.bool_]
    absent_slices: tuple[float, float]

    def save(self, path: Path) -> None:
        """Write as .npz."""
        np.savez(path, **self.__dict__)

    @classmethod
    def load(cls, path: Path) -> CoarseCase:
        """Read what ``save`` wrote."""
        with np.load(path) as z:
            above, below = z["absent_slices"]
            return cls(str(z["name"]), z["hu"], z["course_vox"], z["level"], z["held"], (float(above), float(below)))


def from_truth(volume: Volume, truth: Truth) -> CoarseCase:
    """The case of an annotated CT.

    Where C2 is the first body, the head begins above it; where L5 or S1 is the last, the column ends below.
    """
    small = coarse(volume)
    level = truth.level if truth.levels_certain else np.full(len(truth.level), np.nan)
    head = truth.centres_mm[0, 2] + 45.0 if truth.level[0] <= levels.coordinate("C2") else np.inf
    tail = truth.centres_mm[-1, 2] - BELOW_MM.get(levels.nearest(truth.level[-1]), np.inf)
    return _case(truth.name, small, truth.curve, (truth.centres_mm, level), (head, tail))


def from_phantom(name: str, phantom: Phantom) -> CoarseCase:
    """The case of a phantom: C2 to S1 as far as they are in view; above and below there is no column."""
    names, centres, curve = seen_bodies(phantom)
    level = np.array([levels.coordinate(n) for n in names])
    z = sorted((c[2] for c in phantom.centres_mm.values()), reverse=True)
    return _case(name, coarse(phantom.volume), curve, (centres, level), (float(z[0]) + 45.0, float(z[-1]) - 60.0))


def seen_bodies(phantom: Phantom) -> tuple[list[str], Floats, Curve]:
    """Names, centres (n, 3) head to feet and curve of a phantom's bodies, C2 to S1, whose centres lie in the volume."""
    bodies = sorted(phantom.centres_mm.items(), key=lambda item: -item[1][2])
    centres = np.array([centre for _, centre in bodies])
    voxels = frames.apply(phantom.volume.voxel_from_patient, centres)
    limit = np.array(phantom.volume.hu.shape) - 1.0
    seen = np.all((voxels >= 0.0) & (voxels <= limit), axis=1)
    if not seen.any():
        seen[int((np.abs(voxels - limit / 2.0) / limit).max(1).argmin())] = True
    found = centres[seen]
    curve = through(found if len(found) > 1 else found + np.array([[0.0, 0.0, 12.0], [0.0, 0.0, -12.0]]))
    return [name for (name, _), s in zip(bodies, seen, strict=True) if s], found, curve


def read_real_cases(folders: Sequence[Path], names: Sequence[str]) -> list[CoarseCase]:
    """Coarse cases of the named CTs, from the folders that hold them."""
    found = [folder / n for n in names for folder in folders if (folder / n / "ct.nii.gz").exists()]
    return [from_truth(read_nifti(p / "ct.nii.gz"), read_truth(p)) for p in found]


def _case(name: str, small: Volume, curve: Curve, bodies: tuple[Floats, Floats], ends_mm: tuple[float, float]) -> CoarseCase:
    centres, level = bodies
    s = np.arange(0.0, curve.length_mm + 1.0)
    course = curve.at(s)
    z, order = course[:, 2], np.argsort(centres[:, 2])
    at = np.interp(z, centres[order, 2], level[order])
    beyond = np.maximum(z - centres[0, 2], centres[-1, 2] - z)
    at[beyond > HALF_BODY_MM] = np.nan
    voxels = frames.apply(small.voxel_from_patient, course)
    slices = [
        float((small.patient_from_voxel[2, 3] - end) / 4.0) if np.isfinite(end) else -np.inf * np.sign(end) for end in ends_mm
    ]
    return CoarseCase(name, np.round(small.hu).astype(np.int16), voxels, at, beyond <= HALF_BODY_MM, (slices[0], slices[1]))
