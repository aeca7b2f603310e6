"""A review from the wire to the store: parsed, checked, worked out, saved behind the version that its reader had."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from endplate.morphometry.norms import SHIPPED, Norms, shipped
from endplate.report.report import Report
from endplate.review import limits
from endplate.review.apply import reviewed
from endplate.review.document import Review, opened
from endplate.service.http.problems import Refused, not_found
from endplate.service.keeping import Conflict, Store
from endplate.service.records import SavedReview, Scan

_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')
"""A proxy that compresses makes our tag weak; the number says enough."""


@dataclass(frozen=True)
class Saved:
    """A review as it is kept now.

    Attributes:
        review: the ``endplate-review/1``.
        report: as the review leaves it.
        etag: what the next save must name.
    """

    review: dict[str, Any]
    report: dict[str, Any]
    etag: str


def tag_of(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def follows(if_match: str | None) -> int:
    """The version that a client has loaded.

    Raises:
        Refused: 428 where it does not say so.
    """
    if if_match is None:
        found = "If-Match is missing; expected the ETag of the review that was loaded"
        raise Refused(428, "precondition_required", f"{found}; GET the review first, so that nobody's work is lost")
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        raise Refused(422, "bad_request", f'If-Match {if_match[:80]!r}: expected the ETag of a review, such as "3"; GET it first')
    return int(tag[1])


def parsed(body: bytes) -> dict[str, Any]:
    """A document from its bytes; numbers are finite.

    Raises:
        Refused: if it is no JSON object.
    """
    try:
        content = limits.parsed(body)
    except ValueError as error:
        raise _unfit(str(error)) from None
    if not isinstance(content, dict):
        raise _unfit(f"review: expected an object, got {limits.short(content)}")
    return content


def drafted(content: dict[str, Any]) -> dict[str, Any]:
    """The same document, which is a draft.

    Raises:
        Refused: if it is signed: that goes another way, where the service sets the time.
    """
    if content.get("decision") != "draft":
        raise _unfit(f"decision: expected 'draft', got {limits.short(content.get('decision'))}; sign by POST to review/sign")
    return content


def signed_now(content: dict[str, Any]) -> dict[str, Any]:
    """The same document, signed at this second by this machine's clock.

    Raises:
        Refused: if the client sends a time of its own, or a draft.
    """
    if content.get("decision") == "draft":
        raise _unfit("decision: expected accepted, accepted_with_edits or rejected to sign, got 'draft'; PUT drafts")
    if content.get("signed_at") is not None:
        raise _unfit(f"signed_at: expected null, the service sets it; got {limits.short(content['signed_at'])}")
    return {**content, "signed_at": datetime.now(UTC).isoformat(timespec="seconds")}


def review_of(content: dict[str, Any]) -> Review:
    """The review of a document.

    Raises:
        Refused: with the words of `endplate.review`.
    """
    try:
        return Review.from_dict(content)
    except ValueError as error:
        raise _unfit(str(error)) from None


def model_of(store: Store, scan: Scan) -> Report:
    """The model's report of a scan that can be reviewed.

    Raises:
        Refused: where there is none.
    """
    report = store.report(scan.id)
    if report is None:
        raise not_found(f"a report of scan {scan.name}, which is {scan.status},", "wait until it is measured")
    if report.status == "refused":
        raise _unfit(
            f"scan {scan.name} was refused: {report.messages[0].text if report.messages else ''}; there is nothing to review"
        )
    return report


def norms_of(report: Report) -> Norms:
    """The table that a report names.

    A path in an imported report is not followed: it would let whoever wrote that report read files of this machine.

    Raises:
        Refused: if it is none of ours.
    """
    name = report.software.norms
    if name not in SHIPPED:
        found = f"the report was graded by the norms {limits.short(name)}; expected one of {', '.join(SHIPPED)}"
        raise _unfit(f"{found}; measure the scan again with one of them")
    return shipped(name)


def applied(report: Report, review: Review) -> tuple[Report, dict[str, Any]]:
    """The report as the review leaves it, and as plain types.

    Raises:
        Refused: if the review does not fit the report.
    """
    norms = norms_of(report)
    try:
        new = reviewed(report, review, norms)
        return new, json.loads(new.to_json())
    except ValueError as error:
        raise _unfit(str(error)) from None


def kept(store: Store, scan: Scan, saved: SavedReview) -> tuple[Review, Report]:
    """A saved review, and the report as its reader left it: read, not worked out anew, so that no later endplate changes it.

    Raises:
        Refused: if the scan was deleted in the meantime.
    """
    report = store.reviewed_report(scan.id, saved.version)
    if report is None:
        raise not_found(f"the report of version {saved.version} of the review of scan {scan.name}")
    return Review.from_dict(saved.document), report


def last(store: Store, scan: Scan) -> tuple[int, dict[str, Any]]:
    """The last saved version and its document; 0 and what the model said where nobody saved one."""
    saved = store.review(scan.id)
    if saved is not None:
        # one that was kept before a field came has it now, else the page would take it for an edit
        return saved.version, Review.from_dict(saved.document).to_dict()
    return 0, opened(model_of(store, scan)).to_dict()


def save(store: Store, scan: Scan, content: dict[str, Any], loaded: int, actor: str) -> Saved:
    """Appends a version.

    Args:
        store: that keeps it.
        scan: that is reviewed.
        content: of the document.
        loaded: the version that its reader had loaded.
        actor: the client that saves, for the trail; the reader, whom anybody can name, is a detail there.

    Raises:
        Conflict: if another version was saved since.
        Refused: if the document is not what it may be.
    """
    report = model_of(store, scan)
    before = store.review(scan.id)
    current = 0 if before is None else before.version
    if current != loaded:
        raise Conflict(current)
    review = review_of(content)
    if review.version != loaded + 1:
        raise _unfit(f"version: expected {loaded + 1}, one more than the loaded one, got {review.version}")
    new, plain = applied(report, review)
    saved = store.save_review(scan.id, review, new, loaded, actor)
    return Saved(saved.document, plain, tag_of(saved.version))


def _unfit(message: str) -> Refused:
    return Refused(422, "bad_request", message)
