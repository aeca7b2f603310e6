"""What the service keeps and answers, as plain frozen records; times are ISO 8601 in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from endplate.report.review_state import Decision

ScanStatus = Literal["waiting", "running", "measured", "no_spine", "refused", "failed", "cancelled"]
JobKind = Literal["find", "measure", "import"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
OPEN: tuple[JobState, ...] = ("waiting", "running")
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")
Sort = Literal["priority", "added", "patient", "study_date", "grade", "probability", "review", "name", "status"]


def now() -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Patient:
    """Who and which study, from the scan's header; empty where it says nothing. Only the service keeps it, no report does."""

    name: str = ""
    id: str = ""
    birth_date: str = ""
    sex: str = ""
    study_date: str = ""
    study_description: str = ""
    accession_number: str = ""


@dataclass(frozen=True)
class Summary:
    """What the worklist shows of a report, as the last saved review leaves it.

    Attributes:
        vertebrae: how many there are.
        worst_level: level with the largest loss.
        worst_grade: its Genant grade.
        worst_loss: its height loss.
        fractures: vertebrae of grade 2 or 3.
        fracture_probability: of any.
        levels_uncertain: whether the level names are in doubt.
        sentence: the report's.
    """

    vertebrae: int = 0
    worst_level: str | None = None
    worst_grade: int | None = None
    worst_loss: float | None = None
    fractures: int = 0
    fracture_probability: float | None = None
    levels_uncertain: bool = False
    sentence: str = ""


@dataclass(frozen=True)
class Scan:
    """One scan: a line of the worklist.

    Attributes:
        id: stable; 32 hexadecimal digits.
        name: what the user sees; not unique, and no folder's.
        status: of its measurement.
        added_at: when it came.
        source: path of the file or folder that it is read from, on the server.
        patient: of the header.
        summary: None until it is measured.
        message: why there is no measurement, or nothing.
        review: state of the last saved review; None where nobody saved one.
        review_version: of it; 0 where nobody saved one.
        reader: who signed it.
        signed_at: when.
        has_images: whether the images for a review are on disk.
        without_images: why not.
    """

    id: str
    name: str
    status: ScanStatus
    added_at: str
    source: str
    patient: Patient = Patient()
    summary: Summary | None = None
    message: str = ""
    review: Decision | None = None
    review_version: int = 0
    reader: str | None = None
    signed_at: str | None = None
    has_images: bool = False
    without_images: str = ""


@dataclass(frozen=True)
class Job:
    """One piece of work that outlives its worker.

    Attributes:
        id: stable; 32 hexadecimal digits.
        kind: ``find`` lists what an upload or folder holds and orders a ``measure`` for each scan; ``import`` takes a folder of
            finished reports.
        name: what the user sees.
        state: where it is.
        stage: what is being done now, such as ``detect``; empty before and after.
        share: from 0 to 1.
        scan_id: of ``measure``.
        parent_id: the ``find`` that ordered it.
        scans: how many scans came of a ``find`` or ``import``.
        attempts: how often a worker began it.
        message: why it failed, or what was left out.
        added_at: when it was ordered.
        began_at: when a worker took it last.
        ended_at: when it came to an end.
        cancelling: whether a cancel was asked for.
    """

    id: str
    kind: JobKind
    name: str
    state: JobState
    added_at: str
    stage: str = ""
    share: float = 0.0
    scan_id: str | None = None
    parent_id: str | None = None
    scans: int = 0
    attempts: int = 0
    message: str = ""
    began_at: str | None = None
    ended_at: str | None = None
    cancelling: bool = False


@dataclass(frozen=True)
class Query:
    """What of the worklist is asked for; empty fields ask for everything.

    Attributes:
        status: any of these.
        review: any of these; ``none`` for scans that nobody has saved a review of.
        grade: worst grade at least this.
        search: words that must occur in patient, study or scan name, in any case.
        sort: ``priority``: flagged and unsigned first, by grade and probability, then what waits, then what is signed.
        descending: the other way round.
        page: from 1.
        size: scans per page, 1 to 500.
    """

    status: tuple[ScanStatus, ...] = ()
    review: tuple[str, ...] = ()
    grade: int | None = None
    search: str = ""
    sort: Sort = "priority"
    descending: bool = False
    page: int = 1
    size: int = 50


@dataclass(frozen=True)
class Page:
    """A page of the worklist.

    Attributes:
        scans: of this page.
        total: that fit the query.
        counts: scans by status, by ``review:STATE``, as ``flagged`` (unsigned, worst grade 2 or 3) and as ``unreviewed`` (measured,
            without a review), over the whole store.
    """

    scans: tuple[Scan, ...]
    total: int
    counts: dict[str, int]


@dataclass(frozen=True)
class SavedReview:
    """One kept version of a scan's review.

    Attributes:
        version: from 1.
        decision: of it.
        saved_at: when.
        reader: who signed; None in a draft.
        signed_at: when.
        edits: sentences.
        document: the ``endplate-review/1``.
    """

    version: int
    decision: Decision
    saved_at: str
    reader: str | None
    signed_at: str | None
    edits: tuple[str, ...]
    document: dict[str, Any]


@dataclass(frozen=True)
class AuditEntry:
    """One line of the trail; none is ever changed or deleted.

    Attributes:
        number: 1, 2, 3 and so on over the whole store.
        at: when.
        actor: who, as far as the service knows: the client's address or ``worker``.
        action: such as ``scan_added``, ``measured``, ``review_saved``, ``review_signed``, ``exported``, ``cancelled``, ``retried``.
        scan_id: of which scan, if any.
        detail: further facts, plain types; of ``review_signed`` also the ``reader`` that the review names.
    """

    number: int
    at: str
    actor: str
    action: str
    scan_id: str | None
    detail: dict[str, Any] = field(default_factory=dict)
