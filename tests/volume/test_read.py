"""Which scans lie under a path, what they are called, and what is said of the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from dicom_series_factory import Recipe, enhanced_dataset, write, write_series
from endplate.errors import InputRefused
from endplate.volume.read import find_scans, read, read_scan
from endplate.volume.scan_list import safe_name


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(1).integers(-1000, 1500, (7, 5, 6)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(values), str(path))
    return path


def names(path: Path) -> list[str]:
    return [scan.name for scan in find_scans(path).scans]


def test_a_folder_of_cases_gives_a_scan_per_case(tmp_path: Path) -> None:
    for case in ("case-b", "case-a"):
        image(tmp_path / case / "ct.nii.gz")
        (tmp_path / case / "truth.json").write_text("{}")
    found = find_scans(tmp_path)
    assert [scan.name for scan in found.scans] == ["case-a", "case-b"]
    assert found.skipped == found.refused == ()


def test_the_shared_cases_have_their_names(shared_data: Path) -> None:
    assert names(shared_data / "ct") == sorted(folder.name for folder in (shared_data / "ct").iterdir())


NAMES = {
    "plain name": (["x/ct.nii.gz"], ["x"]),
    "alone in its folder": (["x/strange.mha"], ["x"]),
    "image and another": (["x/image.nrrd", "x/other.nii"], ["x", "other"]),
    "several in one folder": (["x/a.nii.gz", "x/b.nii"], ["a", "b"]),
    "equal names": (["p/1/ct.nii", "q/1/ct.nii"], ["p-1", "q-1"]),
    "equal stems": (["x/a.nii", "x/a.mha"], ["x-a", "x-a-2"]),
    "equal but for case": (["x/a.nii", "x/b.nii", "y/A.nii", "y/c.nii"], ["x-a", "b", "y-A", "c"]),
}


@pytest.mark.parametrize(("files", "expected"), NAMES.values(), ids=NAMES.keys())
def test_names(tmp_path: Path, files: list[str], expected: list[str]) -> None:
    for file in files:
        image(tmp_path / file)
    assert sorted(names(tmp_path)) == sorted(expected)


def test_names_of_single_files(tmp_path: Path) -> None:
    assert names(image(tmp_path / "case-7" / "ct.nii.gz")) == ["case-7"]
    assert names(image(tmp_path / "case-7" / "patient9.nii.gz")) == ["patient9"]


@given(st.text())
def test_a_name_leads_nowhere_else(text: str) -> None:
    name = safe_name(text)
    assert Path("out", name).resolve().parent == Path("out").resolve()
    assert 0 < len(name) <= 80
    assert name.isascii()


def test_two_series_in_a_folder_are_two_scans(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(extra={"SeriesNumber": 2}), "a{}.dcm")
    write_series(tmp_path, Recipe(extra={"SeriesNumber": 3}, places_mm=(0.0, 1.0, 2.0, 3.0)), "b{}.dcm")
    found = find_scans(tmp_path)
    assert [scan.name for scan in found.scans] == [f"{tmp_path.name}-series2", f"{tmp_path.name}-series3"]
    assert [read_scan(scan).hu.shape[0] for scan in found.scans] == [10, 4]
    # of one study the better is read, see test_choice.py
    assert read(tmp_path).hu.shape[0] == 10


def test_series_of_two_studies_are_several_scans(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(extra={"SeriesNumber": 2}), "a{}.dcm")
    write_series(tmp_path, Recipe(extra={"SeriesNumber": 3}, study_uid="1.2.3"), "b{}.dcm")
    with pytest.raises(InputRefused, match=r"series2.*series3") as caught:
        read(tmp_path)
    assert caught.value.code == "several_scans"


def test_a_series_description_never_names_a_folder(tmp_path: Path) -> None:
    for number in (2, 3):
        write_series(tmp_path / "x", Recipe(extra={"SeriesNumber": number, "SeriesDescription": "../../etc"}), f"{number}-{{}}.dcm")
    assert names(tmp_path) == ["x-series2", "x-series3"]


def test_mixed_kinds_in_one_tree(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom", Recipe())
    write(enhanced_dataset(Recipe()), tmp_path / "enhanced" / "one.dcm")
    image(tmp_path / "nifti" / "ct.nii.gz")
    image(tmp_path / "nrrd" / "a.nrrd")
    image(tmp_path / "meta" / "a.mhd")
    found = find_scans(tmp_path)
    assert [(scan.name, scan.kind) for scan in found.scans] == [
        ("dicom", "dicom"),
        ("enhanced", "dicom"),
        ("meta", "mha"),
        ("nifti", "nifti"),
        ("nrrd", "nrrd"),
    ]
    for scan in found.scans:
        volume = read_scan(scan)
        assert volume.source.name == scan.name
        assert volume.source.kind == scan.kind


def test_the_same_tree_gives_the_same_names_elsewhere(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one", Recipe())
    image(tmp_path / "a" / "two" / "ct.nii")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert names(tmp_path / "a") == names(tmp_path / "b") == ["one", "two"]


def test_files_that_are_no_images_are_ignored(tmp_path: Path) -> None:
    image(tmp_path / "case" / "ct.nii.gz")
    for name in ("report.json", "notes.txt", "table.csv", "README.md", "picture.png", ".hidden.dcm"):
        (tmp_path / "case" / name).write_text("no image")
    found = find_scans(tmp_path)
    assert [scan.name for scan in found.scans] == ["case"]
    assert found.skipped == found.refused == ()


def test_unknown_files_are_listed(tmp_path: Path) -> None:
    image(tmp_path / "case" / "ct.nii.gz")
    (tmp_path / "case" / "thing.xyz").write_text("no image")
    assert [(item.path.name, item.code) for item in find_scans(tmp_path).skipped] == [("thing.xyz", "unknown_file")]


@pytest.mark.parametrize("what", ["empty folder", "absent path", "text only", "unknown file"])
def test_no_scan(tmp_path: Path, what: str) -> None:
    if what == "text only":
        (tmp_path / "notes.txt").write_text("no image")
    if what == "unknown file":
        (tmp_path / "notes").write_text("no image")
    with pytest.raises(InputRefused) as caught:
        find_scans(tmp_path / "absent" if what == "absent path" else tmp_path)
    assert caught.value.code == "no_scan"


def test_the_only_scan_too_short_is_refused_as_such(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(places_mm=(0.0,)))
    with pytest.raises(InputRefused) as caught:
        read(tmp_path)
    assert caught.value.code == "too_few_slices"
