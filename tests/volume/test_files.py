"""NIfTI, NRRD and MetaImage, as written by SimpleITK and by hand."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from endplate.errors import InputRefused
from endplate.geometry import frames
from endplate.volume import Volume
from endplate.volume.files import read_meta_image, read_nifti, read_nrrd

READERS = {
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    ".nrrd": read_nrrd,
    ".nhdr": read_nrrd,
    ".mha": read_meta_image,
    ".mhd": read_meta_image,
}
_TURN = np.radians(25.0)
TURNED = np.array([[np.cos(_TURN), -np.sin(_TURN), 0.0], [np.sin(_TURN), np.cos(_TURN), 0.0], [0.0, 0.0, 1.0]])
NODDED = TURNED @ np.array([[1.0, 0.0, 0.0], [0.0, np.cos(0.4), -np.sin(0.4)], [0.0, np.sin(0.4), np.cos(0.4)]])
DIRECTIONS = {
    "axial": np.eye(3),
    "oblique": NODDED,
    "flipped": np.diag([-1.0, -1.0, 1.0]),
    "mirrored": np.diag([-1.0, 1.0, 1.0]),
    "sagittal": np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]),
}
SIZES = (7, 5, 6)


def image_of(directions: np.ndarray, dtype: Any = np.int16) -> sitk.Image:
    values = np.random.default_rng(3).integers(-1000, 1500, SIZES).astype(dtype)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.7, 0.9, 2.5))
    image.SetOrigin((-120.5, 33.25, 811.0))
    image.SetDirection(directions.ravel())
    return image


def same_as(image: sitk.Image, volume: Volume) -> None:
    assert np.array_equal(volume.hu, sitk.GetArrayFromImage(image))
    for k, j, i in [(0, 0, 0), (6, 4, 5), (2, 0, 5), (6, 1, 0)]:
        ours = frames.apply(volume.patient_from_voxel, np.array([k, j, i]))
        assert ours == pytest.approx(image.TransformIndexToPhysicalPoint((i, j, k)), abs=1e-3)


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("directions", DIRECTIONS.values(), ids=DIRECTIONS.keys())
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_agrees_with_simpleitk(tmp_path: Path, suffix: str, directions: np.ndarray, dtype: Any) -> None:
    image = image_of(directions, dtype)
    path = tmp_path / f"ct{suffix}"
    sitk.WriteImage(image, str(path))
    volume = READERS[suffix](path)
    assert volume.hu.dtype == np.int16
    same_as(image, volume)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".mhd", ".nhdr"])
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    image = image_of(NODDED)
    path = tmp_path / f"ct{suffix}"
    sitk.WriteImage(image, str(path), useCompression=True)
    same_as(image, READERS[suffix](path))


def test_fractions_stay_fractions(tmp_path: Path) -> None:
    image = sitk.Cast(image_of(np.eye(3)), sitk.sitkFloat32) + 0.25
    sitk.WriteImage(image, str(tmp_path / "ct.nii"))
    volume = read_nifti(tmp_path / "ct.nii")
    assert volume.hu.dtype == np.float32
    same_as(image, volume)


# --- NIfTI


def nifti(path: Path, values: np.ndarray, affine: np.ndarray | None = None, slope: tuple[float, float] = (1.0, 0.0)) -> Path:
    image = nibabel.Nifti1Image(values, np.diag([-0.7, -0.9, 2.5, 1.0]) if affine is None else affine)
    image.header.set_slope_inter(*slope)
    image.to_filename(path)
    return path


def stored(dtype: Any = np.int16, shape: tuple[int, ...] = (6, 5, 7)) -> np.ndarray:
    return np.random.default_rng(4).integers(-500, 700, shape).astype(dtype)


@pytest.mark.parametrize(("slope", "intercept", "dtype"), [(2.0, -24.0, np.int16), (0.5, 3.0, np.float32), (1.0, -0.5, np.float32)])
def test_the_slope_of_a_nifti_is_applied(tmp_path: Path, slope: float, intercept: float, dtype: Any) -> None:
    path = nifti(tmp_path / "ct.nii", stored(), slope=(slope, intercept))
    volume = read_nifti(path)
    assert volume.hu.dtype == dtype
    assert np.array_equal(volume.hu, np.asarray(nibabel.load(path).dataobj).T)


def test_unsigned_values_with_a_negative_intercept_do_not_wrap(tmp_path: Path) -> None:
    values = (stored() + 1024).astype(np.uint16)
    volume = read_nifti(nifti(tmp_path / "ct.nii.gz", values, slope=(1.0, -1024.0)))
    assert np.array_equal(volume.hu, stored().T)


@pytest.mark.parametrize("dtype", [">i2", ">f4", "<f8"])
def test_byte_orders_and_doubles(tmp_path: Path, dtype: str) -> None:
    header = nibabel.Nifti1Header(endianness=dtype[0])
    header.set_data_dtype(dtype)
    nibabel.Nifti1Image(stored(dtype), np.diag([-0.7, -0.9, 2.5, 1.0]), header).to_filename(tmp_path / "ct.nii")
    volume = read_nifti(tmp_path / "ct.nii")
    assert volume.hu.dtype == np.int16
    assert volume.hu.dtype.isnative
    assert np.array_equal(volume.hu, stored().T)


def test_a_shear_in_the_affine_is_kept(tmp_path: Path) -> None:
    affine = np.array([[-0.7, 0.0, 0.3, 10.0], [0.0, -0.9, 0.8, 20.0], [0.0, 0.0, 2.5, 30.0], [0.0, 0.0, 0.0, 1.0]])
    volume = read_nifti(nifti(tmp_path / "ct.nii", stored(), affine))
    ras = affine @ [3.0, 2.0, 5.0, 1.0]
    assert frames.apply(volume.patient_from_voxel, np.array([5, 2, 3])) == pytest.approx([-ras[0], -ras[1], ras[2]], abs=1e-4)


def test_metres_are_millimetres(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(stored(), np.diag([-0.0007, -0.0009, 0.0025, 1.0]))
    image.header.set_xyzt_units("meter")
    image.to_filename(tmp_path / "ct.nii")
    assert read_nifti(tmp_path / "ct.nii").spacing_mm == pytest.approx([2.5, 0.9, 0.7], rel=1e-5)


def test_nan_becomes_air_with_a_message(tmp_path: Path) -> None:
    values = stored(np.float32)
    values[1, 2, 3], values[4, 4, 4] = np.nan, np.inf
    volume = read_nifti(nifti(tmp_path / "ct.nii", values))
    assert volume.hu.dtype == np.int16
    assert volume.hu[3, 2, 1] == volume.hu[4, 4, 4] == -1024
    assert "2 of 210 voxels were NaN" in volume.source.messages[0]


def test_trailing_axes_of_length_one_are_dropped(tmp_path: Path) -> None:
    assert read_nifti(nifti(tmp_path / "ct.nii", stored()[..., None, None])).hu.shape == (7, 5, 6)


def test_a_nifti_without_orientation_says_so(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(stored(), None)
    image.to_filename(tmp_path / "ct.nii")
    assert "no orientation" in read_nifti(tmp_path / "ct.nii").source.messages[0]


NIFTI_REFUSED = {
    "4D": (stored(shape=(6, 5, 7, 2)), "not_a_volume"),
    "2D": (stored(shape=(6, 5)), "not_a_volume"),
    "one slice": (stored(shape=(6, 5, 1)), "not_a_volume"),
    "constant": (np.full((6, 5, 7), -1000, np.int16), "constant"),
    "all NaN": (np.full((6, 5, 7), np.nan, np.float32), "no_values"),
    "mask": (np.abs(stored()) % 25, "not_hounsfield"),
    "scaled to -1..1": (stored(np.float32) / 700, "not_hounsfield"),
    "without intercept": ((stored() + 1024).astype(np.uint16), "not_hounsfield"),
    "complex": (stored().astype(np.complex64), "not_a_ct"),
}


@pytest.mark.parametrize(("values", "code"), NIFTI_REFUSED.values(), ids=NIFTI_REFUSED.keys())
def test_what_is_no_ct_is_refused(tmp_path: Path, values: np.ndarray, code: str) -> None:
    with pytest.raises(InputRefused) as caught:
        read_nifti(nifti(tmp_path / "ct.nii", values))
    assert caught.value.code == code


@pytest.mark.parametrize(("step", "code"), [(0.0001, "absurd_spacing"), (900.0, "absurd_spacing"), (0.0, "bad_geometry")])
def test_absurd_spacing_is_refused(tmp_path: Path, step: float, code: str) -> None:
    path = nifti(tmp_path / "ct.nii", stored())
    content = bytearray(path.read_bytes())
    # srow_z of the NIfTI-1 header; nibabel itself would not write it
    content[312:328] = np.array([0.0, 0.0, step, 0.0], "<f4").tobytes()
    path.write_bytes(content)
    with pytest.raises(InputRefused) as caught:
        read_nifti(path)
    assert caught.value.code == code


# --- NRRD


def nrrd_file(path: Path, values: np.ndarray, **header: Any) -> Path:
    kept = {"space": "left-posterior-superior", "space directions": np.eye(3), "space origin": [1.0, 2.0, 3.0]} | header
    nrrd.write(str(path), values, {key: value for key, value in kept.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("space", "signs"),
    [("left-posterior-superior", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1)), ("left-anterior-superior", (1, -1, 1))],
)
def test_spaces_of_nrrd(tmp_path: Path, space: str, signs: tuple[int, ...]) -> None:
    volume = read_nrrd(nrrd_file(tmp_path / "ct.nrrd", stored(), space=space))
    at = frames.apply(volume.patient_from_voxel, np.array([5, 3, 2]))
    assert at == pytest.approx(np.array(signs) * [3.0, 5.0, 8.0])
    assert volume.hu[5, 3, 2] == stored()[2, 3, 5]


NRRD_REFUSED = {
    "no space": ({"space": None, "space directions": None, "space origin": None}, "bad_geometry"),
    "other space": ({"space": "scanner-xyz"}, "bad_geometry"),
    "singular": ({"space directions": np.diag([1.0, 1.0, 0.0])}, "bad_geometry"),
}


@pytest.mark.parametrize(("header", "code"), NRRD_REFUSED.values(), ids=NRRD_REFUSED.keys())
def test_nrrd_without_the_frame_of_the_patient_is_refused(tmp_path: Path, header: dict[str, Any], code: str) -> None:
    with pytest.raises(InputRefused) as caught:
        read_nrrd(nrrd_file(tmp_path / "ct.nrrd", stored(), **header))
    assert caught.value.code == code


def test_vector_nrrd_is_refused(tmp_path: Path) -> None:
    directions = np.vstack([[np.nan] * 3, np.eye(3)])
    with pytest.raises(InputRefused) as caught:
        read_nrrd(nrrd_file(tmp_path / "ct.nrrd", stored(shape=(3, 6, 5, 7)), **{"space directions": directions}))
    assert caught.value.code == "not_a_volume"


# --- MetaImage


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr"])
def test_headers_do_not_open_files_elsewhere(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / f"ct{suffix}"
    sitk.WriteImage(image_of(np.eye(3)), str(path))
    raw = next(file for file in path.parent.iterdir() if file != path)
    raw.rename(tmp_path / raw.name)
    path.write_bytes(path.read_bytes().replace(raw.name.encode(), b"../" + raw.name.encode()))
    with pytest.raises(InputRefused) as caught:
        READERS[suffix](path)
    assert caught.value.code == "bad_data_file"


def test_big_endian_and_header_size(tmp_path: Path) -> None:
    values = stored(">i2").T
    (tmp_path / "ct.raw").write_bytes(b"12345" + values.tobytes())
    text = "NDims = 3\nDimSize = 6 5 7\nElementType = MET_SHORT\nElementByteOrderMSB = True\nHeaderSize = -1\n"
    (tmp_path / "ct.mhd").write_text(text + "ElementSpacing = 1 2 3\nElementDataFile = ct.raw\n")
    volume = read_meta_image(tmp_path / "ct.mhd")
    assert np.array_equal(volume.hu, stored().T)
    assert volume.spacing_mm == pytest.approx([3.0, 2.0, 1.0])


@pytest.mark.parametrize("suffix", [".mha", ".mhd", ".nrrd", ".nii", ".nii.gz"])
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"ct{suffix}"
    sitk.WriteImage(image_of(np.eye(3)), str(path))
    largest = max(tmp_path.iterdir(), key=lambda file: file.stat().st_size)
    content = largest.read_bytes()
    largest.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputRefused) as caught:
        READERS[suffix](path)
    assert caught.value.code in ("truncated", "unreadable")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_a_promise_of_too_many_voxels_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ct{suffix}"
    if suffix.startswith(".nii"):
        header = nibabel.Nifti1Image(stored(), np.eye(4)).header
        header["dim"][1:4] = 30000
        content = header.binaryblock + bytes(1000)
        path.write_bytes(gzip.compress(content) if suffix == ".nii.gz" else content)
    else:
        sitk.WriteImage(image_of(np.eye(3)), str(path))
        path.write_bytes(path.read_bytes().replace(b"6 5 7", b"30000 30000 30000"))
    with pytest.raises(InputRefused) as caught:
        READERS[suffix](path)
    assert caught.value.code == "too_large"


def test_a_missing_file_is_no_scan(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        read_nifti(tmp_path / "absent.nii")
    assert caught.value.code == "no_scan"


@pytest.mark.parametrize("suffix", [".nii", ".nrrd", ".mha"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 360), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_mutated_header_gives_a_volume_or_a_refusal(tmp_path: Path, suffix: str, changes: list[tuple[int, int]]) -> None:
    path = tmp_path / f"ct{suffix}"
    if not path.exists():
        sitk.WriteImage(image_of(np.eye(3)), str(path))
    mutated = bytearray(path.read_bytes())
    for at, value in changes:
        mutated[at] = value
    other = tmp_path / f"mutated{suffix}"
    other.write_bytes(mutated)
    try:
        volume = READERS[suffix](other)
    except InputRefused:
        return
    assert volume.hu.ndim == 3
