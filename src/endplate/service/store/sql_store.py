"""The store, one transaction a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from endplate.report.report import Report
from endplate.review.document import Review
from endplate.service.records import AuditEntry, Job, JobKind, JobState, Page, Patient, Query, SavedReview, Scan
from endplate.service.store import jobs, reviews, scans, trail, worklist
from endplate.service.store.database import Database, address
from endplate.service.store.opening import opened


def opened_store(url: str) -> SqlStore:
    """The store at a URL; the database is made where there is none, and brought to the newest version.

    Args:
        url: such as ``sqlite:////folder/endplate.sqlite`` or ``postgresql://user:password@host/database``.

    Raises:
        endplate.errors.StoreUnusable: if it cannot be reached, is no store of endplate, or one of a newer endplate.
    """
    return SqlStore(opened(address(url)))


class SqlStore:
    """`endplate.service.keeping.Store` on SQLite or PostgreSQL; its methods are documented there.

    A scan that is not there (any more) is nothing to change: only `save_review` and, for a job, `update_job` raise ``LookupError``
    then. What a value must be is told by ``ValueError``, and a database that cannot be used by `endplate.errors.StoreUnusable`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_scan(self, scan: Scan, actor: str) -> bool:  # noqa: D102
        with self._database.write() as c:
            return scans.add(c, scan, actor)

    def scan(self, scan_id: str) -> Scan | None:  # noqa: D102
        with self._database.read() as c:
            found = scans.find(c, scan_id)
        return found[1] if found else None

    def worklist(self, query: Query) -> Page:  # noqa: D102
        with self._database.read() as c:
            return worklist.read(c, query)

    def set_running(self, scan_id: str) -> None:  # noqa: D102
        with self._database.write() as c:
            scans.set_running(c, scan_id)

    def set_measured(self, scan_id: str, report: Report, images: str | None, actor: str = "worker") -> bool:  # noqa: D102
        with self._database.write() as c:
            return scans.set_measured(c, scan_id, report, images, actor)

    def set_unmeasured(self, scan_id: str, status: str, message: str, actor: str = "worker") -> None:  # noqa: D102
        with self._database.write() as c:
            scans.set_unmeasured(c, scan_id, status, message, actor)

    def set_patient(self, scan_id: str, patient: Patient) -> None:  # noqa: D102
        with self._database.write() as c:
            scans.set_patient(c, scan_id, patient)

    def report(self, scan_id: str) -> Report | None:  # noqa: D102
        with self._database.read() as c:
            return scans.report(c, scan_id)

    def delete_scan(self, scan_id: str, actor: str) -> None:  # noqa: D102
        with self._database.write() as c:
            scans.remove(c, scan_id, actor)

    def review(self, scan_id: str, version: int | None = None) -> SavedReview | None:  # noqa: D102
        with self._database.read() as c:
            return reviews.read(c, scan_id, version)

    def reviews(self, scan_id: str) -> Sequence[SavedReview]:  # noqa: D102
        with self._database.read() as c:
            return reviews.read_all(c, scan_id)

    def signed_versions(self, scan_id: str) -> Sequence[int]:  # noqa: D102
        with self._database.read() as c:
            return reviews.signed_versions(c, scan_id)

    def reviewed_report(self, scan_id: str, version: int) -> Report | None:  # noqa: D102
        with self._database.read() as c:
            return reviews.reviewed_report(c, scan_id, version)

    def save_review(  # noqa: D102
        self, scan_id: str, review: Review, reviewed: Report, follows: int, actor: str
    ) -> SavedReview:
        with self._database.write() as c:
            return reviews.save(c, scan_id, (review, reviewed), follows, actor)

    def add_job(self, job: Job) -> bool:  # noqa: D102
        with self._database.write() as c:
            return jobs.add(c, job)

    def job(self, job_id: str) -> Job | None:  # noqa: D102
        with self._database.read() as c:
            return jobs.read(c, job_id)

    def jobs(  # noqa: D102
        self, *, states: Sequence[JobState] = (), kind: JobKind | None = None, since: str = ""
    ) -> Sequence[Job]:
        with self._database.read() as c:
            return jobs.read_all(c, states, kind, since)

    def now_serial(self) -> str:  # noqa: D102
        with self._database.read() as c:
            return jobs.serial(c)

    def update_job(self, job_id: str, **changes: Any) -> Job:  # noqa: D102
        with self._database.write() as c:
            return jobs.change(c, job_id, changes)

    def audit(self, scan_id: str | None = None, after: int = 0, limit: int = 1000) -> Sequence[AuditEntry]:  # noqa: D102
        with self._database.read() as c:
            return trail.read(c, scan_id, after, limit)

    def note(  # noqa: D102
        self, actor: str, action: str, scan_id: str | None = None, detail: Mapping[str, Any] | None = None
    ) -> None:
        with self._database.write() as c:
            trail.append(c, actor, action, scan_id, detail or {})

    def close(self) -> None:  # noqa: D102
        self._database.close()
