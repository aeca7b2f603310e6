"""Series that are not one plain stack of CT slices: what is used, what is left out, what is refused, and what is said."""

from __future__ import annotations

import shutil
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from dicom_series_factory import CORONAL, SAGITTAL, Recipe, enhanced_dataset, expected_hu, quiet, slice_dataset, write, write_series
from endplate.dicom import patient, source
from endplate.errors import InputRefused
from endplate.geometry import frames
from endplate.volume import Volume, dicom_meta
from endplate.volume.read import find_scans, read, read_scan

RECIPE = Recipe(series_uid="1.2.826.0.1.3680043.8.498.77")
EVEN_TEN = RECIPE.places_mm


def refused(path: Path) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(path)
    return caught.value


def exact(volume: Volume) -> bool:
    places = frames.apply(volume.patient_from_voxel, np.stack(np.indices(volume.hu.shape), -1))
    return bool(np.abs(volume.hu - expected_hu(places)).max() <= 1.01)


def placed(*places: float) -> Recipe:
    return RECIPE.changed(places_mm=places)


# --- spacing and gaps


def test_missing_slices_are_refused_with_their_positions(tmp_path: Path) -> None:
    write_series(tmp_path, placed(*EVEN_TEN[:4], *EVEN_TEN[5:]))
    refusal = refused(tmp_path)
    assert refusal.code == "missing_slices"
    # the stack starts at z = 12 mm
    assert "19.50 to 24.50 mm" in refusal.message


def test_a_stray_slice_is_left_out_with_a_message(tmp_path: Path) -> None:
    write_series(tmp_path, placed(*EVEN_TEN, 80.0))
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert exact(volume)
    assert any("1 stray slices beyond a gap" in message for message in volume.source.messages)


@pytest.mark.parametrize(
    "places",
    [(0, 1.25, 2.5, 3.75, 5, 10, 15, 20, 25), (0, 5, 10, 15, 20, 21.25, 22.5, 23.75), (*range(40), 44, 48, 52, 56)],
    ids=["thin, then thick", "thick, then thin", "a thick tail"],
)
def test_a_change_of_spacing_is_refused(tmp_path: Path, places: tuple[float, ...]) -> None:
    write_series(tmp_path, placed(*places))
    assert refused(tmp_path).code == "uneven_spacing"


def test_slices_that_shift_sideways_are_refused(tmp_path: Path) -> None:
    for k in range(10):
        shifted = RECIPE.changed(origin_mm=(-20.0 + 4.0 * (k == 6), -31.0, 12.0))
        write(slice_dataset(shifted, k), tmp_path / f"{k}.dcm")
    refusal = refused(tmp_path)
    assert refusal.code == "shifting_slices"
    assert "slice 6" in refusal.message


# --- duplicates and several volumes in one series


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "a", RECIPE)
    (tmp_path / "b").mkdir()
    for path in paths:
        shutil.copy(path, tmp_path / "b")
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert exact(volume)
    assert any("10 files repeat another" in message for message in volume.source.messages)


def test_equal_slices_at_one_position_count_once(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE)
    write(slice_dataset(RECIPE, 3), tmp_path / "again.dcm")
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert exact(volume)
    assert any("1 duplicate slices were left out" in message for message in volume.source.messages)


def test_different_slices_at_one_position_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE)
    other = slice_dataset(RECIPE, 3)
    other.PixelData = bytes(reversed(other.PixelData))
    write(other, tmp_path / "other.dcm")
    assert refused(tmp_path).code == "overlapping_slices"


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"AcquisitionNumber": 2}, "acquisitions"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "AVERAGE"]}, "image types"),
    ],
)
def test_the_larger_of_two_volumes_at_one_place_is_used(tmp_path: Path, extra: dict[str, Any], word: str) -> None:
    write_series(tmp_path / "large", RECIPE)
    write_series(tmp_path / "small", RECIPE.changed(places_mm=EVEN_TEN[2:9], extra=extra))
    for path in (tmp_path / "small").iterdir():
        path.write_bytes(changed_pixels(path.read_bytes()))
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert exact(volume)
    assert any(f"several {word}" in message and "7 slices such as" in message for message in volume.source.messages)


def test_runs_of_instance_numbers_tell_two_volumes_apart(tmp_path: Path) -> None:
    for k in range(10):
        write(slice_dataset(RECIPE, k), tmp_path / f"a{k}.dcm")
    for n, k in enumerate(range(2, 9)):
        path = write(slice_dataset(RECIPE.changed(extra={"InstanceNumber": 11 + n}), k), tmp_path / f"b{k}.dcm")
        path.write_bytes(changed_pixels(path.read_bytes()))
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert exact(volume)
    assert any("runs of instance numbers" in message for message in volume.source.messages)


def test_interleaved_acquisitions_are_not_mixed(tmp_path: Path) -> None:
    write_series(tmp_path / "a", RECIPE)
    between = RECIPE.changed(origin_mm=(-20.0, -31.0, 13.25), places_mm=EVEN_TEN[:9], extra={"AcquisitionNumber": 2})
    write_series(tmp_path / "b", between)
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert volume.spacing_mm[0] == pytest.approx(2.5)


def test_a_rotation_of_an_axial_scan_is_not_taken_for_the_scan(tmp_path: Path) -> None:
    for k in range(10):
        write(slice_dataset(RECIPE.changed(extra={"AcquisitionNumber": 1 + k // 4}), k), tmp_path / f"{k}.dcm")
    path = write(slice_dataset(RECIPE.changed(extra={"AcquisitionNumber": 9}), 3), tmp_path / "other.dcm")
    path.write_bytes(changed_pixels(path.read_bytes()))
    assert refused(tmp_path).code == "overlapping_slices"


def test_three_interleaved_acquisitions_are_not_mixed(tmp_path: Path) -> None:
    for n in range(3):
        shifted = RECIPE.changed(origin_mm=(-20.0, -31.0, 12.0 + 0.8 * n), extra={"AcquisitionNumber": n})
        write_series(tmp_path / str(n), shifted)
    assert read(tmp_path).spacing_mm[0] == pytest.approx(2.5)


def test_consecutive_acquisitions_are_one_volume(tmp_path: Path) -> None:
    for k in range(10):
        write(slice_dataset(RECIPE.changed(extra={"AcquisitionNumber": 1 + k // 4}), k), tmp_path / f"{k}.dcm")
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert volume.source.messages == ()


def test_other_orientations_and_matrices_in_a_series_are_named(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE)
    write_series(tmp_path, RECIPE.changed(orientation=CORONAL, places_mm=(0.0, 5.0, 10.0)), "cor{:03d}.dcm")
    write_series(tmp_path, RECIPE.changed(shape=(10, 10), places_mm=(0.0, 5.0)), "small{:03d}.dcm")
    volume = read(tmp_path)
    assert exact(volume)
    assert any("3 slices such as cor" in message and "2 slices such as small" in message for message in volume.source.messages)


# --- what is no slice of a CT

SKIPPED = {
    "localiser": ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localiser"),
    "secondary capture": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary_capture"),
    "colour": ({"SamplesPerPixel": 3}, "colour"),
    "projection": ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "MIP"]}, "projection"),
    "dose report": ({"Modality": "SR", "Rows": None, "Columns": None}, "no_image"),
}


@pytest.mark.parametrize(("extra", "code"), SKIPPED.values(), ids=SKIPPED.keys())
def test_what_is_no_slice_is_skipped_and_named(tmp_path: Path, extra: dict[str, Any], code: str) -> None:
    write_series(tmp_path, RECIPE)
    other = RECIPE.changed(extra=extra, series_uid=generate_uid(), places_mm=(0.0,), orientation=SAGITTAL)
    write_series(tmp_path, other, "other{}.dcm")
    found = find_scans(tmp_path)
    assert [(item.code, item.files) for item in found.skipped] == [(code, 1)]
    assert len(found.scans) == 1
    volume = read_scan(found.scans[0])
    assert exact(volume)
    assert any("skipped: other0.dcm" in message for message in volume.source.messages)


@pytest.mark.parametrize(("extra", "code"), SKIPPED.values(), ids=SKIPPED.keys())
def test_a_folder_of_nothing_else_holds_no_scan(tmp_path: Path, extra: dict[str, Any], code: str) -> None:
    write_series(tmp_path, RECIPE.changed(extra=extra))
    refusal = refused(tmp_path)
    assert refusal.code == "no_scan"


@pytest.mark.parametrize("modality", ["MR", "PT", "CR"])
def test_other_modalities_are_refused_by_name(tmp_path: Path, modality: str) -> None:
    write_series(tmp_path, RECIPE.changed(extra={"Modality": modality}))
    refusal = refused(tmp_path)
    assert refusal.code == "not_ct"
    assert modality in refusal.message


def test_a_pet_beside_the_ct_does_not_stop_it(tmp_path: Path) -> None:
    write_series(tmp_path / "ct", RECIPE)
    write_series(tmp_path / "pt", RECIPE.changed(series_uid=generate_uid(), extra={"Modality": "PT"}))
    found = find_scans(tmp_path)
    assert len(found.scans) == 1
    assert [(item.code, item.files) for item in found.refused] == [("not_ct", 10)]


def test_iodine_maps_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE.changed(extra={"RescaleType": "MGML"}))
    refusal = refused(tmp_path)
    assert refusal.code == "not_hounsfield"
    assert "MGML" in refusal.message


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_slices(tmp_path: Path, count: int) -> None:
    write_series(tmp_path, RECIPE.changed(places_mm=EVEN_TEN[:count]))
    assert refused(tmp_path).code == "too_few_slices"


def test_one_slice_of_a_series_given_as_a_file(tmp_path: Path) -> None:
    paths = write_series(tmp_path, RECIPE)
    refusal = refused(paths[0])
    assert refusal.code == "too_few_slices"
    assert "folder" in refusal.message


# --- damage


def test_text_named_dcm_is_reported_beside_the_scan(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE)
    (tmp_path / "notes.dcm").write_text("these are not the pixels you are looking for")
    (tmp_path / "empty.dcm").touch()
    found = find_scans(tmp_path)
    assert [(item.code, item.files) for item in found.refused] == [("not_dicom", 2)]
    assert exact(read(tmp_path))


def test_text_named_dcm_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.dcm").write_text("these are not the pixels you are looking for")
    assert refused(tmp_path).code == "not_dicom"
    assert refused(tmp_path / "notes.dcm").code == "not_dicom"


def test_truncated_pixels_are_refused(tmp_path: Path) -> None:
    path = write_series(tmp_path, RECIPE)[4]
    path.write_bytes(path.read_bytes()[:-60])
    refusal = refused(tmp_path)
    assert refusal.code == "truncated"
    assert path.name in refusal.message


def test_truncated_headers_are_reported(tmp_path: Path) -> None:
    path = write_series(tmp_path, RECIPE)[0]
    path.write_bytes(path.read_bytes()[:500])
    found = find_scans(tmp_path)
    assert [item.path for item in (*found.refused, *found.skipped)] == [path]


DEFLATED = RECIPE.changed(syntax=DeflatedExplicitVRLittleEndian)


def head_of(path: Path) -> bytes:
    """Preamble and file meta information."""
    content = path.read_bytes()
    return content[: 144 + int.from_bytes(content[140:144], "little")]


def deflated(data: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


def peak_of(path: Path) -> int:
    """Bytes that Python and numpy hold at most while a path is refused."""
    tracemalloc.start()
    try:
        refused(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_deflated_bomb_before_the_pixels_is_inflated_no_further_than_a_header_reaches(tmp_path: Path) -> None:
    path = write(slice_dataset(DEFLATED, 0), tmp_path / "bomb.dcm")
    # a private element of 256 MB of zeros stands where the pixels should be
    element = b"\x09\x00\x10\x10OB\x00\x00" + (1 << 28).to_bytes(4, "little")
    path.write_bytes(head_of(path) + deflated(element + bytes(1 << 28)))
    assert path.stat().st_size < 1 << 19
    assert refused(path).code == "deflated"
    assert peak_of(path) < 40 << 20


def test_a_deflated_bomb_behind_the_pixels_is_not_inflated(tmp_path: Path) -> None:
    paths = write_series(tmp_path, DEFLATED)
    content = zlib.decompress(paths[0].read_bytes()[len(head_of(paths[0])) :], -zlib.MAX_WBITS)
    paths[0].write_bytes(head_of(paths[0]) + deflated(content + bytes(1 << 27)))
    tracemalloc.start()
    volume = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert exact(volume)
    assert peak < 40 << 20


def test_deflated_pixels_beyond_the_bound_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, DEFLATED.changed(extra={"Rows": 30000, "Columns": 30000}))
    assert refused(tmp_path).code == "deflated"
    assert peak_of(tmp_path) < 40 << 20


@pytest.mark.parametrize("kept", [0.5, 0.97])
def test_a_deflated_file_cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    for path in write_series(tmp_path, DEFLATED):
        content = path.read_bytes()
        path.write_bytes(content[: int(kept * len(content))])
    assert refused(tmp_path).code in ("truncated", "no_pixels", "bad_header")


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
def test_slices_without_a_place_are_refused(tmp_path: Path, keyword: str) -> None:
    write_series(tmp_path, RECIPE.changed(extra={keyword: None}))
    assert refused(tmp_path).code == "no_geometry"


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "BitsAllocated", "Columns"])
def test_slices_without_what_every_slice_has_are_refused(tmp_path: Path, keyword: str) -> None:
    write_series(tmp_path, RECIPE.changed(extra={keyword: None}))
    assert refused(tmp_path).code == "bad_header"


@pytest.mark.parametrize("orientation", [(1.0, 0, 0, 1.0, 0, 0), (0.0, 0, 0, 0, 1, 0), (2.0, 0, 0, 0, 2, 0)])
def test_directions_that_are_none_are_refused(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    write_series(tmp_path, RECIPE.changed(extra={"ImageOrientationPatient": list(orientation)}))
    assert refused(tmp_path).code == "bad_geometry"


@pytest.mark.parametrize("spacing", [0.0, 500.0, 0.0001])
def test_absurd_spacing_is_refused(tmp_path: Path, spacing: float) -> None:
    write_series(tmp_path, RECIPE.changed(extra={"PixelSpacing": [spacing, spacing]}))
    assert refused(tmp_path).code in ("absurd_spacing", "bad_geometry")


def test_several_frames_without_positions_are_refused(tmp_path: Path) -> None:
    data = enhanced_dataset(RECIPE)
    del data.PerFrameFunctionalGroupsSequence
    refusal = refused(write(data, tmp_path / "frames.dcm"))
    assert refusal.code == "no_geometry"


def test_a_constant_series_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE.changed(extra={"PixelData": bytes(2 * 14 * 18)}))
    assert refused(tmp_path).code == "constant"


def test_a_slope_of_zero_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE.changed(extra={"RescaleSlope": "0"}))
    assert refused(tmp_path).code == "bad_rescale"


@pytest.fixture(scope="module")
def five_files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("five")
    return [path.read_bytes() for path in write_series(folder, RECIPE.changed(places_mm=EVEN_TEN[:5]))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1800), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_mutated_header_gives_a_volume_or_a_refusal(
    five_files: list[bytes], tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    mutated = bytearray(five_files[2])
    for at, value in changes:
        mutated[at % len(mutated)] = value
    for k, content in enumerate([*five_files[:2], bytes(mutated), *five_files[3:]]):
        (tmp_path / f"{k}.dcm").write_bytes(content)
    # any other exception fails the test
    with quiet(), suppress(InputRefused):
        assert read(tmp_path).hu.shape[0] >= 3


def changed_pixels(content: bytes) -> bytes:
    """The file with other pixels."""
    return content[:-40] + bytes(40)


def test_a_deflated_bomb_is_not_inflated_for_the_patients_name_either(tmp_path: Path) -> None:
    paths = write_series(tmp_path, DEFLATED.changed(extra={"PatientName": "Doe^Jane"}))
    content = zlib.decompress(paths[0].read_bytes()[len(head_of(paths[0])) :], -zlib.MAX_WBITS)
    paths[0].write_bytes(head_of(paths[0]) + deflated(content + bytes(1 << 27)))
    found = find_scans(tmp_path).scans[0]
    assert found.series is not None
    tracemalloc.start()
    name = patient.of_file(paths[0]).PatientName
    read_again = source._read(found.series)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (str(name), str(read_again.patient.PatientName)) == ("Doe^Jane", "Doe^Jane")
    assert peak < 40 << 20


def test_a_deflated_index_is_not_inflated(tmp_path: Path) -> None:
    paths = write_series(tmp_path, DEFLATED)
    (tmp_path / "DICOMDIR").write_bytes(head_of(paths[0]) + deflated(bytes(1 << 27)))
    tracemalloc.start()
    (found,) = find_scans(tmp_path).scans
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "DICOMDIR cannot be read" in found.messages[0]
    assert peak < 40 << 20


def test_a_header_of_very_many_empty_items_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_series(tmp_path, RECIPE)
    content = paths[0].read_bytes()
    sequence = b"\x00\x52\x30\x92SQ\x00\x00" + b"\xff" * 4 + b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 600_000
    at = content.index(b"\xe0\x7f\x10\x00")
    paths[0].write_bytes(content[:at] + sequence + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00" + content[at:])
    monkeypatch.setattr(dicom_meta, "MOST_READS", 1000)
    (left_out,) = find_scans(tmp_path).refused
    assert (left_out.path, left_out.code) == (paths[0], "bad_header")
    assert "more than 1,000 elements and items" in left_out.reason
