"""A signed report is a verified document of its own, valid, with the reader's numbers and the reader's name."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from highdicom.sr import Comprehensive3DSR
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.config import RAISE
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName, validate_value

from dicom.conftest import Case
from dicom.dicom_tools import dump, named, nodes, opened, read_back, validation_errors
from endplate.anatomy import COLUMNS
from endplate.dicom.codes import code
from endplate.dicom.results import KINDS, dicom_result
from endplate.dicom.verification import date_time, person_name
from endplate.errors import InputRefused
from endplate.morphometry.norms import shipped
from endplate.report.report import Report
from endplate.report.review_state import Decision
from endplate.review.apply import reviewed
from endplate.review.document import opened as opened_review
from review.test_apply import edited, moved

READER, SIGNED_AT = "Dr. Anna Größe-Maier", "2026-11-25T09:30:12+01:00"
SR = "report.sr.dcm"


def after(
    report: Report, decision: Decision, version: int = 2, reader: str = READER, comment: str = "Compare\nwith film."
) -> Report:
    """The report after a review: L1's anterior height lowered by 9 mm and L2 set aside, unless accepted as it was."""
    review = opened_review(report)
    if decision != "accepted":
        review = moved(review, "L1", "anterior", 0, (0.0, 0.0, -9.0))
        review = edited(review, "L2", lambda v: replace(v, not_assessable="Schmorl's node"))
    signed = {} if decision == "draft" else {"reader": reader, "signed_at": SIGNED_AT}
    review = replace(review, version=version, comment=comment, decision=decision, **signed)
    return reviewed(report, review, shipped(report.software.norms))


@pytest.fixture(scope="module")
def signed(case: Case) -> Report:
    return after(case.report, "accepted_with_edits")


@pytest.fixture(scope="module")
def verified(case: Case, signed: Report, made: dict[str, bytes]) -> dict[str, bytes]:
    return case.results(signed, previous=made, made_at=None)


@pytest.fixture(scope="module")
def document(verified: dict[str, bytes]) -> Comprehensive3DSR:
    return read_back(verified[SR])


def texts(root: Dataset, key: str = "comment") -> list[str]:
    return [str(item.TextValue) for item in nodes(root) if named(item) == code(key).value]


def test_it_is_valid(verified: dict[str, bytes], tmp_path: Path) -> None:
    for content in verified.values():
        assert not validation_errors(content, tmp_path)
    said = dump(verified[SR], tmp_path)
    for line in (
        r"Preliminary Flag +: FINAL",
        r"Completion Flag +: COMPLETE",
        r"Verification Flag +: VERIFIED",
        r"Verifying Observers +: 2026-11-25 09:30:12 \+01:00, Dr\. Anna Größe-Maier\^, Not stated",
        r"Predecessor Docs +: 1",
        r'<has obs context PNAME:\(121008,DCM,"Person Observer Name"\)="Dr\. Anna Größe-Maier\^">',
        r"Series +: endplate measurements - verified by a reader",
    ):
        assert re.search(line, said), line


def test_the_verifying_observer_is_the_reader(document: Comprehensive3DSR) -> None:
    assert (document.VerificationFlag, document.CompletionFlag, document.PreliminaryFlag) == ("VERIFIED", "COMPLETE", "FINAL")
    (observer,) = document.VerifyingObserverSequence
    assert str(observer.VerifyingObserverName) == f"{READER}^"
    assert observer.VerifyingOrganization == "Not stated"
    assert observer.VerificationDateTime == "20261125093012.000000+0100"
    assert "VerifyingObserverIdentificationCodeSequence" in observer
    assert document.SpecificCharacterSet == "ISO_IR 192"


def test_reader_and_software_are_both_observers(document: Comprehensive3DSR) -> None:
    kinds = [i.ConceptCodeSequence[0].CodeMeaning for i in nodes(document) if named(i) == code("observer_type").value]
    assert kinds == ["Person", "Device"]
    (name,) = [item.PersonName for item in nodes(document) if named(item) == code("person_name").value]
    assert str(name) == f"{READER}^"


def test_the_numbers_are_the_reviewed_reports(signed: Report, case: Case, document: Comprehensive3DSR) -> None:
    _, *groups = document.content.get_image_measurement_groups()
    for group, entry in zip(groups, signed.vertebrae, strict=True):
        heights = [m.value for m in group.get_measurements(code("height"))]
        assert heights == pytest.approx([getattr(entry.heights_mm, c) for c in COLUMNS], abs=1e-4)
        loss = [m.value for m in group.get_measurements(code("height_loss"))]
        assert loss == ([] if entry.loss is None else [pytest.approx(100 * entry.loss, abs=1e-4)])
        grade = [e.value for e in group.get_qualitative_evaluations(code("grade"))]
        assert grade == ([] if entry.grade is None else [code(f"grade_{entry.grade}")])
        assert ("Set by the reader." in texts(group[0])) == entry.set_by_reader
    assert signed.summary is not None
    assert texts(document, "conclusion") == [signed.summary.sentence]
    graded = {e.level: e.grade for e in signed.vertebrae}
    assert (graded["L1"], graded["L2"]) == (2, None)
    assert {e.level: e.grade for e in case.report.vertebrae}["L1"] == 0


def test_decision_edits_and_comment_stand_in_it_as_text(signed: Report, document: Comprehensive3DSR) -> None:
    said = texts(document)
    assert f"Accepted with edits by {READER} on 2026-11-25 08:30 UTC, version 2." in said
    assert signed.review is not None
    assert len(signed.review.edits) == 2
    assert [text for text in said if text.startswith("Edit: ")] == [f"Edit: {edit}." for edit in signed.review.edits]
    assert "Reader's comment: Compare\nwith film." in said
    assert "Research use only - not a medical device. AI result, edited and verified by a reader." in said
    assert not any("not verified" in text for text in said)


def test_it_is_a_new_instance_that_names_the_unverified_one(made: dict[str, bytes], verified: dict[str, bytes]) -> None:
    for name in (SR, "report.pdf.dcm"):
        old, new = opened(made[name]), opened(verified[name])
        assert (old.SOPInstanceUID, old.SeriesInstanceUID) != (new.SOPInstanceUID, new.SeriesInstanceUID)
        assert old.StudyInstanceUID == new.StudyInstanceUID
        assert old.SeriesNumber != new.SeriesNumber
        (study,) = new.PredecessorDocumentsSequence
        (instance,) = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
        assert instance.ReferencedSOPInstanceUID == old.SOPInstanceUID
    assert all("not verified" not in opened(content).SeriesDescription for content in verified.values())


def test_picture_and_page_are_verified_too(made: dict[str, bytes], verified: dict[str, bytes]) -> None:
    assert opened(made["report.pdf.dcm"]).VerificationFlag == "UNVERIFIED"
    page, capture = opened(verified["report.pdf.dcm"]), opened(verified["overview.sc.dcm"])
    assert page.VerificationFlag == "VERIFIED"
    assert "edited and verified by a reader" in page.DocumentTitle
    assert "edited and verified by a reader" in capture.ImageComments
    (reference,) = capture.ReferencedInstanceSequence
    assert reference.ReferencedSOPInstanceUID == opened(made["overview.sc.dcm"]).SOPInstanceUID


def test_without_an_earlier_document_there_is_no_predecessor(case: Case, signed: Report, tmp_path: Path) -> None:
    alone = dicom_result(SR, signed)
    assert "PredecessorDocumentsSequence" not in opened(alone)
    assert not validation_errors(alone, tmp_path)


def test_one_alone_is_what_all_three_have(case: Case, signed: Report, made: dict[str, bytes], verified: dict[str, bytes]) -> None:
    contents = dict(zip(KINDS, (b"", case.picture, case.pdf), strict=True))
    for name, content in contents.items():
        assert dicom_result(name, signed, content, previous=made[name]) == verified[name]


def uids(content: bytes) -> tuple[str, str]:
    return str(opened(content).SOPInstanceUID), str(opened(content).SeriesInstanceUID)


def test_uids_follow_from_scan_version_and_content(case: Case, made: dict[str, bytes], signed: Report) -> None:
    others = [
        signed,
        after(case.report, "accepted_with_edits", version=3),
        after(case.report, "accepted_with_edits", comment="another"),
        after(case.report, "accepted_with_edits", reader="Dr B"),
        after(case.report, "accepted"),
        after(case.report, "draft"),
        replace(signed, vertebrae=signed.vertebrae[:-1]),
    ]
    found = [uids(dicom_result(SR, report)) for report in others] + [uids(made[SR])]
    found.append(uids(dicom_result(SR, signed, organisation="Clinic")))
    assert len({uid for pair in found for uid in pair}) == 2 * len(found)
    assert uids(dicom_result(SR, after(case.report, "accepted_with_edits"))) == found[0]


def test_what_a_reader_set_is_tracked_by_that_version_only(case: Case, made: dict[str, bytes], verified: dict[str, bytes]) -> None:
    def tracked(content: bytes) -> dict[str, str]:
        groups = read_back(content).content.get_image_measurement_groups()
        return {str(g.tracking_identifier): str(g.tracking_uid) for g in groups}

    before, now = tracked(made[SR]), tracked(verified[SR])
    assert {level for level in before if before[level] != now[level]} == {"L1", "L2"}


def test_an_accepted_report_without_edits(case: Case, tmp_path: Path) -> None:
    content = dicom_result(SR, after(case.report, "accepted"), organisation="Clinic of Zürich")
    assert not validation_errors(content, tmp_path)
    document = read_back(content)
    assert document.VerifyingObserverSequence[0].VerifyingOrganization == "Clinic of Zürich"
    assert texts(document, "person_organisation") == ["Clinic of Zürich"]
    assert not [text for text in texts(document) if text.startswith(("Edit", "Set by"))]


def test_a_draft_is_not_verified_and_says_what_it_changed(case: Case, made: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in case.results(after(case.report, "draft"), previous=made).items():
        assert not validation_errors(content, tmp_path)
        assert opened(content).SeriesDescription.endswith("draft review, not verified")
        if name != SR:
            continue
        document = read_back(content)
        assert (document.VerificationFlag, document.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
        assert "VerifyingObserverSequence" not in document
        assert "Draft, not signed, version 2." in texts(document)
        assert len([text for text in texts(document) if text.startswith("Edit: ")]) == 2
        assert not [item for item in nodes(document) if named(item) == code("person_name").value]


@pytest.mark.parametrize("name", list(KINDS))
def test_of_a_rejected_report_nothing_goes_into_the_study(case: Case, name: str) -> None:
    with pytest.raises(InputRefused, match=rf"Rejected by {READER} on .*sign a version that accepts") as refusal:
        dicom_result(name, after(case.report, "rejected"), case.picture)
    assert refusal.value.code == "review_rejected"


def test_every_code_is_in_the_table(verified: dict[str, bytes]) -> None:
    from dicom.test_codes import test_every_code_in_a_report_is_in_the_table as holds

    holds(verified)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Maier", "Maier^"),
        ("  Dr.  Anna  Maier ", "Dr. Anna Maier^"),
        ("Maier^Anna", "Maier^Anna"),
        ("a^b^c^d^e^f", "a b c d e f^"),
        ("Wang^XiaoDong=王^小東", "Wang^XiaoDong-王^小東"),
        ("\\=^^^^^^^^", "/-^"),
        ("^^^", "-^"),
        ("x" * 128, "x" * 63 + "^"),
    ],
)
def test_a_name_as_typed_becomes_a_person_name(typed: str, written: str) -> None:
    assert person_name(typed) == written


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=128))
def test_any_name_becomes_a_valid_person_name(typed: str) -> None:
    from highdicom.content import check_person_name

    name = person_name(typed)
    validate_value("PN", name, RAISE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_person_name(name)
    assert len(name) <= 64
    assert str(PersonName(name)).strip("^")


@pytest.mark.parametrize(
    ("at", "written"),
    [
        ("2026-01-31T14:05:00Z", "20260131140500.000000+0000"),
        ("2026-01-31T14:05:00.123456-03:30", "20260131140500.123456-0330"),
        ("2026-01-31T14:05:00+14:00", "20260131140500.000000+1400"),
        ("2026-01-31T14:05:00+23:00", "20260130150500.000000+0000"),
        ("2026-01-31T14:05:00+00:00:30", "20260131140430.000000+0000"),
    ],
)
def test_a_moment_keeps_an_offset_that_dicom_has(at: str, written: str) -> None:
    found = date_time(datetime.fromisoformat(at))
    assert found == written
    validate_value("DT", found, RAISE)


def test_hostile_words_of_a_reader(case: Case, tmp_path: Path) -> None:
    report = after(case.report, "accepted_with_edits", reader='<b> \\ " = ^ Größe 頭', comment="\\ ^ = 頭\n\ttab " * 100)
    for content in case.results(report, organisation="a\\b\u0001" + "x" * 200).values():
        assert not validation_errors(content, tmp_path)
