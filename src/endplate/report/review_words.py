"""What every output says of the review that its report carries, in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from endplate.report.review_state import Decision, ReviewState

NOT_VERIFIED = "AI result, not verified"
RESEARCH = "Research use only. Not a medical device."
SET_BY_READER = "set by the reader"
_STANDING: Mapping[Decision, str] = {
    "draft": "AI result in a draft review, not verified",
    "accepted": "AI result, verified by a reader",
    "accepted_with_edits": "AI result, edited and verified by a reader",
    "rejected": "AI result, rejected by a reader",
}
_DECIDED: Mapping[Decision, str] = {"accepted": "Accepted", "accepted_with_edits": "Accepted with edits", "rejected": "Rejected"}


def standing(review: ReviewState | None) -> str:
    """In a few words, what the numbers are worth; nothing but a signed and accepted review makes them verified."""
    return NOT_VERIFIED if review is None else _STANDING[review.decision]


def disclaimer(review: ReviewState | None) -> str:
    """What stands on every page."""
    return f"{standing(review)}. {RESEARCH}"


def headline(review: ReviewState) -> str:
    """Who decided what, when, in which version.

    >>> headline(ReviewState("rejected", 3, "Dr A. Maier", "2026-01-31T14:05:00+01:00"))
    'Rejected by Dr A. Maier on 2026-01-31 13:05 UTC, version 3: not to be used'
    >>> headline(ReviewState("draft", 2))
    'Draft, not signed, version 2'
    """
    if not review.is_signed:
        return f"Draft, not signed, version {review.version}"
    said = f"{_DECIDED[review.decision]} by {review.reader} on {moment(review.signed_at)}, version {review.version}"
    return f"{said}: not to be used" if review.decision == "rejected" else said


def moment(signed_at: str | None) -> str:
    """The time of a signature to the minute, in UTC."""
    return f"{signed(signed_at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def signed(signed_at: str | None) -> datetime:
    """The time of a signature.

    Raises:
        ValueError: if it is no ISO 8601 with an offset.
    """
    found = datetime.fromisoformat(signed_at or "")
    if found.utcoffset() is None:
        raise ValueError(f"signed_at: expected ISO 8601 with an offset such as 2026-01-31T14:05:00+00:00, got {signed_at!r}")
    return found


def confirmation(review: ReviewState) -> str:
    """Which level names the reader confirmed; empty where none.

    >>> confirmation(ReviewState("accepted", 1, "Dr A. Maier", "2026-01-31T14:05:00+01:00", confirmed=("T12", "L1")))
    'Level names confirmed by the reader: T12, L1.'
    """
    return f"Level names confirmed by the reader: {', '.join(review.confirmed)}." if review.confirmed else ""


def sentences(review: ReviewState) -> tuple[str, ...]:
    """All that a text can say of a review: decision, names that were confirmed, each edit, the reader's own words."""
    edits = tuple(f"Edit: {edit}." for edit in review.edits)
    comment = (f"Reader's comment: {review.comment.strip()}",) if review.comment.strip() else ()
    return (f"{headline(review)}.", *filter(None, (confirmation(review),)), *edits, *comment)
