"""One phantom on random grids: oblique, in any order and direction of axes, any spacing, as DICOM or NIfTI on disk."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from endplate import oracle, phantom, pipeline
from endplate.anatomy import levels
from endplate.geometry import frames
from endplate.phantom import Phantom, ScannerSettings, SpineShape
from endplate.phantom.dicom import write_series
from endplate.report.report import Report
from endplate.volume import Volume
from endplate.volume.read import read

Floats = NDArray[np.floating]
MOST_TILT_DEG = 25.0
MARGIN_MM = 25.0
RAMP_HU_PER_MM = np.array([20.0, 30.0, 50.0])
_RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_KJI_FROM_IJK = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], float)


@cache
def made() -> Phantom:
    """T11 to L2 with a moderate wedge of T12."""
    spine = phantom.fracture(phantom.spine(levels.USUAL[1:], SpineShape(kyphosis_deg=45.0)), *phantom.parse_fracture("T12:wedge:2"))
    scanner = ScannerSettings((16.6, 20.4), 1.6, 1.6, field_mm=(170.0, 150.0))
    return phantom.render(spine, scanner=scanner, seed=1)


def on_a_random_grid(seed: int) -> Phantom:
    """The phantom's own grey values on another grid that covers its whole vertebrae."""
    scan, random = made(), np.random.default_rng(seed)
    turn = Rotation.from_rotvec(np.radians(random.uniform(0, MOST_TILT_DEG)) * unit(random)).as_matrix()
    order, signs = random.permutation(3), random.choice([-1.0, 1.0], 3)
    spacing = np.array([random.uniform(0.8, 3.0), random.uniform(0.7, 1.6), random.uniform(0.7, 1.6)])
    axes = (turn[:, order] * signs) * spacing
    points = np.concatenate([v.points_mm.reshape(-1, 3) for v in scan.vertebrae if v.complete])
    middle = (points.min(0) + points.max(0)) / 2
    corners = np.stack(np.meshgrid(*[(-half, half) for half in np.ptp(points, axis=0) / 2 + MARGIN_MM]), -1).reshape(-1, 3)
    shape = np.ceil(2 * np.abs(corners @ np.linalg.inv(axes).T).max(0)).astype(int) + 1
    matrix = frames.affine(axes, middle - axes @ ((shape - 1) / 2))
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    source = frames.apply(scan.volume.voxel_from_patient @ matrix, grid)
    hu = map_coordinates(scan.volume.hu.astype(np.float32), np.moveaxis(source, -1, 0), order=1, cval=-1024.0)
    return replace(scan, volume=Volume(np.rint(hu).astype(np.int16), matrix, scan.volume.source))


def unit(random: np.random.Generator) -> Floats:
    vector = random.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def stored(scan: Phantom, folder: Path, as_nifti: bool, seed: int = 0) -> Path:
    """The phantom on disk; DICOM files bear names that say nothing of their order."""
    if as_nifti:
        return nifti(scan.volume, folder / "ct.nii.gz")
    series = write_series(scan, folder)
    files = sorted(series.iterdir())
    for number, file in zip(np.random.default_rng(seed).permutation(len(files)), files, strict=True):
        file.rename(series / f"IM{number:05d}")
    return series


def nifti(volume: Volume, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = _RAS_FROM_LPS @ volume.patient_from_voxel @ _KJI_FROM_IJK
    nibabel.save(nibabel.Nifti1Image(volume.hu.T, affine), path)
    return path


def quantified(volume: Volume) -> Report:
    """With the oracle in the networks' place: whatever differs is the code's, not the weights'."""
    return pipeline.quantify_volume(volume, oracle.models(made().vertebrae)).report


def heights_of(report: Report) -> dict[str, Floats]:
    """Anterior, middle and posterior height of the complete vertebrae, by level."""
    columns = ("anterior", "middle", "posterior")
    return {str(e.level): np.array([getattr(e.heights_mm, c) for c in columns]) for e in report.vertebrae if e.complete}


def points_of(report: Report) -> dict[str, Floats]:
    """The six points (3, 2, 3) of every vertebra, by level."""
    columns = ("anterior", "middle", "posterior")
    return {str(e.level): np.array([getattr(e.points_lps_mm, c) for c in columns]) for e in report.vertebrae}


@cache
def reference() -> dict[str, Floats]:
    """Heights on the phantom's own grid."""
    return heights_of(quantified(made().volume))


def ramp(volume: Volume) -> Volume:
    """Grey values on a volume's grid that say where they lie, `RAMP_HU_PER_MM` from its middle."""
    middle = frames.apply(volume.patient_from_voxel, (np.array(volume.hu.shape) - 1) / 2)
    places = frames.apply(volume.patient_from_voxel, np.stack(np.indices(volume.hu.shape), -1))
    return replace(volume, hu=np.rint((places - middle) @ RAMP_HU_PER_MM).astype(np.int16))


def misplaced_mm(made_of: Volume, read_back: Volume) -> float:
    """How far from where its grey value says any voxel lies along the ramp; rounding alone gives 0.008 mm."""
    middle = frames.apply(made_of.patient_from_voxel, (np.array(made_of.hu.shape) - 1) / 2)
    places = frames.apply(read_back.patient_from_voxel, np.stack(np.indices(read_back.hu.shape), -1))
    off_hu = np.abs(read_back.hu - (places - middle) @ RAMP_HU_PER_MM).max()
    return float(off_hu / np.linalg.norm(RAMP_HU_PER_MM))


def difference(seed: int, folder: Path) -> tuple[float, float]:
    """Largest difference in mm of any height from the phantom's own grid, and the largest misplacement of a voxel in mm.

    The oracle knows the true points, so that heights alone would not notice a mirrored header; the ramp would.
    """
    scan, as_nifti = on_a_random_grid(seed), bool(seed % 2)
    found = heights_of(quantified(read(stored(scan, folder / "spine", as_nifti, seed))))
    known = reference()
    if not set(known) <= set(found):
        return float("inf"), float("inf")
    sloped = replace(scan, volume=ramp(scan.volume))
    off = misplaced_mm(sloped.volume, read(stored(sloped, folder / "ramp", as_nifti, seed)))
    return max(float(np.abs(found[n] - known[n]).max()) for n in known), off
