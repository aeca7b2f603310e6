"""What leaves the service, and of which version of a review."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from endplate.morphometry.norms import shipped
from endplate.report.report import Report
from endplate.review.apply import reviewed
from endplate.review.document import opened
from live_service import Live
from report.conftest import chest, report_of
from service_records import draft, measured, new_scan, signed


@pytest.fixture
def where(idle: Live) -> str:
    """Address of a measured scan of this test's own."""
    scan = new_scan()
    idle.store.add_scan(scan, "x")
    idle.store.set_measured(scan.id, measured(2), None)
    return f"/api/scans/{scan.id}"


def as_it_was(report: Report) -> Report:
    """As an endplate of other rules would have worked it out."""
    assert report.summary is not None
    return replace(report, summary=replace(report.summary, sentence="As the reader has seen it.", worst_loss=0.123))


def test_what_was_signed_leaves_as_it_was_whatever_would_come_of_it_today(idle: Live, where: str) -> None:
    review, today = signed(measured(2), 1)
    kept = as_it_was(today)
    idle.store.save_review(where.rsplit("/", 1)[1], review, kept, 0, "x")
    assert idle.get(f"{where}/exports/report.json") == json.loads(kept.to_json()) != json.loads(today.to_json())
    assert kept.summary is not None
    assert kept.summary.sentence in idle.client.get(f"{where}/exports/report.html").text
    assert "As the reader" not in idle.client.get(f"{where}/exports/report.html", params={"version": 0}).text


def test_the_signed_version_leaves_unless_another_is_asked_for(idle: Live, where: str) -> None:
    scan_id, report = where.rsplit("/", 1)[1], measured(2)

    def shown(name: str = "report.json", version: int | None = None) -> str:
        answer = idle.client.get(f"{where}/exports/{name}", params={} if version is None else {"version": version})
        return answer.headers["X-Review-Version"] if answer.status_code == 200 else f"{answer.status_code} {answer.json()['code']}"

    for version, review in enumerate((None, draft, signed, draft, draft, signed)):
        if review is not None:
            idle.store.save_review(scan_id, *review(report, version), version - 1, "x")
        newest = (0, 1, 2, 2, 2, 5)[version]
        assert shown() == shown("fhir.json") == str(newest)
        for asked in range(version + 1):
            assert shown("report.html", asked) == str(asked)
            holds = asked == newest or newest < 2
            assert shown("fhir.json", asked) == (str(asked) if holds else "409 superseded"), (version, asked)


def test_names_that_a_reader_confirmed_are_in_doubt_neither_in_the_worklist_nor_in_what_leaves(idle: Live) -> None:
    made = report_of(chest(sure=0.4), confidence=0.4)
    report = replace(made, software=replace(made.software, norms=shipped().name))
    scan = new_scan(name="names in doubt")
    idle.store.add_scan(scan, "x")
    idle.store.set_measured(scan.id, report, None)
    where = f"/api/scans/{scan.id}"
    assert idle.get(where)["scan"]["summary"]["levels_uncertain"]

    document = idle.get(f"{where}/review") | {"decision": "accepted", "reader": "Dr Ünal"}
    for v in document["vertebrae"]:
        assert v.pop("level_confirmed") is False
    before = idle.client.post(f"{where}/measure", json=document | {"signed_at": "2026-11-25T08:30:00+01:00"})
    assert before.json()["levels"]["uncertain"]  # a client from before names could be confirmed

    for v in document["vertebrae"]:
        v["level_confirmed"] = True
    answer = idle.client.post(f"{where}/review/sign", json=document, headers={"If-Match": '"0"'})
    assert answer.status_code == 200, answer.text
    assert not idle.get(where)["scan"]["summary"]["levels_uncertain"]
    assert idle.get(f"{where}/exports/truth.json")["levels_certain"]
    kept = opened(report)
    kept = replace(kept, vertebrae=tuple(replace(v, level_confirmed=True) for v in kept.vertebrae))
    left = Report.from_dict(idle.get(f"{where}/exports/report.json"))
    assert replace(left, review=None) == replace(reviewed(report, kept, shipped()), review=None)
    (trail,) = [e["detail"] for e in idle.get(f"{where}/audit")["entries"] if e["action"] == "review_signed"]
    assert (trail["edits"], trail["names_confirmed"], trail["decision"]) == (0, 9, "accepted")
