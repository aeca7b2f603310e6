from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.morphometry.norms import shipped
from endplate.report.report import Report
from endplate.review import limits
from endplate.review.apply import reviewed
from endplate.review.document import Review, json_schema, opened
from report.conftest import chest, report_of
from strategies import chains

SIGN = {"decision": "accepted", "reader": "Dr Ada Möller", "signed_at": "2026-11-25T07:30:00+00:00"}


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of(chest({"T8": (0.7, 0.8, 1.0)}, cut=("T12",)))


def changed(report: Report, path: str, value: Any) -> dict[str, Any]:
    """The opened review's content with one value of another kind; a path such as ``vertebrae.2.level``."""
    content = json.loads(opened(report).to_json())
    *way, last = (int(k) if k.isdigit() else k for k in path.split("."))
    inner: Any = content
    for key in way:
        inner = inner[key]
    inner[last] = value
    return content


def test_an_opened_review_says_what_the_model_said(report: Report) -> None:
    review = opened(report)
    assert (review.version, review.decision, review.is_signed, review.reader, review.comment) == (1, "draft", False, None, "")
    assert [v.level for v in review.vertebrae] == [e.level for e in report.vertebrae]
    assert [v.points_lps_mm for v in review.vertebrae] == [e.points_lps_mm for e in report.vertebrae]
    assert [v.model_index for v in review.vertebrae] == list(range(9))
    # the cut T12 follows from the field of view: nothing that a reader set aside
    assert {v.not_assessable for v in review.vertebrae} == {None}


def test_what_made_the_model_doubt_stays_to_be_judged() -> None:
    bodies = chest()
    bodies[3] = replace(bodies[3], doubt="metal or cement in the body")
    report = report_of(bodies)
    review = opened(report)
    assert [v.not_assessable for v in review.vertebrae] == [*(None,) * 3, "metal or cement in the body", *(None,) * 5]
    assert reviewed(report, review, shipped()).review.edits == ()  # type: ignore[union-attr]


@settings(deadline=None)
@given(chains())
def test_a_review_survives_json(bodies: Any) -> None:
    review = opened(report_of(bodies))
    assert Review.from_json(review.to_json()) == review


def test_a_signed_review_survives_json(report: Report) -> None:
    review = replace(opened(report), **SIGN, version=7, comment="zwei Zeilen\n<b>&</b>")
    assert Review.from_json(review.to_json()) == review
    assert review.is_signed


def test_the_schema_holds(report: Report) -> None:
    jsonschema.validate(json.loads(opened(report).to_json()), json_schema())


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("schema", "endplate-report/1", "schema: expected 'endplate-review/1'"),
        ("version", 0, "version: expected an integer from 1"),
        ("version", True, "version: "),
        ("version", "1", "version: "),
        ("decision", "approved", "decision: expected one of"),
        ("decision", "accepted", "reader: expected"),
        ("reader", "Dr X", "reader: expected null in a draft"),
        ("signed_at", "2026-01-01T00:00:00+00:00", "signed_at: expected null in a draft"),
        ("comment", "x" * 4001, "comment: expected text of at most 4000"),
        ("comment", "\x00", "comment: expected text without control"),
        ("comment", None, "comment: "),
        ("vertebrae", {}, "vertebrae: expected an array"),
        ("vertebrae", [None], r"vertebrae\[0\]: expected an object"),
        ("vertebrae.2", {"id": "a"}, r"vertebrae\[2\]: expected the keys id, level, .*missing level"),
        ("vertebrae.2.grade", 3, r"vertebrae\[2\]: .*unknown grade"),
        ("vertebrae.2.level", "T14", r"vertebrae\[2\].level: expected null or one of C1"),
        ("vertebrae.2.level", 8, r"vertebrae\[2\].level: "),
        ("vertebrae.2.id", "../x", r"vertebrae\[2\].id: expected 1 to 64 letters"),
        ("vertebrae.2.id", "m1", "expected each id once, got 'm1' twice"),
        ("vertebrae.2.model_index", 1, "expected each model_index once, got 1 twice"),
        ("vertebrae.2.model_index", -1, r"vertebrae\[2\].model_index: expected null or an index"),
        ("vertebrae.2.not_assessable", " ", r"vertebrae\[2\].not_assessable: expected null or a reason"),
        ("vertebrae.2.not_assessable", "x" * 201, r"not_assessable: expected text of at most 200"),
        ("vertebrae.2.level_confirmed", "yes", r"vertebrae\[2\].level_confirmed: expected boolean, got 'yes'"),
        ("vertebrae.2.level_confirmed", None, r"vertebrae\[2\].level_confirmed: expected boolean"),
        ("vertebrae.2.points_lps_mm", [1, 2], r"vertebrae\[2\].points_lps_mm: expected an object"),
        ("vertebrae.2.points_lps_mm.middle", [[0, 0, 1]], r"vertebrae\[2\].points_lps_mm: expected 2 values"),
        ("vertebrae.2.points_lps_mm.middle", [[0, 0, 1e5], [0, 0, 0]], r"\[2\].points_lps_mm: expected six points of finite"),
        ("vertebrae.2.points_lps_mm.middle", [[0, 0, 10**400], [0, 0, 0]], r"\[2\].points_lps_mm: "),
        ("vertebrae.2.points_lps_mm.middle", [["0", 0, 1], [0, 0, 0]], r"\[2\].points_lps_mm: expected number"),
    ],
)
def test_a_damaged_review_is_refused_by_the_field(report: Report, path: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Review.from_dict(changed(report, path, value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting"),
        ("[]", "schema: expected"),
        ('{"schema": NaN}', "expected finite numbers, got NaN"),
        ("[" * 100_000, "nested too deeply"),
        (" " * (limits.TEXT + 1), "expected at most 1000000 characters"),
        ('{"schema": "endplate-review/1"}', "review: expected the keys .*missing version"),
    ],
)
def test_text_that_is_no_review_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Review.from_json(text)


def test_only_a_name_can_be_confirmed(report: Report) -> None:
    v = opened(report).vertebrae[0]
    with pytest.raises(ValueError, match=r"vertebrae\[0\].level_confirmed: expected false where level is null"):
        replace(opened(report), vertebrae=(replace(v, level=None, level_confirmed=True),))
    odd: Any = "yes"
    with pytest.raises(ValueError, match=r"vertebrae\[0\].level_confirmed: expected true or false"):
        replace(opened(report), vertebrae=(replace(v, level_confirmed=odd),))


def test_bytes_are_read_as_utf_8() -> None:
    assert limits.parsed('{"comment": "fußwärts"}'.encode()) == {"comment": "fußwärts"}
    with pytest.raises(ValueError, match=r"review: 'utf-8' codec .*; expected JSON in UTF-8"):
        limits.parsed("fußwärts".encode("latin-1"))


def test_too_many_vertebrae_are_refused(report: Report) -> None:
    content = changed(report, "vertebrae", opened(report).to_dict()["vertebrae"] * 5)
    with pytest.raises(ValueError, match="vertebrae: expected at most 40, got 45"):
        Review.from_dict(content)


def test_vertebrae_stand_head_to_feet(report: Report) -> None:
    review = opened(report)
    with pytest.raises(ValueError, match=r"vertebrae\[1\].points_lps_mm: expected vertebrae head to feet"):
        replace(review, vertebrae=review.vertebrae[::-1])


def test_names_may_be_out_of_order_in_a_draft_only(report: Report) -> None:
    review = opened(report)
    twice = replace(review, vertebrae=(replace(review.vertebrae[0], level="T5"), *review.vertebrae[1:]))
    with pytest.raises(ValueError, match="level names head to feet in a signed review, got T5 below T5"):
        replace(twice, **SIGN)


@pytest.mark.parametrize("when", ["2026-11-25T07:30:00", "yesterday", "", None])
def test_a_signature_has_a_time_with_its_offset(report: Report, when: Any) -> None:
    with pytest.raises(ValueError, match="signed_at: expected ISO 8601 with an offset"):
        replace(opened(report), **(SIGN | {"signed_at": when}))


def test_points_that_are_not_finite_are_refused(report: Report) -> None:
    v = opened(report).vertebrae[0]
    odd = replace(v.points_lps_mm, middle=((0.0, float("nan"), 0.0), (0.0, 0.0, 0.0)))
    with pytest.raises(ValueError, match=r"vertebrae\[0\].points_lps_mm"):
        replace(opened(report), vertebrae=(replace(v, points_lps_mm=odd),))


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_content_is_a_review_or_a_value_error(content: Any) -> None:
    for whole in (content, {"schema": "endplate-review/1", "vertebrae": content}):
        with pytest.raises(ValueError, match="expected"):
            Review.from_dict(whole)


def test_a_refused_scan_has_nothing_to_review(report: Report) -> None:
    with pytest.raises(ValueError, match="report: expected one of a scan that was measured"):
        opened(replace(report, status="refused", vertebrae=(), levels=None, summary=None))


def test_points_of_a_review_are_an_array(report: Report) -> None:
    assert opened(report).vertebrae[0].points_mm.shape == (3, 2, 3)
    assert np.isfinite(opened(report).vertebrae[0].points_mm).all()
