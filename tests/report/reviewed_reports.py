"""Reports with every state that a review can have."""

from __future__ import annotations

from dataclasses import replace

from endplate.report import report as r
from endplate.report.review_state import Decision, ReviewState

DECISIONS: tuple[Decision, ...] = ("draft", "accepted", "accepted_with_edits", "rejected")
READER, SIGNED_AT, SAID_AT = "Dr Ö. Reader", "2026-11-25T07:30:00+01:00", "2026-11-25 06:30 UTC"
EDITS = ("T8: anterior superior point moved by 5.0 mm", "T9 renamed from T8")


def with_review(report: r.Report, decision: Decision, text: str | None = None) -> r.Report:
    """The report after a review of this decision; its first two bodies set by the reader where there are edits.

    Args:
        report: any.
        decision: of the review.
        text: what the reader typed wherever a reader can type; usual words if left out.
    """
    edits = () if decision == "accepted" else EDITS if text is None else (text, *EDITS)
    signed = (None, None) if decision == "draft" else (READER if text is None else text, SIGNED_AT)
    state = ReviewState(decision, 3, *signed, "Compare with the film." if text is None else text, edits)
    bodies = tuple(replace(e, set_by_reader=bool(edits) and i < 2) for i, e in enumerate(report.vertebrae))
    return replace(report, vertebrae=bodies, review=state)
