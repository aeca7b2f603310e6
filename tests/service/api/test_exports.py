"""What leaves the service, and of which version of a review."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from endplate.report.report import Report
from live_service import Live
from service_records import measured, new_scan, signed


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
