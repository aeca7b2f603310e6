"""Zip archives and DICOM media as input: read like folders, refused where they are hostile, and nothing left behind."""

from __future__ import annotations

import gc
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet

from dicom_series_factory import Recipe, quiet, write_series
from endplate.cohort import worklist
from endplate.errors import InputRefused
from endplate.volume import archive
from endplate.volume.read import find_scans, read

RECIPE = Recipe(series_uid="1.2.826.0.1.3680043.8.498.80")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, which every test has to leave empty."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


def zipped(path: Path, folder: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for file in sorted(folder.rglob("*")):
            made.write(file, file.relative_to(folder.parent))
    return path


def with_member(path: Path, name: str, content: bytes = b"x", mode: int = stat.S_IFREG) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        member = zipfile.ZipInfo(name)
        member.filename, member.external_attr, member.compress_type = name, (mode | 0o644) << 16, zipfile.ZIP_DEFLATED
        made.writestr(member, content)
    return path


def refusal(path: Path) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(path)
    return caught.value


def test_a_zip_reads_like_the_folder_that_it_holds(tmp_path: Path) -> None:
    write_series(tmp_path / "anna" / "DICOM", RECIPE)
    (tmp_path / "anna" / "readme.txt").write_text("a viewer")
    path = zipped(tmp_path / "Anna's CT.zip", tmp_path / "anna")
    (scan,) = find_scans(path).scans
    assert (scan.name, scan.kind, scan.path) == ("Anna_s_CT", "dicom", path)
    one, two = read(tmp_path / "anna"), read(path)
    assert np.array_equal(one.hu, two.hu)
    assert np.array_equal(one.patient_from_voxel, two.patient_from_voxel)
    assert two.source.path == str(path)


def test_volumes_and_series_in_a_zip_among_other_files(tmp_path: Path) -> None:
    inside, folder = tmp_path / "inside", tmp_path / "folder"
    write_series(inside / "DICOM", RECIPE)
    values = np.random.default_rng(1).integers(-1000, 1500, (7, 5, 6)).astype(np.int16)
    for name in ("one", "two"):
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), inside / f"{name}.nii.gz")
    folder.mkdir()
    zipped(folder / "export.zip", inside)
    with_member(folder / "letters.zip", "letter.txt")
    found = find_scans(folder)
    assert [scan.name for scan in found.scans] == ["export-000011", "export-000012", "export-series4"]
    assert [item.code for item in found.skipped] == ["unknown_file"]
    jobs = worklist([folder], tmp_path / "out")
    assert len({job.origin.key for job in jobs}) == len(jobs) == 3


def test_a_zip_in_a_zip_is_left_alone(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "b", RECIPE)
    inner = zipped(tmp_path / "a" / "inner.zip", tmp_path / "a" / "b")
    shutil.rmtree(tmp_path / "a" / "b")
    assert refusal(zipped(tmp_path / "outer.zip", inner.parent)).code == "no_scan"


@pytest.mark.parametrize(
    "name", ["../escaped.dcm", "/tmp/escaped.dcm", "a/../../escaped.dcm", "..\\escaped.dcm", "C:\\escaped.dcm"]
)
def test_a_path_that_leads_elsewhere_refuses_the_archive(tmp_path: Path, name: str) -> None:
    before = set(tmp_path.rglob("*"))
    path = with_member(tmp_path / "slip.zip", name)
    assert refusal(path).code == "zip_unsafe"
    assert set(tmp_path.rglob("*")) - before == {path}


def test_a_link_refuses_the_archive(tmp_path: Path) -> None:
    assert refusal(with_member(tmp_path / "link.zip", "ct.dcm", b"/etc/passwd", stat.S_IFLNK)).code == "zip_unsafe"


def test_names_in_an_archive_never_name_a_file(tmp_path: Path, temporary: Path) -> None:
    write_series(tmp_path / "a", RECIPE, "Müller^Anna; rm -rf {}")
    path = zipped(tmp_path / "a.zip", tmp_path / "a")
    with archive.unpacked(path) as folder:
        assert sorted(file.name for file in folder.iterdir()) == [f"{n:06d}" for n in range(1, 11)]
        assert folder.parent == temporary
    assert read(path).hu.shape[0] == 10


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = with_member(tmp_path / "bomb.zip", "ct.dcm", bytes(archive.RATIO_FROM_BYTES + 1))
    assert path.stat().st_size < 1 << 20
    assert refusal(path).code == "zip_too_large"


@pytest.mark.parametrize(("limit", "value"), [("MOST_MEMBERS", 9), ("MOST_BYTES", 9000), ("_MOST_DIRECTORY_BYTES", 500)])
def test_the_bounds_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    write_series(tmp_path / "a", RECIPE)
    path = zipped(tmp_path / "a.zip", tmp_path / "a")
    monkeypatch.setattr(archive, limit, value)
    assert refusal(path).code == "zip_too_large"


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = with_member(tmp_path / "secret.zip", "ct.dcm")
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + at] |= 1
    path.write_bytes(content)
    assert refusal(path).code == "zip_encrypted"


@pytest.mark.parametrize("damage", ["cut", "text", "method", "flipped"])
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: str) -> None:
    write_series(tmp_path / "a", RECIPE)
    path = zipped(tmp_path / "a.zip", tmp_path / "a", zipfile.ZIP_BZIP2 if damage == "method" else zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    if damage == "text":
        content = bytearray(b"this is no archive, whatever it is called" * 10)
    if damage == "flipped":
        content[200:220] = bytes(20)
    path.write_bytes(content)
    assert refusal(path).code == "bad_zip"


def test_a_fault_while_unpacked_leaves_nothing_behind(tmp_path: Path) -> None:
    write_series(tmp_path / "a", RECIPE)
    path = zipped(tmp_path / "a.zip", tmp_path / "a")
    with pytest.raises(KeyboardInterrupt), archive.unpacked(path):
        raise KeyboardInterrupt


# --- DICOMDIR


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """A CD with ten slices; gives its DICOMDIR."""
    files = FileSet()
    with quiet():
        for path in write_series(
            tmp_path / "slices", RECIPE.changed(extra={"StudyDate": "20200101", "StudyTime": "120000", "StudyID": "1"})
        ):
            files.add(path)
        files.write(tmp_path / "cd")
        # pydicom cleans up when the object is collected, and warns
        del files
        gc.collect()
    return tmp_path / "cd" / "DICOMDIR"


def test_a_dicomdir_stands_for_its_folder(medium: Path, tmp_path: Path) -> None:
    volume = read(medium)
    assert np.array_equal(volume.hu, read(tmp_path / "slices").hu)
    assert volume.source.messages == ()
    assert np.array_equal(read(medium.parent).hu, volume.hu)


def test_files_that_a_dicomdir_lists_and_that_are_missing_are_named(medium: Path) -> None:
    last = max((f for f in medium.parent.rglob("*") if f.is_file() and f != medium), key=lambda f: z_of(f))
    last.unlink()
    (message,) = read(medium).source.messages
    assert "DICOMDIR lists 10 files of which 1 are missing" in message


def test_a_dicomdir_opens_nothing_elsewhere(medium: Path, tmp_path: Path) -> None:
    write_series(tmp_path / "ELSE", RECIPE.changed(series_uid="1.2.3", study_uid="1.2"), "SECRET{}")
    index = pydicom.dcmread(medium)
    with quiet():
        for record in index.DirectoryRecordSequence:
            if "ReferencedFileID" in record:
                record.ReferencedFileID = ["..", "ELSE", "SECRET0"]
        index.save_as(medium)
    volume = read(medium)
    assert volume.source.tags["series_instance_uid"] == RECIPE.series_uid
    assert any("10 are missing, such as '../ELSE/SECRET0'" in message for message in volume.source.messages)


def test_a_damaged_dicomdir_costs_nothing_but_a_message(medium: Path) -> None:
    medium.write_bytes(medium.read_bytes()[:600])
    volume = read(medium)
    assert volume.hu.shape[0] == 10


def z_of(path: Path) -> float:
    return float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])
