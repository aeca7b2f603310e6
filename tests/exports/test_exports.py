"""Every file of a scan carries the state of the review that it shows."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dicom.dicom_tools import nodes, opened, read_back, validation_errors
from endplate import pipeline
from endplate.cli.export_truth import export_truth
from endplate.dicom.codes import code
from endplate.errors import InputRefused
from endplate.exports import NAMES, ExportInput, export, media_type, picture, straight_spine
from endplate.models import load
from endplate.morphometry.norms import shipped
from endplate.pipeline import Result
from endplate.report.panels import has_panels, panels_png
from endplate.report.report import Report
from endplate.review.apply import reviewed
from endplate.review.document import Review, points_of
from endplate.review.document import opened as opened_review
from endplate.review.rows import rows
from endplate.volume.read import read
from review.test_apply import SIGNED, moved

from .conftest import reviewed_as

OF_A_REVIEW = {"review.json", "truth.json"}
DICOM = {"report.sr.dcm", "overview.sc.dcm", "report.pdf.dcm"}
BEGINNINGS = {"json": b"{", "csv": b"scan,", "pdf": b"%PDF-", "html": b"<!DOCTYPE html>", "png": b"\x89PNG"}


def test_names_and_media_types() -> None:
    assert set(NAMES) == DICOM | OF_A_REVIEW | {
        *("report.json", "findings.csv", "report.pdf", "report.html", "overview.png", "fhir.json", "slicer.mrk.json")
    }
    assert len(set(NAMES)) == len(NAMES)
    assert {media_type(name) for name in DICOM} == {"application/dicom"}
    assert media_type("fhir.json") == "application/fhir+json"
    for call in (media_type, lambda name: export(name, None)):  # type: ignore[arg-type, return-value]
        with pytest.raises(ValueError, match=r"expected one of report\.json, .*got '\.\./x'"):
            call("../x")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_a_signed_review_is_what_its_name_says(signed: ExportInput, name: str, tmp_path: Path) -> None:
    content = export(name, signed)
    if name in DICOM:
        assert not validation_errors(content, tmp_path)
        assert "verified by a reader" in opened(content).SeriesDescription
    else:
        assert content.startswith(BEGINNINGS[name.rsplit(".", 1)[1]])
    assert export(name, signed) == content


def test_json_csv_fhir_and_sr_agree(signed: ExportInput) -> None:
    report = Report.from_json(export("report.json", signed).decode())
    assert report == signed.reviewed
    grades = {e.level: e.grade for e in report.vertebrae}
    assert (grades["L1"], grades["L2"]) == (2, None)
    table = list(csv.DictReader(io.StringIO(export("findings.csv", signed).decode())))
    assert {x["level"]: x["grade"] for x in table} == {k: "" if v is None else str(v) for k, v in grades.items()}
    assert {x["level"] for x in table if x["set_by_reader"] == "True"} == {"L1", "L2"}
    assert {x["review"] for x in table} == {"accepted_with_edits"}
    bundle = json.loads(export("fhir.json", signed))
    assert {e["resource"]["status"] for e in bundle["entry"] if "status" in e["resource"]} == {"final"}
    _, *groups = read_back(export("report.sr.dcm", signed)).content.get_image_measurement_groups()
    assert len(groups) == len(grades)
    assert Review.from_json(export("review.json", signed).decode()) == signed.review


def test_truth_is_that_of_export_truth(signed: ExportInput, reviews: Path, tmp_path: Path) -> None:
    assert export_truth(reviews, out=tmp_path / "out") == 0
    assert export("truth.json", signed) == (tmp_path / "out" / signed.model.source.name / "truth.json").read_bytes()


def test_without_a_review_the_files_are_the_models(model: ExportInput) -> None:
    made = {name: export(name, model) for name in NAMES if name not in OF_A_REVIEW}
    assert made["report.json"] == model.model.to_json().encode()
    assert made["overview.png"] == model.overview_png
    assert b"AI result, not verified" in made["report.html"]
    assert b"data:image/png" in made["report.html"]
    assert opened(made["report.sr.dcm"]).VerificationFlag == "UNVERIFIED"
    for name in OF_A_REVIEW:
        with pytest.raises(InputRefused, match="nobody has saved a review") as refusal:
            export(name, model)
        assert refusal.value.code == "no_review"


def test_a_verified_report_names_the_one_that_it_replaces(model: ExportInput, signed: ExportInput) -> None:
    unverified = export("report.sr.dcm", model)
    verified = opened(export("report.sr.dcm", replace(signed, previous={"report.sr.dcm": unverified}, organisation="Clinic")))
    (study,) = verified.PredecessorDocumentsSequence
    (named,) = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert named.ReferencedSOPInstanceUID == opened(unverified).SOPInstanceUID
    assert verified.VerifyingObserverSequence[0].VerifyingOrganization == "Clinic"


def test_confirmed_names_are_certain_in_every_file(model: ExportInput, result: Result) -> None:
    assert model.model.levels is not None
    levels = replace(model.model.levels, confidence=0.4, uncertain=True)
    bodies = tuple(replace(e, level_confidence=0.4) for e in model.model.vertebrae)
    doubted = replace(model, model=replace(model.model, levels=levels, vertebrae=bodies))

    def signed(confirmed: bool) -> ExportInput:
        review = opened_review(doubted.model)
        seen = tuple(replace(v, level_confirmed=confirmed) for v in review.vertebrae)
        review = replace(review, vertebrae=seen, decision="accepted", **SIGNED)
        after = reviewed(doubted.model, review, shipped(doubted.model.software.norms))
        return replace(doubted, review=review, reviewed=after, spine=result.spine)

    said = "Level names confirmed by the reader: T10, T11, T12, L1, L2."
    for scan, sure in ((signed(False), "0.4"), (signed(True), "1.0")):
        certain = sure == "1.0"
        assert json.loads(export("truth.json", scan))["levels_certain"] == certain
        table = list(csv.DictReader(io.StringIO(export("findings.csv", scan).decode())))
        assert {row["level_confidence"] for row in table} == {sure}
        sr = opened(export("report.sr.dcm", scan))
        texts = [str(item.TextValue) for item in nodes(sr) if "TextValue" in item]
        page, fhir = export("report.html", scan).decode(), export("fhir.json", scan).decode()
        assert [said in words for words in ("\n".join(texts), page, fhir)] == [certain] * 3
        assert f"Probability of the level's name {float(sure):.2f}." in fhir
        assert ("count them on the CT" in page) == (not certain)
        _, *groups = read_back(export("report.sr.dcm", scan)).content.get_image_measurement_groups()
        assert {round(m.value) for g in groups for m in g.get_measurements(code("level_confidence"))} == {100 if certain else 40}


def test_a_rejected_review_has_pages_but_no_dicom_and_no_truth(model: ExportInput, result: Result) -> None:
    rejected = reviewed_as(model, "rejected", spine=result.spine)
    for name in NAMES:
        if name in DICOM | {"truth.json"}:
            with pytest.raises(InputRefused) as refusal:
                export(name, rejected)
            assert refusal.value.code == ("no_review" if name == "truth.json" else "review_rejected")
        else:
            assert export(name, rejected)
    assert b"Rejected by Dr A. Reader" in export("report.html", rejected)


def test_a_draft_is_no_truth(model: ExportInput) -> None:
    with pytest.raises(InputRefused, match="the review is no truth: not signed"):
        export("truth.json", reviewed_as(model, "draft"))


def test_a_scan_that_is_no_dicom_has_no_dicom_files(model: ExportInput) -> None:
    source = replace(model.model.source, kind="nifti", series_instance_uid=None)
    plain = replace(model, model=replace(model.model, source=source), reviewed=replace(model.model, source=source))
    for name in DICOM:
        with pytest.raises(InputRefused) as refusal:
            export(name, plain)
        assert refusal.value.code == "no_dicom_source"


def test_a_report_of_another_review_is_refused(model: ExportInput, signed: ExportInput) -> None:
    with pytest.raises(ValueError, match=r"expected the report of the review \('accepted_with_edits', 4\), got that of None"):
        replace(signed, reviewed=model.model)


def test_pictures_show_the_readers_points(model: ExportInput, signed: ExportInput) -> None:
    assert export("overview.png", signed) == picture(signed.reviewed, signed.spine)
    panels = [np.asarray(Image.open(io.BytesIO(panels_png(export("overview.png", scan))))) for scan in (model, signed)]
    half = panels[0].shape[1] // 2
    np.testing.assert_array_equal(panels[0][:, : half // 2], panels[1][:, : half // 2])
    assert not np.array_equal(panels[0][:, half:], panels[1][:, half:])
    capture = opened(export("overview.sc.dcm", signed))
    np.testing.assert_array_equal(capture.pixel_array, np.asarray(Image.open(io.BytesIO(export("overview.png", signed)))))


@pytest.mark.parametrize("decision", ["accepted_with_edits", "draft", "rejected"])
def test_no_picture_of_the_models_points_stands_beside_a_readers_numbers(model: ExportInput, decision: str) -> None:
    without_images = reviewed_as(model, decision)  # type: ignore[arg-type]
    assert b"data:image/png" not in export("report.html", without_images)
    assert not has_panels(export("overview.png", without_images))


def test_a_report_accepted_as_it_was_keeps_the_models_picture_in_its_page(model: ExportInput) -> None:
    accepted = reviewed_as(model, "accepted")
    assert b"data:image/png" in export("report.html", accepted)
    assert export("overview.png", accepted) != model.overview_png
    foreign = replace(accepted, overview_png=picture(model.model, None))
    assert b"data:image/png" not in export("report.html", foreign)
    assert b"data:image/png" not in export("report.html", replace(accepted, overview_png=b""))


def test_the_spine_comes_back_from_the_images_of_a_review(result: Result) -> None:
    spine = result.spine
    assert spine is not None
    info = json.loads(json.dumps({"offsets_mm": list(spine.offsets_mm), "rows": rows(spine)}))
    back = straight_spine(spine.image_hu.round().astype(np.int16), info)
    points = np.concatenate([points_of(e.points_lps_mm).reshape(-1, 3) for e in result.report.vertebrae])
    away = back.pixel_from_patient(points) - spine.pixel_from_patient(points)
    assert np.abs(away).max() * spine.pixel_mm < 0.01
    np.testing.assert_allclose(back.midsagittal_hu, spine.midsagittal_hu, atol=0.5)
    shown = np.asarray(Image.open(io.BytesIO(picture(result.report, back)))).astype(int)
    meant = np.asarray(Image.open(io.BytesIO(picture(result.report, spine)))).astype(int)
    assert (np.abs(shown - meant).max(-1) > 8).mean() < 0.001


def test_a_real_scan_signed_with_an_edit(lidc_dicom: Path, tmp_path: Path) -> None:
    """LIDC-IDRI-0001 through the shipped weights; T8's anterior superior point 5 mm lower."""
    found = pipeline.quantify_volume(read(lidc_dicom), load())
    report = Report.from_json(found.report.to_json())
    review = moved(opened_review(report), "T8", "anterior", 0, (0.0, 0.0, -5.0))
    review = replace(review, decision="accepted_with_edits", **SIGNED)
    after = reviewed(report, review, shipped(report.software.norms))
    unverified = export("report.sr.dcm", ExportInput(report, None, report))
    scan = ExportInput(report, review, after, b"", {"report.sr.dcm": unverified}, found.spine)
    for name in DICOM:
        assert not validation_errors(export(name, scan), tmp_path)
    document = read_back(export("report.sr.dcm", scan))
    assert document.PatientID == "LIDC-IDRI-0001"
    assert document.VerificationFlag == "VERIFIED"
    _, *groups = document.content.get_image_measurement_groups()
    for group, entry in zip(groups, after.vertebrae, strict=True):
        (anterior, *_) = (m.value for m in group.get_measurements(code("height")))
        assert anterior == pytest.approx(entry.heights_mm.anterior, abs=1e-4)
