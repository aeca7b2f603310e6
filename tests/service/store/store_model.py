"""The contract in plain Python: dictionaries, lists and a sort."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from endplate.report.report import Report
from endplate.review.document import Review
from endplate.service.keeping import Conflict
from endplate.service.records import Job, Patient, Query, Scan, Summary


def summary(report: Report) -> Summary | None:
    s = report.summary
    if s is None or report.levels is None:
        return None
    facts = (s.vertebrae, s.worst_level, s.worst_grade, s.worst_loss, s.fractures, s.fracture_probability)
    return Summary(*facts, report.levels.uncertain, s.sentence)


def place(scan: Scan) -> tuple[float, ...]:
    """In the default order; smaller is further up."""
    grade, probability = (scan.summary.worst_grade or 0, scan.summary.fracture_probability or 0) if scan.summary else (0, 0)
    if scan.review not in (None, "draft"):
        return (4, -datetime.fromisoformat(scan.signed_at or "").timestamp())
    if grade >= 2:
        return (0, -grade, -probability)
    if scan.status == "measured":
        return (1, -probability)
    return (2,) if scan.status in ("waiting", "running") else (3,)


def same(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


@dataclass
class Model:
    """A store for one user at a time."""

    scans: dict[str, Scan] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    versions: dict[str, list[Review]] = field(default_factory=dict)
    reviewed: dict[tuple[str, int], Report] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    trail: list[tuple[str, str, str | None]] = field(default_factory=list)

    def add_scan(self, scan: Scan, actor: str) -> bool:
        if scan.id in self.scans:
            return False
        self.scans[scan.id] = scan
        self.trail.append((actor, "scan_added", scan.id))
        return True

    def _change(self, scan_id: str, **changes: Any) -> bool:
        """Of a scan that is there and not measured."""
        if scan_id not in self.scans or scan_id in self.reports:
            return False
        self.scans[scan_id] = replace(self.scans[scan_id], **changes)
        return True

    def set_running(self, scan_id: str) -> None:
        self._change(scan_id, status="running", message="")

    def set_measured(self, scan_id: str, report: Report, images: str | None) -> bool:
        said = "" if report.status == "ok" else report.messages[0].text
        status = "measured" if report.status == "ok" else report.status
        images_are = {"has_images": images is None, "without_images": images or ""}
        if not self._change(scan_id, status=status, message=said, summary=summary(report), **images_are):
            return False
        self.reports[scan_id] = report
        self.trail.append(("worker", status, scan_id))
        return True

    def set_unmeasured(self, scan_id: str, status: str, message: str) -> None:
        before = self.scans.get(scan_id)
        if self._change(scan_id, status=status, message=message) and self.scans[scan_id] != before:
            self.trail.append(("worker", status, scan_id))

    def set_patient(self, scan_id: str, patient: Patient) -> None:
        if scan_id in self.scans:
            self.scans[scan_id] = replace(self.scans[scan_id], patient=patient)

    def delete_scan(self, scan_id: str, actor: str) -> None:
        if self.scans.pop(scan_id, None):
            self.reports.pop(scan_id, None)
            for version in range(1, len(self.versions.pop(scan_id, [])) + 1):
                del self.reviewed[scan_id, version]
            self.trail.append((actor, "scan_deleted", scan_id))

    def save_review(self, scan_id: str, review: Review, reviewed: Report, follows: int, actor: str) -> None:
        if scan_id not in self.reports:
            raise LookupError
        before = self.versions.setdefault(scan_id, [])
        if len(before) != follows:
            raise Conflict(len(before))
        before.append(review)
        self.reviewed[scan_id, review.version] = reviewed
        signed = {
            "review": review.decision,
            "review_version": review.version,
            "reader": review.reader,
            "signed_at": review.signed_at,
        }
        self.scans[scan_id] = replace(self.scans[scan_id], summary=summary(reviewed), **signed)  # type: ignore[arg-type]
        self.trail.append((actor, "review_signed" if review.is_signed else "review_saved", scan_id))

    def signed_versions(self, scan_id: str) -> tuple[int, ...]:
        return tuple(r.version for r in self.versions.get(scan_id, []) if r.is_signed)

    def reviewed_report(self, scan_id: str, version: int) -> Report | None:
        return self.reviewed.get((scan_id, version))

    def worklist(self, query: Query) -> list[Scan]:
        found = [s for s in self.scans.values() if self._fits(s, query)]
        return sorted(found, key=place)[:: -1 if query.descending else 1]

    def _fits(self, scan: Scan, query: Query) -> bool:
        p, grade = scan.patient, scan.summary.worst_grade if scan.summary else None
        texts = [same(t) for t in (p.name, p.id, p.birth_date, p.study_date, p.study_description, p.accession_number, scan.name)]
        return (
            (not query.status or scan.status in query.status)
            and (not query.review or (scan.review or "none") in query.review)
            and (query.grade is None or (grade is not None and grade >= query.grade))
            and all(any(word in text for text in texts) for word in same(query.search).split())
        )

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for s in self.scans.values():
            keys = [s.status, f"review:{s.review or 'none'}"]
            flagged = s.review in (None, "draft") and s.summary is not None and (s.summary.worst_grade or 0) >= 2
            unreviewed = s.status == "measured" and s.review is None
            for key in (*keys, *(["flagged"] if flagged else []), *(["unreviewed"] if unreviewed else [])):
                found[key] = found.get(key, 0) + 1
        return found

    def add_job(self, job: Job) -> bool:
        if job.id in self.jobs:
            return False
        self.jobs[job.id] = job
        self.changes.append(job.id)
        return True

    def update_job(self, job_id: str, **changes: Any) -> Job:
        job = self.jobs[job_id]
        if job.state in ("done", "failed", "cancelled") and changes.get("state") != "waiting":
            return job
        self.jobs[job_id] = replace(job, **changes)
        if self.jobs[job_id] != job:
            self.changes.append(job_id)
        return self.jobs[job_id]
