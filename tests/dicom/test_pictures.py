"""The picture and the page come out as they went in, in the patient's study, and say that nobody has verified them."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dicom.conftest import Case
from dicom.dicom_tools import opened, read_back, small_pdf
from endplate.dicom.results import dicom_results


def test_the_picture_is_the_same_to_the_pixel(case: Case, made: dict[str, bytes]) -> None:
    capture = opened(made["overview.sc.dcm"])
    assert (capture.PhotometricInterpretation, capture.SamplesPerPixel) == ("RGB", 3)
    with Image.open(io.BytesIO(case.picture)) as picture:
        np.testing.assert_array_equal(capture.pixel_array, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1"])
def test_any_picture_becomes_rgb(case: Case, mode: str) -> None:
    stream = io.BytesIO()
    Image.new(mode, (31, 17)).save(stream, "PNG")
    capture = opened(dicom_results(case.report, stream.getvalue(), case.pdf)["overview.sc.dcm"])
    assert capture.pixel_array.shape == (17, 31, 3)
    assert len(capture.PixelData) % 2 == 0


def test_the_page_is_the_same_to_the_byte(case: Case, made: dict[str, bytes]) -> None:
    document = opened(made["report.pdf.dcm"])
    assert document.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert document.EncapsulatedDocument[: document.EncapsulatedDocumentLength] == case.pdf
    assert len(document.EncapsulatedDocument) - len(case.pdf) in (0, 1)


def test_the_page_can_be_read_from_the_object(case: Case, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (Debian package poppler-utils)")
    content = dicom_results(case.report, case.picture, small_pdf("Vertebral fracture T12"))["report.pdf.dcm"]
    document = opened(content)
    path = tmp_path / "page.pdf"
    path.write_bytes(document.EncapsulatedDocument[: document.EncapsulatedDocumentLength])
    text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert text.strip() == "Vertebral fracture T12"


def test_all_lie_in_the_patients_study_in_series_of_their_own(made: dict[str, bytes], case: Case) -> None:
    source = opened(sorted(case.series.iterdir())[0].read_bytes())
    found = [opened(content) for content in made.values()]
    for result in found:
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyID"):
            assert result[keyword].value == source[keyword].value, keyword
    assert len({r.SeriesInstanceUID for r in found} | {source.SeriesInstanceUID}) == 4
    assert len({r.SeriesNumber for r in found} | {source.SeriesNumber}) == 4
    assert [r.Modality for r in found] == ["SR", "OT", "DOC"]


def test_both_refer_to_the_slices_that_the_report_rests_on(made: dict[str, bytes], case: Case) -> None:
    source = opened(sorted(case.series.iterdir())[0].read_bytes())
    evidence = {str(instance) for _, _, instance, _ in read_back(made["report.sr.dcm"]).get_evidence()}
    capture, page = opened(made["overview.sc.dcm"]), opened(made["report.pdf.dcm"])
    (series,) = capture.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    for sequence in (capture.SourceImageSequence, series.ReferencedInstanceSequence, page.SourceInstanceSequence):
        assert {str(item.ReferencedSOPInstanceUID) for item in sequence} == evidence
        assert {item.ReferencedSOPClassUID for item in sequence} == {source.SOPClassUID}


def test_both_say_that_they_are_not_verified(made: dict[str, bytes]) -> None:
    capture, page = opened(made["overview.sc.dcm"]), opened(made["report.pdf.dcm"])
    assert "AI result, not verified" in capture.ImageComments
    assert "AI result, not verified" in page.DocumentTitle
    assert page.VerificationFlag == "UNVERIFIED"
    assert all("AI result, not verified" in result.SeriesDescription for result in (capture, page))


@pytest.mark.parametrize("picture", [b"", b"no picture", small_pdf()])
def test_what_is_no_picture_is_an_error(case: Case, picture: bytes) -> None:
    with pytest.raises(ValueError, match="expected a picture"):
        dicom_results(case.report, picture, case.pdf)


@pytest.mark.parametrize("page", [b"", b"<html>"])
def test_what_is_no_pdf_is_an_error(case: Case, page: bytes) -> None:
    with pytest.raises(ValueError, match="expected a PDF"):
        dicom_results(case.report, case.picture, page)
