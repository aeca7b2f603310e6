"""The series is found again, or its absence is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom.conftest import Case, at
from dicom.dicom_tools import opened, read_back, validation_errors
from dicom_series_factory import Recipe, enhanced_dataset, quiet, write
from endplate.dicom.source import source_series
from endplate.errors import InputRefused
from endplate.report.report import Report
from endplate.volume.read import find_scans


def refusal(case: Case, report: Report | None = None) -> str:
    with pytest.raises(InputRefused) as refused:
        case.results(report)
    assert refused.value.code == "no_dicom_source"
    return refused.value.message


@pytest.mark.parametrize("kind", ["nifti", "nrrd", "mha", "phantom", "unread"])
def test_a_scan_that_was_no_dicom_has_no_results_as_dicom(case: Case, kind: str) -> None:
    report = replace(case.report, source=replace(case.report.source, kind=kind))
    assert f"is {kind}, no DICOM series" in refusal(case, report)


def test_a_series_that_is_gone_is_said_to_be_gone(case: Case, tmp_path: Path) -> None:
    assert "does not exist" in refusal(case, at(case.report, tmp_path / "nowhere"))


def test_another_series_in_its_place_is_not_taken(case: Case) -> None:
    other = replace(case.report, source=replace(case.report.source, series_instance_uid="1.2.3"))
    assert "0 of its series bear that UID" in refusal(case, other)


@pytest.mark.parametrize("uid", [None, "", "x.y", "1." * 40])
def test_a_study_without_a_uid_cannot_take_results(case: Case, uid: str | None, tmp_path: Path) -> None:
    def change(slice_: Dataset) -> None:
        if uid is None:
            del slice_.StudyInstanceUID
        else:
            slice_.StudyInstanceUID = uid

    with quiet():
        moved = case.moved(tmp_path, change)
    tags = {**moved.report.source.tags, "study_instance_uid": uid or ""}
    assert "StudyInstanceUID is" in refusal(moved, replace(moved.report, source=replace(moved.report.source, tags=tags)))


def test_the_right_series_of_a_study_is_taken(case: Case, tmp_path: Path) -> None:
    def other(slice_: Dataset) -> None:
        slice_.SeriesInstanceUID, slice_.SOPInstanceUID = "1.2.3", f"1.2.3.{slice_.InstanceNumber}"
        slice_.file_meta.MediaStorageSOPInstanceUID = slice_.SOPInstanceUID

    case.moved(tmp_path / "study" / "a", other)
    moved = case.moved(tmp_path / "study" / "b")
    assert source_series(at(moved.report, tmp_path / "study")).uid == case.report.source.series_instance_uid


def test_slices_are_in_order_and_the_nearest_is_found(case: Case) -> None:
    source = source_series(case.report)
    assert len(source.images) == len(list(case.series.iterdir()))
    assert (np.diff(source.along_mm) > 0).all()
    middle = source.normal * source.along_mm[7]
    assert source.nearest(middle + source.normal * 1.2) == (source.images[7],)
    assert source.nearest(np.stack([middle, middle, source.normal * 1e4])) == (source.images[7], source.images[-1])


def test_frames_of_an_enhanced_ct_are_referenced_by_number(case: Case, tmp_path: Path) -> None:
    """A report as it would be of a multi-frame file whose slices lie where the phantom's do."""
    (scan,) = find_scans(case.series).scans
    assert scan.series is not None
    places = sorted(s.position_mm[2] for s in scan.series.slices)
    recipe = Recipe(places_mm=tuple(p - places[0] for p in places), origin_mm=(-100.0, -100.0, places[0]))
    path = write(enhanced_dataset(recipe), tmp_path / "enhanced" / "one.dcm")
    tags = {**case.report.source.tags, "study_instance_uid": recipe.study_uid}
    report = at(
        replace(case.report, source=replace(case.report.source, series_instance_uid=recipe.series_uid, tags=tags)), path.parent
    )
    made = case.results(report)
    for name, content in made.items():
        assert not validation_errors(content, tmp_path), name
    group = read_back(made["report.sr.dcm"]).content.get_image_measurement_groups()[-1]
    frames = [image.referenced_frame_numbers[0] for image in group.source_images]
    assert len(set(frames)) == len(frames) >= 2
    assert {image.referenced_sop_instance_uid for image in group.source_images} == {opened(path.read_bytes()).SOPInstanceUID}
