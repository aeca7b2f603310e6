"""dciodvfy finds no error in any of the objects, whatever the scan gave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import endplate
from dicom.conftest import MOMENT, Case
from dicom.dicom_tools import dump, opened, read_back, small_pdf, validation_errors
from endplate.dicom.codes import code
from endplate.dicom.results import dicom_results
from endplate.report.figure import overview_png
from endplate.report.report import Message, Report

NAMES = ("report.sr.dcm", "overview.sc.dcm", "report.pdf.dcm")


def check(made: dict[str, bytes], folder: Path) -> None:
    assert tuple(made) == NAMES
    for name, content in made.items():
        assert not validation_errors(content, folder), name
    assert dump(made["report.sr.dcm"], folder).startswith("Comprehensive 3D SR Document")


def without_spine(report: Report) -> Report:
    message = Message("no_spine", "info", "no spine was found: no slice shows a column")
    return replace(report, status="no_spine", vertebrae=(), centreline_lps_mm=(), levels=None, summary=None, messages=(message,))


def test_a_phantom(made: dict[str, bytes], tmp_path: Path) -> None:
    check(made, tmp_path)


def test_a_phantom_that_names_its_predecessor(case: Case, made: dict[str, bytes], tmp_path: Path) -> None:
    newer = replace(case.report, software=replace(case.report.software, version="9.9"))
    check(case.results(newer, previous=made), tmp_path)


def test_a_scan_without_a_spine(case: Case, tmp_path: Path) -> None:
    made = case.results(without_spine(case.report))
    check(made, tmp_path)
    document = read_back(made["report.sr.dcm"])
    (spine,) = document.content.get_image_measurement_groups()
    assert spine.get_qualitative_evaluations(code("result"))[0].value == code("none_succeeded")
    assert not spine.get_measurements()
    assert len(document.get_evidence()) == len(list(case.series.iterdir()))
    assert "no spine was found" in dump(made["report.sr.dcm"], tmp_path)


def test_a_scan_that_was_refused(case: Case, tmp_path: Path) -> None:
    message = Message("missing_slices", "error", "slices are missing between 3.00 and 9.00 mm")
    made = case.results(replace(without_spine(case.report), status="refused", messages=(message,)))
    check(made, tmp_path)
    assert "slices are missing between" in dump(made["report.sr.dcm"], tmp_path)


def test_a_scan_of_which_nothing_can_be_assessed(case: Case, tmp_path: Path) -> None:
    entries = tuple(
        replace(
            entry,
            assessable=False,
            reason="metal in it",
            ratios=replace(entry.ratios, ha_hp_z=None, hm_hp_z=None, hp_expected=None),
            loss=None,
            loss_interval_95=None,
            grade=None,
            grade_probability=None,
            shape=None,
            flag=None,
            hu=None,
        )
        for entry in case.report.vertebrae
    )
    made = case.results(replace(case.report, vertebrae=entries))
    check(made, tmp_path)
    spine, *groups = read_back(made["report.sr.dcm"]).content.get_image_measurement_groups()
    assert spine.get_qualitative_evaluations(code("result"))[0].value == code("none_succeeded")
    for group in groups:
        assert group.get_qualitative_evaluations(code("assessable"))[0].value == code("no")
        assert not group.get_measurements(code("height_loss"))
        assert len(group.get_measurements(code("height"))) == 3


@pytest.mark.parametrize("level", ["T13", "L6", None, "S1"])
def test_every_kind_of_level(case: Case, level: str | None, tmp_path: Path) -> None:
    first, *rest = case.report.vertebrae
    check(case.results(replace(case.report, vertebrae=(replace(first, level=level), *rest))), tmp_path)


def test_hostile_words_of_a_report(case: Case, tmp_path: Path) -> None:
    """A message quotes headers and paths of the scan."""
    text = 'x\x00\x1b$B \udcff <script> \\ " = ^ ' + "Größe 頭 " * 300
    message = Message("reader", "warning", text)
    norms = replace(case.report.software, norms="my \x00norms\\" + "x" * 100)
    made = case.results(replace(case.report, messages=(message,), software=norms))
    check(made, tmp_path)
    assert "Größe 頭" in dump(made["report.sr.dcm"], tmp_path)


def test_a_real_series(lidc_dicom: Path, tmp_path: Path) -> None:
    """LIDC-IDRI-0001, through the shipped weights."""
    report = endplate.quantify(lidc_dicom)
    assert len(report.vertebrae) >= 10
    made = dicom_results(report, overview_png(report, None), small_pdf(), made_at=MOMENT)
    check(made, tmp_path)
    document = read_back(made["report.sr.dcm"])
    assert document.PatientID == "LIDC-IDRI-0001"
    assert document.PatientIdentityRemoved == "YES"
    assert document.StudyInstanceUID == report.source.tags["study_instance_uid"]
    _, *groups = document.content.get_image_measurement_groups()
    for group, entry in zip(groups, report.vertebrae, strict=True):
        heights = [m.value for m in group.get_measurements(code("height"))]
        wanted = [entry.heights_mm.anterior, entry.heights_mm.middle, entry.heights_mm.posterior]
        assert heights == pytest.approx(wanted, abs=1e-4)
    assert len(document.get_evidence()) < 133
    assert all(opened(content).StudyInstanceUID == document.StudyInstanceUID for content in made.values())
