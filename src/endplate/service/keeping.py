"""What the store can do, as its users see it (``endplate.service.store`` does it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from endplate.report.report import Report
from endplate.review.document import Review
from endplate.service.records import AuditEntry, Job, JobKind, JobState, Page, Patient, Query, SavedReview, Scan


class Conflict(Exception):
    """Somebody else has saved a review in between.

    Attributes:
        version: the one that is saved now.
    """

    def __init__(self, version: int) -> None:
        super().__init__(f"expected to follow version {version}, which is the last saved one; load it and apply your edits again")
        self.version = version


class Store(Protocol):
    """Scans, jobs, versions of reviews and the audit trail; every method is one transaction, safe from several processes."""

    def add_scan(self, scan: Scan, actor: str) -> bool:
        """Adds a scan that waits; False, and nothing changes, where its id is there already (a ``find`` that runs again)."""
        ...

    def scan(self, scan_id: str) -> Scan | None:
        """One scan."""
        ...

    def worklist(self, query: Query) -> Page:
        """A page of scans."""
        ...

    def set_running(self, scan_id: str) -> None:
        """A worker measures it now."""
        ...

    def set_measured(self, scan_id: str, report: Report, images: str | None, actor: str = "worker") -> bool:
        """Keeps the model's report, once: False, and nothing changes, where the scan has one already.

        Args:
            scan_id: of a scan that waits or runs.
            report: the model's; ``refused`` and ``no_spine`` are results too.
            images: None where the images for a review are on disk, else why not.
            actor: for the audit trail.
        """
        ...

    def set_unmeasured(self, scan_id: str, status: str, message: str, actor: str = "worker") -> None:
        """``waiting``, ``failed`` or ``cancelled``, unless it is measured already."""
        ...

    def set_patient(self, scan_id: str, patient: Patient) -> None:
        """What the header says."""
        ...

    def report(self, scan_id: str) -> Report | None:
        """The model's report as it was written first; reviews never change it."""
        ...

    def delete_scan(self, scan_id: str, actor: str) -> None:
        """Takes a scan out of the worklist with its report and reviews; the audit trail keeps that it was there."""
        ...

    def review(self, scan_id: str, version: int | None = None) -> SavedReview | None:
        """A version of the review, the last one if left out."""
        ...

    def reviews(self, scan_id: str) -> Sequence[SavedReview]:
        """All versions, oldest first."""
        ...

    def signed_versions(self, scan_id: str) -> Sequence[int]:
        """Numbers of the versions that a reader has signed, whatever the decision, ascending."""
        ...

    def reviewed_report(self, scan_id: str, version: int) -> Report | None:
        """The report as a version of the review left it when it was saved, whatever a later endplate would make of it."""
        ...

    def save_review(self, scan_id: str, review: Review, reviewed: Report, follows: int, actor: str) -> SavedReview:
        """Appends a version with ``reviewed``, and updates the scan's summary to ``reviewed``.

        Args:
            scan_id: of a measured scan.
            review: whose ``version`` is ``follows + 1``.
            reviewed: the report as the review leaves it (`endplate.review.apply.reviewed`), which is kept.
            follows: the version that the reader had loaded; 0 where none was saved.
            actor: for the audit trail (``review_saved`` or ``review_signed``).

        Raises:
            Conflict: if another version was saved in between.
        """
        ...

    def add_job(self, job: Job) -> bool:
        """Adds a job that waits; False where its id is there already."""
        ...

    def job(self, job_id: str) -> Job | None:
        """One job."""
        ...

    def jobs(self, *, states: Sequence[JobState] = (), kind: JobKind | None = None, since: str = "") -> Sequence[Job]:
        """Jobs, newest first, at most 1,000; with ``since`` (from `now_serial`) those that changed after that."""
        ...

    def now_serial(self) -> str:
        """A mark for ``since``: everything that changes from now on is later."""
        ...

    def update_job(self, job_id: str, **changes: Any) -> Job:
        """Changes fields of a job (``state``, ``stage``, ``share``, ``message``, ``attempts``, ...).

        A job that is done, failed or cancelled stays so, unless ``state`` becomes ``waiting`` (a retry).
        """
        ...

    def audit(self, scan_id: str | None = None, after: int = 0, limit: int = 1000) -> Sequence[AuditEntry]:
        """The trail, oldest first."""
        ...

    def note(self, actor: str, action: str, scan_id: str | None = None, detail: Mapping[str, Any] | None = None) -> None:
        """Appends to the trail."""
        ...

    def close(self) -> None:
        """Gives connections back."""
        ...
