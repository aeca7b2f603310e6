"""Geometry and Hounsfield units of DICOM series: against the phantom's own formula, highdicom and SimpleITK."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicom_series_factory import (
    AXIAL,
    CORONAL,
    FLIPPED,
    OBLIQUE,
    SAGITTAL,
    Recipe,
    enhanced_dataset,
    expected_hu,
    quiet,
    slice_dataset,
    write,
    write_series,
)
from endplate.geometry import frames
from endplate.volume import Volume
from endplate.volume.read import find_scans, read

TILT = tuple(np.tan(np.radians(18.0)) * np.array([0.0, 1.0, 0.0]))
STACKS = {
    "axial": Recipe(),
    "feet first": Recipe(places_mm=tuple(-2.5 * k for k in range(10))),
    "sagittal": Recipe(orientation=SAGITTAL),
    "coronal": Recipe(orientation=CORONAL),
    "flipped": Recipe(orientation=FLIPPED),
    "oblique": Recipe(orientation=OBLIQUE),
    "gantry tilt": Recipe(shear_mm=TILT),
    "unsigned, negative intercept": Recipe(signed=False),
    "12 bits in 16": Recipe(signed=False, bits=(16, 12)),
    "12 bits in 16, signed": Recipe(bits=(16, 12), intercept=0.0),
    "32 bits": Recipe(bits=(32, 32)),
    "slope 2": Recipe(slope=2.0),
    "implicit": Recipe(syntax=ImplicitVRLittleEndian),
    "big endian": Recipe(syntax=ExplicitVRBigEndian),
    "deflated": Recipe(syntax=DeflatedExplicitVRLittleEndian),
    "thin": Recipe(places_mm=tuple(0.4 * k for k in range(12))),
}


@pytest.mark.parametrize("recipe", STACKS.values(), ids=STACKS.keys())
def test_every_voxel_holds_what_lies_at_its_place(tmp_path: Path, recipe: Recipe) -> None:
    write_series(tmp_path, recipe)
    volume = read(tmp_path)
    assert volume.hu.dtype == np.int16
    assert volume.hu.shape == (len(recipe.places_mm), *recipe.shape)
    assert np.abs(volume.hu - expected_hu(places(volume))).max() <= 0.5 * recipe.slope + 0.51


@pytest.mark.parametrize("recipe", STACKS.values(), ids=STACKS.keys())
def test_steps_are_those_of_the_series(tmp_path: Path, recipe: Recipe) -> None:
    write_series(tmp_path, recipe)
    step = abs(recipe.places_mm[1] - recipe.places_mm[0]) * np.hypot(1.0, np.linalg.norm(recipe.shear_mm))
    assert read(tmp_path).spacing_mm == pytest.approx([step, *recipe.pixel_spacing_mm], abs=1e-5)


# highdicom refuses sheared stacks; 32 bits are not allowed in a CT Image
@pytest.mark.parametrize("name", sorted(set(STACKS) - {"gantry tilt", "32 bits"}))
def test_agrees_with_highdicom(tmp_path: Path, name: str) -> None:
    paths = write_series(tmp_path, STACKS[name])
    with quiet():
        reference = highdicom.get_volume_from_series([pydicom.dcmread(path) for path in paths])
    same_everywhere(read(tmp_path), reference.array, reference.affine)


# GDCM knows no shear
@pytest.mark.parametrize("name", sorted(set(STACKS) - {"gantry tilt"}))
def test_agrees_with_simpleitk(tmp_path: Path, name: str) -> None:
    write_series(tmp_path, STACKS[name])
    same_everywhere(read(tmp_path), *by_simpleitk(tmp_path))


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(orientation=OBLIQUE, signed=False)], ids=["axial", "oblique"])
def test_reads_enhanced_ct(tmp_path: Path, recipe: Recipe) -> None:
    path = write(enhanced_dataset(recipe), tmp_path / "enhanced.dcm")
    volume = read(path)
    with quiet():
        reference = highdicom.imread(path).get_volume()
    same_everywhere(volume, reference.array, reference.affine)
    assert np.abs(volume.hu - expected_hu(places(volume))).max() <= 0.51


def test_a_series_of_3000_slices_is_one_volume(tmp_path: Path) -> None:
    recipe = Recipe(shape=(5, 6), places_mm=tuple(0.2 * k for k in range(3000)), bits=(32, 32))
    write_series(tmp_path, recipe)
    volume = read(tmp_path)
    assert volume.hu.shape == (3000, 5, 6)
    clipped = np.clip(expected_hu(places(volume)), -32768, 32767)
    assert np.abs(volume.hu - clipped).max() <= 0.51


def test_rescale_may_differ_from_slice_to_slice(tmp_path: Path) -> None:
    recipe = Recipe()
    for k in range(10):
        one = recipe.changed(intercept=-1024.0 + 50 * k, slope=1.0 + k % 2)
        write(slice_dataset(one, k), tmp_path / f"{k}")
    volume = read(tmp_path)
    assert np.abs(volume.hu - expected_hu(places(volume))).max() <= 1.51


def test_fractional_rescale_gives_floats(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(slope=0.25, intercept=-1024.5))
    volume = read(tmp_path)
    assert volume.hu.dtype == np.float32
    assert np.abs(volume.hu - expected_hu(places(volume))).max() <= 0.64


def test_gantry_tilt_is_a_shear_and_is_named(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(shear_mm=TILT))
    volume = read(tmp_path)
    assert volume.patient_from_voxel[:3, 0] == pytest.approx([0.0, 2.5 * np.tan(np.radians(18.0)), 2.5], abs=1e-6)
    assert any("gantry tilt of 18.0 degrees" in message for message in volume.source.messages)


def test_small_irregularities_are_interpolated_away(tmp_path: Path) -> None:
    wobble = (0.0, 0.2, -0.15, 0.25, 0.0, -0.25, 0.15, 0.0, 0.2, 0.0)
    write_series(tmp_path, Recipe(places_mm=tuple(2.5 * k + w for k, w in enumerate(wobble))))
    volume = read(tmp_path)
    # the phantom is linear, so that linear interpolation is exact up to the rounding of what it starts from
    assert np.abs(volume.hu - expected_hu(places(volume))).max() <= 1.01
    assert volume.spacing_mm[0] == pytest.approx(2.5)
    assert any("interpolated to even spacing" in message for message in volume.source.messages)


def test_rounded_positions_stay_as_they_are(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(places_mm=tuple(round(1.25 * k, 1) for k in range(12))))
    volume = read(tmp_path)
    assert volume.source.messages == ()
    assert volume.spacing_mm[0] == pytest.approx(1.25, abs=0.01)


def test_tags_tell_of_the_scan_and_not_of_the_patient(tmp_path: Path) -> None:
    recipe = Recipe()
    write_series(tmp_path, recipe)
    source = read(tmp_path).source
    assert source.tags == {
        "series_instance_uid": recipe.series_uid,
        "study_instance_uid": recipe.study_uid,
        "series_description": "Chest/../1.0 B70f",
        "manufacturer": "endplate tests",
        "kernel": "B70f/3",
        "contrast": "Ultravist",
        "kvp": 120.0,
        "slice_thickness": 2.5,
    }
    assert "secret-17" not in repr(source)
    assert "Nobody" not in repr(source)


def test_lidc_agrees_with_highdicom_and_simpleitk(lidc_dicom: Path) -> None:
    volume = read(lidc_dicom)
    assert volume.hu.shape == (133, 512, 512)
    padding = volume.hu == -1024
    with quiet():
        reference = highdicom.get_volume_from_series(
            [pydicom.dcmread(p) for p in sorted(lidc_dicom.glob("*.dcm"))], dtype=np.float32
        )
    array, affine = by_simpleitk(lidc_dicom)
    for other, other_affine in ((reference.array, reference.affine), (array, affine)):
        aligned = aligned_to(volume, other, other_affine)
        assert np.array_equal(volume.hu[~padding], aligned[~padding])
        # the scanner's circle is padded with -2000 + intercept
        assert set(np.unique(aligned[padding])) <= {-3024.0, -1024.0}


def test_lidc_agrees_with_the_shared_copy(lidc_dicom: Path, shared_data: Path) -> None:
    ours, packed = read(lidc_dicom), read(shared_data / "ct" / "lidc-0001")
    aligned = aligned_to(packed, ours.hu, ours.patient_from_voxel)
    # the shared copy is native in a tube around the spine, and coarse elsewhere
    column = (slice(20, 110), slice(290, 330), slice(240, 270))
    assert np.mean(aligned[column] == packed.hu[column]) > 0.99


def test_lidc_is_one_scan_named_after_its_folder(lidc_dicom: Path) -> None:
    found = find_scans(lidc_dicom)
    assert [scan.name for scan in found.scans] == [lidc_dicom.name]
    assert found.skipped == found.refused == ()


def places(volume: Volume) -> np.ndarray:
    """LPS mm of every voxel (k, j, i, 3)."""
    return frames.apply(volume.patient_from_voxel, np.stack(np.indices(volume.hu.shape), -1))


def same_everywhere(volume: Volume, array: np.ndarray, affine: np.ndarray) -> None:
    assert np.array_equal(volume.hu, aligned_to(volume, array, affine))


def aligned_to(volume: Volume, array: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Another reader's array in our axes: its map must be ours up to whole steps along flipped or swapped axes."""
    matrix = np.linalg.inv(affine) @ volume.patient_from_voxel
    whole = np.rint(matrix)
    corners = np.array([[0, 0, 0], volume.hu.shape]) @ (matrix - whole)[:3, :3].T + (matrix - whole)[:3, 3]
    assert np.abs(corners).max() < 1e-3, f"maps differ: {matrix}"
    axes = np.abs(whole[:3, :3]).argmax(0)
    theirs = array.transpose(axes)
    for axis, other in enumerate(axes):
        first = 0 if whole[other, axis] > 0 else theirs.shape[axis] - 1
        assert whole[other, 3] == first, f"axis {axis} starts at {whole[other, 3]}, expected {first}"
        theirs = theirs if first == 0 else np.flip(theirs, axis)
    return theirs


def by_simpleitk(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Array (k, j, i) and affine to LPS, by GDCM."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    axes = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    return sitk.GetArrayFromImage(image), frames.affine(axes[:, ::-1], np.array(image.GetOrigin()))


def test_orientations_of_the_factory_are_what_they_are_called() -> None:
    normals = [np.cross(*np.reshape(o, (2, 3))).round(6).tolist() for o in (AXIAL, FLIPPED, SAGITTAL, CORONAL)]
    assert normals == [[0, 0, 1], [0, 0, -1], [-1, 0, 0], [0, 1, 0]]
