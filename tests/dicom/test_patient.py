"""Results survive headers that lack things, speak other languages, or mean harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from dicom.conftest import Case
from dicom.dicom_tools import opened, read_back, validation_errors
from endplate.dicom.patient import TAGS, patient_and_study

DROPPED = (
    *TAGS,
    "FrameOfReferenceUID",
    "SeriesNumber",
    "SOPClassUID",
    "PositionReferenceIndicator",
    "Manufacturer",
    "ConvolutionKernel",
)


def stripped(slice_: Dataset) -> None:
    for keyword in DROPPED:
        if keyword in slice_:
            delattr(slice_, keyword)


def japanese(slice_: Dataset) -> None:
    slice_.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    slice_.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"


def latin(slice_: Dataset) -> None:
    slice_.SpecificCharacterSet = "ISO_IR 100"
    slice_.PatientName, slice_.StudyDescription = "Müller^Jörg", "Thorax nativ, große Übersicht"


def hostile(slice_: Dataset) -> None:
    """Bytes as they may lie in a file, under a value representation that no writer checks."""
    raw = {
        "PatientName": b"\xff\xfe\x00Evil\r\n\x1b[31m^" + b"x" * 300 + b"=" * 9,
        "PatientID": b"../../etc/passwd\\1\n2",
        "PatientBirthDate": b"31.12.19",
        "PatientSex": b"female?!",
        "PatientAge": b"old ",
        "PatientWeight": b"1e999 ",
        "PatientSize": b"-3\\NaN",
        "StudyDate": b"99999999",
        "StudyTime": b"25:61",
        "StudyID": b"a very long study identifier ",
        "AccessionNumber": b"<script>alert(1)</script> ",
        "StudyDescription": b"\x1b$B\x00=cmd|' /C calc'!A0" + b"y" * 200,
        "ReferringPhysicianName": b"^^^^^^^^^^\\^",
        "FrameOfReferenceUID": b"1.2.nonsense",
        "SeriesNumber": b"3000000 ",
    }
    for keyword, value in raw.items():
        if keyword in slice_:
            delattr(slice_, keyword)
        slice_.add_new(keyword, "UN", value + b" " * (len(value) % 2))


def unknown_characters(slice_: Dataset) -> None:
    slice_.SpecificCharacterSet = "ISO_IR 999"
    slice_.add_new("PatientName", "UN", b"M\xfcller^J\xf6rg ")


# pydicom warns of what it cannot decode
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", [stripped, japanese, latin, hostile, unknown_characters])
def test_results_are_valid_whatever_the_header_holds(case: Case, change: Callable[[Dataset], None], tmp_path: Path) -> None:
    made = case.moved(tmp_path / "series", change).results()
    for name, content in made.items():
        assert not validation_errors(content, tmp_path), name
    assert len(read_back(made["report.sr.dcm"]).content.get_image_measurement_groups()) == len(case.report.vertebrae) + 1


def test_without_a_frame_of_reference_the_report_says_so(case: Case, tmp_path: Path) -> None:
    def without(slice_: Dataset) -> None:
        del slice_.FrameOfReferenceUID

    made = case.moved(tmp_path, without).results()
    spine = read_back(made["report.sr.dcm"]).content.get_image_measurement_groups()[0]
    assert any("no Frame of Reference UID" in item.get("TextValue", "") for item in spine[0].ContentSequence)


def header(**attributes: object) -> Dataset:
    made = Dataset()
    with config.disable_value_validation():
        for keyword, value in attributes.items():
            setattr(made, keyword, value)
    return made


@pytest.mark.parametrize("change", [japanese, latin])
def test_names_keep_their_letters(case: Case, change: Callable[[Dataset], None], tmp_path: Path) -> None:
    wanted = Dataset()
    change(wanted)
    for content in case.moved(tmp_path, change).results().values():
        found = opened(content)
        assert found.SpecificCharacterSet == "ISO_IR 192"
        assert str(found.PatientName) == str(wanted.PatientName)
        assert found.get("StudyDescription", "") == wanted.get("StudyDescription", "Procedural spine CT")


def test_ascii_needs_no_character_set(made: dict[str, bytes]) -> None:
    assert all("SpecificCharacterSet" not in opened(content) for content in made.values())


@pytest.mark.parametrize("identifier", ["A-1", "Ä/1 b", "x" * 64])
def test_an_identifier_is_carried_over_letter_for_letter(identifier: str) -> None:
    assert patient_and_study(header(PatientID=identifier)).PatientID == identifier


@pytest.mark.parametrize("identifier", ["x" * 65, "12\\34", "12\n34", "1\x002", "\x1b$B12"])
def test_an_identifier_that_cannot_be_is_left_empty_and_never_changed(identifier: str) -> None:
    assert patient_and_study(header(PatientID=identifier)).PatientID == ""


@pytest.mark.parametrize("keyword", ["StudyID", "AccessionNumber"])
def test_short_identifiers_have_sixteen_characters_at_most(keyword: str) -> None:
    assert patient_and_study(header(**{keyword: "1234567890123456"}))[keyword].value == "1234567890123456"
    assert patient_and_study(header(**{keyword: "12345678901234567"}))[keyword].value == ""


@pytest.mark.parametrize(
    ("keyword", "good", "bad"),
    [
        ("PatientBirthDate", ["19501231"], ["1950.12.31", "19501331", "31121950", "x"]),
        ("StudyTime", ["12", "1259", "125959.123456"], ["2500", "12:59:59", "1259595"]),
        ("PatientSex", ["M", "F", "O"], ["W", "MF", "m"]),
        ("PatientAge", ["071Y"], ["71", "71Y"]),
        ("PatientWeight", ["70", "70.5"], ["-1", "1e5", "nan"]),
    ],
)
def test_what_has_a_form_is_carried_over_in_that_form_only(keyword: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        assert str(patient_and_study(header(**{keyword: value}))[keyword].value) == value
    for value in bad:
        assert not patient_and_study(header(**{keyword: value})).get(keyword)


def test_a_name_has_three_groups_of_five_components() -> None:
    name = patient_and_study(header(PatientName="a^b^c^d^e^f=g=h=i")).PatientName
    assert name == PersonName("a^b^c^d^e=g=h")
    assert len(str(patient_and_study(header(PatientName="x" * 200)).PatientName)) == 64


def test_deidentification_is_carried_on() -> None:
    assert patient_and_study(header(PatientIdentityRemoved="YES")).DeidentificationMethod == "as the source series"
    assert patient_and_study(header(PatientIdentityRemoved="YES", DeidentificationMethod="CTP")).DeidentificationMethod == "CTP"
    assert "PatientIdentityRemoved" not in patient_and_study(header(PatientIdentityRemoved="PERHAPS"))
