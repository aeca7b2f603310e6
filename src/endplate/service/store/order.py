"""What the worklist is sorted and searched by, worked out when a scan is written: reading 20,000 of them stays quick."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from endplate.service.records import Scan

FLAGGED = 2
"""Genant grade from which an unsigned scan goes first: moderate."""
FAR_MS = 10**14
"""Milliseconds after 1970 that no signature reaches (the year 5138)."""


def folded(text: str) -> str:
    """The same for all ways to write the same letters; without NUL and lone surrogates, which no database takes."""
    clean = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean).casefold())


def searched(scan: Scan) -> str:
    """Patient, study and scan name, folded; a line each, so that no word runs over two of them."""
    p = scan.patient
    parts = (p.name, p.id, p.birth_date, p.study_date, p.study_description, p.accession_number, scan.name)
    return "\n".join(map(folded, parts))


def priority(scan: Scan) -> str:
    """A text that sorts ascending as a reader works: flagged, other measured, to come, without a result, signed.

    Flagged go by grade, then by probability; other measured by probability; signed by time, newest first.
    """
    grade, probability = (scan.summary.worst_grade, scan.summary.fracture_probability) if scan.summary else (None, None)
    unlikely = f"{1 - probability:.9f}" if probability is not None else "2"
    if scan.review not in (None, "draft"):
        return f"4 {FAR_MS - _milliseconds(scan.signed_at):015d}"
    if grade is not None and grade >= FLAGGED:
        return f"0 {9 - grade} {unlikely}"
    if scan.status == "measured":
        return f"1 {unlikely}"
    return "2" if scan.status in ("waiting", "running") else "3"


def _milliseconds(time: str | None) -> int:
    """After 1970; whatever the offset that the time is written with."""
    return round(datetime.fromisoformat(time).timestamp() * 1000) if time else 0
