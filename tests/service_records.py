"""Scans, reports and reviews for tests of the service."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from uuid import uuid4

from endplate.morphometry.norms import shipped
from endplate.report.build import empty_report
from endplate.report.report import Message, Report
from endplate.review.apply import reviewed
from endplate.review.document import Review, opened
from endplate.service.records import Job, Patient, Scan
from report.conftest import CONTEXT, chest, report_of

AT = "2026-11-25T07:30:00.000+00:00"
MESSAGES = {
    "refused": Message("missing_slices", "error", "3 slices are missing"),
    "no_spine": Message("no_spine", "info", "no spine"),
}


def new_scan(scan_id: str | None = None, name: str = "scan", at: str = AT, **patient: str) -> Scan:
    """One that waits."""
    return Scan(scan_id or uuid4().hex, name, "waiting", at, f"/scans/{name}", Patient(**patient))


def new_job(job_id: str | None = None, at: str = AT, **further: Any) -> Job:
    """A measurement that waits."""
    return Job(**({"id": job_id or uuid4().hex, "kind": "measure", "name": "scan", "state": "waiting", "added_at": at} | further))


@cache
def measured(grade: int | None = 2, probability: float | None = None) -> Report:
    """A chest whose T8 has lost enough for a grade; its summary says the probability, if one is given."""
    kept = {0: 1.0, 1: 0.77, 2: 0.66, 3: 0.4}[grade or 0]
    made = report_of(chest({"T8": (kept, (1 + kept) / 2, 1.0)}))
    assert made.summary is not None
    assert made.summary.worst_grade == (grade or 0)
    summary = made.summary
    if probability is not None or grade is None:
        chance = summary.fracture_probability if probability is None else probability
        summary = replace(summary, worst_grade=grade, fracture_probability=chance)
    return replace(made, summary=summary, software=replace(made.software, norms=shipped().name))


def unmeasured(status: str) -> Report:
    """A result without vertebrae."""
    return empty_report(replace(CONTEXT, messages=(MESSAGES[status],)), status)  # type: ignore[arg-type]


def draft(report: Report, version: int, comment: str = "") -> tuple[Review, Report]:
    """A review that changes nothing, and what it leaves."""
    review = replace(opened(report), version=version, comment=comment)
    return review, reviewed(report, review, shipped())


def signed(report: Report, version: int, at: str = "2026-11-25T08:30:00+01:00", reader: str = "Dr Ünal") -> tuple[Review, Report]:
    """One that accepts all."""
    review = replace(opened(report), version=version, decision="accepted", reader=reader, signed_at=at)
    return review, reviewed(report, review, shipped())


def relabelled(report: Report, version: int) -> tuple[Review, Report]:
    """One that says that the fractured body must not be graded."""
    review = replace(opened(report), version=version)
    bodies = tuple(replace(v, not_assessable="metal") if v.level == "T8" else v for v in review.vertebrae)
    review = replace(review, vertebrae=bodies)
    return review, reviewed(report, review, shipped())
