"""The same patient on any grid and in any format gives the same heights and points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import endplate
from endplate.volume.read import read
from random_grids import difference, made, misplaced_mm, nifti, points_of, quantified, ramp, stored

FORMATS_MM, HEIGHT_MM, PLACE_MM = 0.05, 0.1, 0.05


# 500 of these: benchmarks/any_geometry.py
@pytest.mark.parametrize("seed", range(25))
def test_a_random_grid_gives_the_same_heights(tmp_path: Path, seed: int) -> None:
    height_mm, place_mm = difference(seed, tmp_path)
    assert height_mm <= HEIGHT_MM
    assert place_mm <= PLACE_MM


def test_dicom_and_nifti_of_a_phantom_give_the_same_points(tmp_path: Path) -> None:
    scan = made()
    volumes = [read(stored(scan, tmp_path / kind, as_nifti=kind == "nifti")) for kind in ("dicom", "nifti")]
    # the DICOM reader goes along the normal, the NIfTI keeps its file's order
    assert np.array_equal(volumes[0].hu, volumes[1].hu[::-1])
    one, two = (points_of(quantified(volume)) for volume in volumes)
    assert list(one) == list(two)
    assert max(np.linalg.norm(one[level] - two[level], axis=-1).max() for level in one) <= FORMATS_MM


def test_a_mirrored_header_would_be_noticed() -> None:
    sloped = ramp(made().volume)
    mirrored = sloped.patient_from_voxel.copy()
    mirrored[:3, 2] *= -1
    assert misplaced_mm(sloped, type(sloped)(sloped.hu, mirrored)) > 1.0


def test_dicom_and_nifti_of_a_patient_give_the_same_points(lidc_dicom: Path, tmp_path: Path) -> None:
    """The real networks on a real scan; the NIfTI is written here, as other software stores it: x and y reversed."""
    volume = read(lidc_dicom)
    turned = volume.patient_from_voxel @ np.array(
        [[1, 0, 0, 0], [0, -1, 0, volume.hu.shape[1] - 1], [0, 0, -1, volume.hu.shape[2] - 1], [0, 0, 0, 1]]
    )
    path = nifti(type(volume)(np.ascontiguousarray(volume.hu[:, ::-1, ::-1]), turned), tmp_path / "ct.nii")
    one, two = points_of(endplate.quantify(lidc_dicom)), points_of(endplate.quantify(path))
    assert list(one) == list(two)
    assert len(one) >= 15
    assert max(np.linalg.norm(one[level] - two[level], axis=-1).max() for level in one) <= FORMATS_MM
