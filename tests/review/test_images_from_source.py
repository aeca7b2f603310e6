"""Images made later, from the files that a report names."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from endplate.errors import InputRefused
from endplate.phantom import Phantom
from endplate.report.report import Report
from endplate.review.images import images_from_source, read_images, write_images
from endplate.volume.read import find_scans, read, read_scan
from random_grids import made, nifti, quantified, stored

FILES = ("images.json", "straight.npy", "context.npy")


@pytest.fixture(scope="module", params=["dicom", "nifti"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """Where a phantom lies on disk, and its report."""
    path = stored(made(), tmp_path_factory.mktemp("scan"), request.param == "nifti")
    return path, quantified(read(path))


def test_they_are_those_of_the_scan(found: tuple[Path, Report], tmp_path: Path) -> None:
    path, report = found
    images_from_source(Report.from_json(report.to_json()), tmp_path / "later")
    write_images(read(path), report, tmp_path / "now")
    assert read_images(tmp_path / "later") is not None
    for name in FILES:
        assert (tmp_path / "later" / name).read_bytes() == (tmp_path / "now" / name).read_bytes()


@pytest.fixture
def moved(found: tuple[Path, Report], tmp_path: Path) -> Iterator[tuple[Path, Report]]:
    """The scan away from its place."""
    path, report = found
    shutil.move(path, tmp_path / "elsewhere")
    yield path, report
    if path.is_dir():
        shutil.rmtree(path)
    shutil.move(tmp_path / "elsewhere", path)


def test_files_that_are_gone_are_a_refusal(moved: tuple[Path, Report], tmp_path: Path) -> None:
    path, report = moved
    with pytest.raises(InputRefused, match="does not exist") as refused:
        images_from_source(report, tmp_path / "images")
    assert refused.value.code == "no_scan"
    assert str(path) in refused.value.message
    assert not (tmp_path / "images").exists()


def test_another_scan_in_its_place_is_a_refusal(moved: tuple[Path, Report], tmp_path: Path) -> None:
    path, report = moved
    volume = made().volume
    other = Phantom(**{**vars(made()), "volume": replace(volume, hu=volume.hu[:-3]), "seed": 9})
    stored(other, path.parent, path.suffix == ".gz", seed=1)
    with pytest.raises(InputRefused) as refused:
        images_from_source(report, tmp_path / "images")
    assert refused.value.code == "other_scan"
    assert not (tmp_path / "images").exists()


@pytest.mark.parametrize("change", ["spacing", "place"])
def test_the_same_shape_on_another_grid_is_a_refusal(change: str, tmp_path: Path) -> None:
    path = nifti(made().volume, tmp_path / "ct.nii.gz")
    report = quantified(read(path))
    matrix = made().volume.patient_from_voxel.copy()
    matrix[:3, :3] *= 1.01 if change == "spacing" else 1.0
    matrix[:3, 3] += 0.0 if change == "spacing" else 300.0
    nifti(replace(made().volume, patient_from_voxel=matrix), path)
    with pytest.raises(InputRefused, match="another scan") as refused:
        images_from_source(report, tmp_path / "images")
    assert refused.value.code == "other_scan"


def test_a_phantom_that_was_never_a_file_looks_nowhere(found: tuple[Path, Report], tmp_path: Path) -> None:
    """An empty path must not be taken for the current folder, whatever lies there."""
    path, _ = found
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with pytest.raises(InputRefused, match="never a file"):
            images_from_source(quantified(made().volume), tmp_path / "images")
    finally:
        os.chdir(before)


def test_one_of_several_scans_in_a_zip(tmp_path: Path) -> None:
    shifted = replace(made().volume, hu=made().volume.hu + np.int16(7))
    archive = tmp_path / "two.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        for name, volume in (("first", made().volume), ("second", shifted)):
            stream.write(nifti(volume, tmp_path / f"{name}.nii.gz"), f"{name}.nii.gz")
    scans = find_scans(archive).scans
    assert len(scans) == 2
    bright = []
    for scan in scans:
        images_from_source(quantified(read_scan(scan)), tmp_path / scan.name)
        images = read_images(tmp_path / scan.name)
        assert images is not None
        bright.append(int(images.context.max()))
    assert bright[1] - bright[0] == 7
    report = quantified(read_scan(scans[0]))
    unknown = replace(report, source=replace(report.source, name="third"))
    with pytest.raises(InputRefused, match="holds 0 scans third") as refused:
        images_from_source(unknown, tmp_path / "third")
    assert refused.value.code == "other_scan"


def test_no_file_is_read_for_a_report_without_vertebrae(found: tuple[Path, Report], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no vertebrae"):
        images_from_source(replace(found[1], vertebrae=()), tmp_path)
