"""Who stands by a structured report: its flags and its verifying observer (PS3.3 C.17.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydicom.dataset import Dataset

from endplate.dicom.patient import fitting
from endplate.report.review_state import ReviewState
from endplate.report.review_words import signed

NO_ORGANISATION = "Not stated"
"""Verifying Organization must not be empty, and a review knows none: whoever exports may (`endplate serve --organisation`)."""
_LEAST_OFFSET, _MOST_OFFSET = timedelta(hours=-12), timedelta(hours=14)
_COMPONENTS, _LONGEST = 5, 64


def flags(review: ReviewState | None, organisation: str) -> Dataset:
    """Completion, verification, preliminary; for an accepted review with who verified it, for whom and when."""
    found = Dataset()
    found.CompletionFlag = "COMPLETE"
    if review is None or not review.is_accepted:
        found.VerificationFlag, found.PreliminaryFlag = "UNVERIFIED", "PRELIMINARY"
        return found
    found.VerificationFlag, found.PreliminaryFlag = "VERIFIED", "FINAL"
    observer = Dataset()
    observer.VerifyingObserverName = person_name(review.reader or "")
    observer.VerifyingObserverIdentificationCodeSequence = []  # type 2: nobody has coded the readers
    observer.VerifyingOrganization = fitting(organisation, "LO") or NO_ORGANISATION
    observer.VerificationDateTime = date_time(signed(review.signed_at))
    found.VerifyingObserverSequence = [observer]
    return found


def person_name(text: str) -> str:
    r"""A name as somebody typed it as a valid person name (PS3.5 section 6.2, PN), never an empty one.

    What has no carets stays whole, as the first of the five components, marked as such by a caret at its end: which word is the
    family's is not guessed.

    >>> person_name("Dr. Anna Maier"), person_name("Maier^Anna^^Dr."), person_name("A=B\\C^"), person_name("^")
    ('Dr. Anna Maier^', 'Maier^Anna^^Dr.', 'A-B/C^', '-^')
    """
    parts = [" ".join(part.split()) for part in text.replace("=", "-").replace("\\", "/").split("^")]
    if len(parts) > _COMPONENTS:
        parts = [" ".join(filter(None, parts))]
    name = fitting("^".join(parts), "PN").rstrip("^") or "-"
    return name if "^" in name else f"{name[: _LONGEST - 1]}^"


def date_time(at: datetime) -> str:
    """A moment with its offset (PS3.5 section 6.2, DT); in UTC where DICOM does not have the offset.

    >>> date_time(datetime.fromisoformat("2026-01-31T14:05:00.5+01:00"))
    '20260131140500.500000+0100'
    """
    offset = at.utcoffset()
    if offset is None or not _LEAST_OFFSET <= offset <= _MOST_OFFSET or offset % timedelta(minutes=1):
        at = at.astimezone(UTC)
    return f"{at:%Y%m%d%H%M%S.%f%z}"
