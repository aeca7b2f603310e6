"""Further renderings of one result, and what becomes of those that cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from endplate import oracle, phantom, pipeline
from endplate.renderings import FILES, NAMES, checked, render
from endplate.report import Report
from endplate.volume.read import read

SPINE = ("T11", "T12", "L1")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Result:
    """Of a small phantom, read from a NIfTI file."""
    made = phantom.render(
        phantom.spine(SPINE, phantom.SpineShape()),
        scanner=phantom.ScannerSettings((17.5, 20.9), 2.5, 2.5, field_mm=(200.0, 200.0)),
        seed=0,
    )
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ made.volume.patient_from_voxel @ np.eye(4)[[2, 1, 0, 3]]
    path = tmp_path_factory.mktemp("nifti") / "ct.nii.gz"
    nibabel.save(nibabel.Nifti1Image(made.volume.hu.transpose(2, 1, 0), affine), path)
    return pipeline.quantify_volume(read(path), oracle.models(made.vertebrae))


def test_a_result_is_written_with_every_rendering_its_input_can_have(result: pipeline.Result, tmp_path: Path) -> None:
    rendered = pipeline.write_result(result, tmp_path, NAMES)
    assert {p.name for p in tmp_path.iterdir()} == {
        "overview.png", "report.json", "report.html", "report.pdf", "fhir.json", "slicer.mrk.json",
    }  # fmt: skip
    assert rendered.settled == {**{n: FILES[n] for n in NAMES if n != "dicom"}, "dicom": ()}
    assert Report.from_json((tmp_path / "report.json").read_text()) == rendered.report


def test_a_scan_that_did_not_come_as_dicom_says_so_everywhere(result: pipeline.Result, tmp_path: Path) -> None:
    rendered = pipeline.write_result(result, tmp_path, ("html", "dicom"))
    (message,) = rendered.unmade
    assert (message.code, message.severity) == ("no_dicom_source", "warning")
    assert message in rendered.report.messages
    assert message.text in (tmp_path / "report.html").read_text(encoding="utf-8")
    again = render(rendered.report, (tmp_path / "overview.png").read_bytes(), tmp_path, ("dicom",))
    assert again.report == rendered.report, "said once"


def test_without_a_wish_nothing_further_is_written(result: pipeline.Result, tmp_path: Path) -> None:
    assert pipeline.write_result(result, tmp_path).settled == {}
    assert {p.name for p in tmp_path.iterdir()} == {"overview.png", "report.json"}


def test_a_refused_scan_has_no_dicom_and_no_further_message(result: pipeline.Result, tmp_path: Path) -> None:
    gone = replace(result.report, status="refused", summary=None, vertebrae=())
    rendered = pipeline.write_result(pipeline.Result(gone, None), tmp_path, ("dicom",))
    assert (rendered.unmade, rendered.settled) == ((), {"dicom": ()})


def test_an_unknown_rendering_is_refused_before_anything_is_written(result: pipeline.Result, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no rendering is called docx; expected some of html, pdf"):
        render(result.report, b"", tmp_path, ("html", "docx"))
    assert list(tmp_path.iterdir()) == []


def test_names_come_once_and_in_order() -> None:
    assert checked(["pdf", "html", "pdf"]) == ("html", "pdf")


def test_a_full_disk_is_no_message_but_an_error(result: pipeline.Result, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        render(result.report, b"", tmp_path / "nowhere", ("fhir",))
