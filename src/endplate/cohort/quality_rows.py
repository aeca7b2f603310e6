"""What the quality page says of one scan, and which scan comes first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from endplate import renderings
from endplate.cohort import thumbnails
from endplate.report.page_content import cleaned, statement
from endplate.report.page_table import chance
from endplate.report.report import Report
from endplate.report.sentence import UNCERTAIN_LEVEL

Status = Literal["fault", "refused", "no_spine", "ok"]
Finding = Literal["fracture", "mild", "none", "unassessed", ""]
STATUSES: dict[Status, str] = {
    "fault": "Endplate failed",
    "refused": "Refused",
    "no_spine": "No spine",
    "ok": "Measured",
}
FINDINGS: dict[Finding, str] = {
    "fracture": "Fracture, grade 2 or 3",
    "mild": "Mild deformity, grade 1",
    "none": "Not flagged",
    "unassessed": "Nothing assessed",
}
SIGNS = {
    "fault": "!",
    "refused": "\u00d7",
    "no_spine": "\u2205",
    "fracture": "\u25b2",
    "mild": "\u25b3",
    "none": "\u25cb",
    "unassessed": "?",
}
"""Beside the words: colour never says anything alone."""
DOUBTFUL_FRACTURE = (0.2, 0.8)
"""A probability of fracture between these is no answer."""
DECISIONS = {
    "draft": "review begun",
    "accepted": "accepted by a reader",
    "accepted_with_edits": "accepted with edits by a reader",
    "rejected": "rejected by a reader",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One scan; every text is free of control characters, and none is escaped for HTML yet.

    Attributes:
        scan: name of its folder.
        status: what became of it.
        finding: what was found; empty where nothing was measured.
        doubts: ``levels`` for uncertain names, ``fracture`` for a probability of fracture that is no answer.
        codes: why something failed, a code each.
        text: the finding sentence, or the reason.
        warnings: further messages.
        facts: name and value.
        review: what a reader made of it; empty for nothing.
        link: where its name leads, percent-encoded, within the output folder.
        picture: its overview, percent-encoded; empty for none.
        thumbnail: its thumbnail, percent-encoded; empty for none.
        badness: sorts the worst first.
    """

    scan: str
    status: Status
    finding: Finding
    doubts: tuple[str, ...]
    codes: tuple[str, ...]
    text: str
    warnings: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    review: str
    link: str
    picture: str
    thumbnail: str
    badness: tuple[float, ...]

    @property
    def mark(self) -> str:
        """The finding where there is one, else the status."""
        return self.finding if self.status == "ok" else self.status

    @property
    def mark_text(self) -> str:
        """In words."""
        return FINDINGS[self.finding] if self.status == "ok" else STATUSES[self.status]

    @property
    def sign(self) -> str:
        """As a sign."""
        return SIGNS[self.mark]


def row_of(folder: Path, report: Report) -> Row:
    """The row of a scan in its folder; makes its thumbnail."""
    status = _status(report)
    small = bool(report.vertebrae) and thumbnails.thumbnail(folder.parent, folder.name)
    picture = f"{_encoded(folder.name)}/overview.png" if (folder / "overview.png").is_file() else ""
    page = (folder / "report.html").is_file()
    row = Row(
        scan=folder.name,
        status=status,
        finding=_finding(report),
        doubts=_doubts(report),
        codes=_codes(report, status),
        text=statement(report),
        warnings=tuple(dict.fromkeys(m.text for m in report.messages if report.summary and m.severity != "info")),
        facts=_facts(report),
        review=DECISIONS[report.review.decision] if report.review else "",
        link=f"{_encoded(folder.name)}/report.html" if page else picture or f"{_encoded(folder.name)}/report.json",
        picture=picture,
        thumbnail=f"{thumbnails.FOLDER}/{_encoded(folder.name)}.jpg" if small else "",
        badness=_badness(report, status),
    )
    return cleaned(row)


def _encoded(name: str) -> str:
    return quote(os.fsencode(name), safe="")


def _status(report: Report) -> Status:
    failed = any(m.code in ("fault", renderings.FAILED) for m in report.messages)
    return "fault" if failed else report.status


def _finding(report: Report) -> Finding:
    summary = report.summary
    if summary is None:
        return ""
    if not summary.assessed:
        return "unassessed"
    return "fracture" if summary.fractures else "mild" if summary.mild_deformities else "none"


def _doubts(report: Report) -> tuple[str, ...]:
    low, high = DOUBTFUL_FRACTURE
    doubts = ["levels"] if report.levels is not None and report.levels.uncertain else []
    assessed = report.summary is not None and report.summary.assessed
    if report.summary is not None and assessed and low <= report.summary.fracture_probability <= high:
        doubts.append("fracture")
    return tuple(doubts)


def _codes(report: Report, status: Status) -> tuple[str, ...]:
    """Of what failed: the refusal's own code, no spine, or a rendering."""
    if status == "ok":
        return ()
    failed = [m.code for m in report.messages if m.severity == "error" or m.code == "no_spine"]
    return tuple(dict.fromkeys(failed)) or (status,)


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    s, levels = report.summary, report.levels
    if s is None:
        return ()
    facts = [("P(fracture)", chance(s.fracture_probability) if s.assessed else "\u2013")]
    if s.worst_loss is not None:
        facts.append(("Worst loss", f"{100 * s.worst_loss:.0f} % at {s.worst_level or 'unnamed level'}"))
    if levels is not None:
        unsure = "?" if levels.confidence < UNCERTAIN_LEVEL else ""
        facts.append(("P(names right)", f"{chance(levels.confidence)} {unsure}".strip()))
    facts.append(("Assessed", f"{s.assessed} of {s.vertebrae}"))
    return tuple(facts)


def _badness(report: Report, status: Status) -> tuple[float, ...]:
    """Faults, refusals, no spine, nothing assessed; then the likelier fracture, then the less certain names."""
    group = list(STATUSES).index(status)
    s = report.summary
    if s is None:
        return (group, 0.0, 0.0, 0.0)
    names = report.levels.confidence if report.levels is not None else 0.0
    return (group, float(s.assessed > 0), -round(s.fracture_probability, 2), names)
