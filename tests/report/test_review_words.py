"""Every rendering of a reviewed report says what the reader decided; none but an accepted one is called verified."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from endplate.anatomy import Vertebra
from endplate.report import figure, table
from endplate.report import report as r
from endplate.report.fhir import fhir_bundle
from endplate.report.page import page_html
from endplate.report.page_content import DISCLAIMER, plain
from endplate.report.pdf import page_pdf
from endplate.report.review_state import Decision, ReviewState
from endplate.report.review_words import headline, sentences, signed, standing
from endplate.report.slicer import slicer_markups
from endplate.straightening import StraightSpine

from .page_reports import HARMFUL
from .reviewed_reports import DECISIONS, EDITS, READER, SAID_AT, SIGNED_AT, with_review
from .test_fhir import resources, valid
from .test_page import Page
from .test_pdf import words

HEADLINES = {
    "draft": "Draft, not signed, version 3",
    "accepted": f"Accepted by {READER} on {SAID_AT}, version 3",
    "accepted_with_edits": f"Accepted with edits by {READER} on {SAID_AT}, version 3",
    "rejected": f"Rejected by {READER} on {SAID_AT}, version 3: not to be used",
}
STANDINGS = {
    "draft": "AI result in a draft review, not verified",
    "accepted": "AI result, verified by a reader",
    "accepted_with_edits": "AI result, edited and verified by a reader",
    "rejected": "AI result, rejected by a reader",
}


def test_words_for_every_state(fractured: r.Report) -> None:
    for decision in DECISIONS:
        state = with_review(fractured, decision).review
        assert state is not None
        assert headline(state) == HEADLINES[decision]
        assert standing(state) == STANDINGS[decision]
        assert state.is_accepted == decision.startswith("accepted")
        assert sentences(state)[0] == f"{HEADLINES[decision]}."
        assert len(sentences(state)) == 2 + len(state.edits)
    assert standing(None) == "AI result, not verified"


def test_confirmed_names_are_told_on_every_page_and_in_fhir(fractured: r.Report, tmp_path: Path) -> None:
    report = with_review(fractured, "accepted")
    assert report.review is not None
    report = replace(report, review=replace(report.review, confirmed=("T11", "T12")))
    said = "Level names confirmed by the reader: T11, T12."
    assert sentences(report.review)[1] == said  # type: ignore[arg-type]
    assert said in page_html(report, b"")
    assert said in words(page_pdf(report, b""), tmp_path)
    assert said in resources(fhir_bundle(report), "DiagnosticReport")[0]["conclusion"]
    assert "confirmed" not in page_html(with_review(fractured, "accepted"), b"")


def test_a_time_without_an_offset_is_no_signature() -> None:
    with pytest.raises(ValueError, match="signed_at: expected ISO 8601 with an offset"):
        signed("2026-11-25T07:30:00")


@pytest.mark.parametrize("decision", DECISIONS)
def test_tables_have_a_column_for_it(fractured: r.Report, decision: Decision, tmp_path: Path) -> None:
    report = with_review(fractured, decision)
    by = (READER, SIGNED_AT) if decision != "draft" else ("", "")
    rows = list(csv.DictReader(io.StringIO(table.findings_csv([report]).decode())))
    assert {(x["review"], x["review_version"], x["reader"], x["reviewed_at"]) for x in rows} == {(decision, "3", *by)}
    assert [x["set_by_reader"] for x in rows] == [str(e.set_by_reader) for e in report.vertebrae]
    table.write_findings([report], tmp_path / "findings.csv")
    assert table.findings_csv([report]) == (tmp_path / "findings.csv").read_bytes()
    row = table.scan_row(report)
    assert (row["review"], row["edits"], row["review_comment"]) == (decision, len(report.review.edits), "Compare with the film.")  # type: ignore[union-attr]
    assert row["review_edits"] == ("" if decision == "accepted" else "; ".join(EDITS))


def test_tables_of_a_report_without_a_review_have_empty_cells(fractured: r.Report) -> None:
    (first, *_) = list(csv.DictReader(io.StringIO(table.findings_csv([fractured]).decode())))
    assert {first[c] for c in ("review", "review_version", "reader", "reviewed_at")} == {""}
    assert first["set_by_reader"] == "False"


@pytest.mark.parametrize("decision", DECISIONS)
def test_types_of_parquet_hold_for_a_review(fractured: r.Report, decision: Decision, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    from endplate.report import parquet

    report = with_review(fractured, decision)
    for columns, rows in (
        (table.FINDING_COLUMNS, table.finding_rows(report)),
        (table.SCAN_COLUMNS, [table.scan_row(report), table.scan_row(fractured)]),
    ):
        with parquet.parquet_rows(tmp_path / "t.parquet", columns) as add:
            add(rows)
        found = pq.read_table(tmp_path / "t.parquet")
        assert found.to_pylist() == [{c: row[c] for c in columns} for row in rows]
        assert str(found.schema.field("review_version").type) == "int64"


@pytest.mark.parametrize("decision", DECISIONS)
def test_the_page_says_it_before_the_finding_and_at_both_ends(fractured: r.Report, decision: Decision) -> None:
    report = with_review(fractured, decision)
    said = Page(page_html(report, b"")).said
    assert said.count(f"{STANDINGS[decision]}. Research use only. Not a medical device.") == 2
    assert report.summary is not None
    assert said.index(HEADLINES[decision]) < said.index(report.summary.sentence)
    assert "Comment: Compare with the film." in said
    assert all((edit in said) == (decision != "accepted") for edit in EDITS)
    assert ("not verified" in said) == (decision == "draft")
    assert said.count(" reader Set ") == 0
    marked = [tag for tag, text in Page(page_html(report, b"")).texts if text.strip() == "reader"]
    assert marked == ([] if decision == "accepted" else ["small", "small"])


def test_many_edits_and_long_comments_stand_below_the_table_not_above_the_finding(fractured: r.Report, tmp_path: Path) -> None:
    many, long = tuple(f"T8: point {i} moved" for i in range(30)), "grandiloquent " * 60
    for edits, comment, pointer in (
        (many, "short", "30 edits against what the model said: see Review, below."),
        (many, long, "30 edits against what the model said and a comment: see Review, below."),
        (EDITS, long, "A comment: see Review, below."),
    ):
        report = replace(fractured, review=ReviewState("accepted_with_edits", 1, READER, SIGNED_AT, comment, edits))
        assert report.summary is not None
        html, pdf = Page(page_html(report, b"")).said, words(page_pdf(report, b""), tmp_path)
        for said in (html, pdf):
            finding = said.index(report.summary.sentence)
            assert said.index(pointer) < finding
            assert said.count("grandiloquent") == comment.count("grandiloquent")  # a page may end within it
            assert all(edit in said for edit in edits)
            assert (said.index(edits[0]) < finding) == (edits == EDITS)
            assert (said.index(comment.split()[0]) < finding) == (comment == "short")


def test_a_page_without_a_review_is_as_it_was(fractured: r.Report) -> None:
    said = Page(page_html(fractured, b"")).said
    assert said.count(DISCLAIMER) == 2
    assert not any(word in said for word in ("Accepted", "Draft", "Rejected", "the model said"))


@pytest.mark.parametrize("text", HARMFUL)
def test_no_words_of_a_reader_become_an_element(fractured: r.Report, text: str) -> None:
    pages = [Page(page_html(with_review(fractured, "accepted_with_edits", t), b"")) for t in ("x", text)]
    assert pages[0].tags == pages[1].tags
    assert " ".join(plain(text).split()) in pages[1].said


@pytest.mark.parametrize("decision", DECISIONS)
def test_the_pdf_says_it_too(fractured: r.Report, decision: Decision, tmp_path: Path) -> None:
    said = words(page_pdf(with_review(fractured, decision), b""), tmp_path)
    assert HEADLINES[decision] in said
    assert f"{STANDINGS[decision]}. Research use only." in said
    assert ("not verified" in said) == (decision == "draft")
    assert all((edit in said) == (decision != "accepted") for edit in EDITS)
    assert ("set by the reader" in said) == (decision != "accepted")


@pytest.mark.parametrize("text", HARMFUL)
def test_words_of_a_reader_are_no_markup_of_the_pdf(fractured: r.Report, text: str, tmp_path: Path) -> None:
    said = words(page_pdf(with_review(fractured, "accepted_with_edits", text), b""), tmp_path).replace(" ", "")
    if plain(text).isascii():
        assert plain(text).replace(" ", "") in said


STATUSES = {"draft": "preliminary", "accepted": "final", "accepted_with_edits": "final", "rejected": "entered-in-error"}


@pytest.mark.parametrize("decision", DECISIONS)
def test_fhir_is_final_once_a_reader_has_accepted(fractured: r.Report, decision: Decision) -> None:
    bundle = valid(with_review(fractured, decision))
    (report,) = resources(bundle, "DiagnosticReport")
    observed = resources(bundle, "Observation")
    assert {x["status"] for x in (report, *observed)} == {STATUSES[decision]}
    assert HEADLINES[decision] in report["conclusion"]
    readers = resources(bundle, "Practitioner")
    if decision == "draft":
        assert not readers
        assert not any(key in x for x in (report, *observed) for key in ("performer", "resultsInterpreter", "issued"))
        return
    assert readers == [{"resourceType": "Practitioner", "name": [{"text": READER}]}]
    urls = {e["fullUrl"] for e in bundle["entry"]}
    for found in (report, *observed):
        assert [p["display"] for p in found["performer"]] == [READER]
        assert found["performer"][0]["reference"] in urls
        assert found["issued"] == "2026-11-25T06:30:00Z"
    assert report["resultsInterpreter"] == report["performer"]
    by_reader = ["Set by the reader." in o["note"][0]["text"] for o in observed[1:]]
    assert by_reader == [e.set_by_reader for e in with_review(fractured, decision).vertebrae]


def test_slicer_says_what_a_markup_is_worth(fractured: r.Report) -> None:
    said: dict[str, Any] = {m["name"]: m for m in slicer_markups(with_review(fractured, "accepted_with_edits"))["markups"]}
    for name, worth in (("T4", "set by the reader; AI result, edited"), ("T8", "%; AI result, edited")):
        assert f"{worth} and verified by a reader" in said[name]["controlPoints"][0]["description"]
    assert "not verified" not in json.dumps(said)


@pytest.mark.parametrize("decision", DECISIONS)
def test_the_overview_says_it_at_its_head_and_its_foot(
    drawn: Callable[[], tuple[list[Vertebra], r.Report, StraightSpine]], decision: Decision
) -> None:
    _, report, spine = drawn()
    reviewed = with_review(report, decision)
    plain_, said = (np.asarray(Image.open(io.BytesIO(figure.overview_png(x, spine)))) for x in (report, reviewed))
    head, foot = slice(0, figure.MARGIN + 18), slice(-figure.MARGIN - figure.LINE_HEIGHT - 2, -figure.MARGIN - 2)
    half = plain_.shape[1] // 2
    assert not (plain_[head, half:] != plain_[0, 0]).any()
    assert (said[head, half:] != said[0, 0]).any()
    assert not np.array_equal(said[foot], plain_[foot])


def test_a_body_that_a_reader_set_has_square_points(drawn: Callable[[], tuple[list[Vertebra], r.Report, StraightSpine]]) -> None:
    bodies, report, spine = drawn()
    by_reader = replace(report, vertebrae=tuple(replace(e, set_by_reader=i == 4) for i, e in enumerate(report.vertebrae)))
    page = figure._page_of(report, spine)
    round_, square = (np.asarray(figure.overview(x, spine)) for x in (report, by_reader))
    row, column = (spine.pixel_from_patient(bodies[4].points_mm[0, 0]) + 0.5) * page.scale
    corner = page.top + round(row) - 3, page.left[1] + round(column) - 3
    assert not np.array_equal(round_[corner], square[corner])


def test_a_name_of_any_length_and_script_fits_the_overview(
    drawn: Callable[[], tuple[list[Vertebra], r.Report, StraightSpine]],
) -> None:
    _, report, spine = drawn()
    for name in ("x" * 128, "脊椎 " * 30, "Ö" * 128):
        state = ReviewState("accepted", 1, name, SIGNED_AT)
        assert figure.overview(replace(report, review=state), spine).size == figure.overview(report, spine).size
