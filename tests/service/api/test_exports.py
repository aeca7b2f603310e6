"""What leaves the service, and of which version of a review."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from endplate.report.report import Report
from live_service import Live
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
