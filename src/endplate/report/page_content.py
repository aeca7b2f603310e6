"""What the report page says, as plain texts: the HTML and the PDF lay out the same words and measure nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from endplate.morphometry.genant import GRADE_NAMES
from endplate.report import report as r
from endplate.report.page_facts import density_of, facts_of, level_names_of, provenance_of
from endplate.report.page_table import Row, chance, rows_of
from endplate.report.review_words import SET_BY_READER, confirmation, disclaimer, headline
from endplate.report.sentence import MIMICS, UNCERTAIN_LEVEL

DISCLAIMER = disclaimer(None)
SCALE = (
    "Loss: height lost against the level's norm and the neighbours. Genant grade of the loss: 1 (mild) from 20 %, "
    "2 (moderate) from 25 %, 3 (severe) from 40 %. G: smallest to largest height, as measured."
)
SHARES = (
    "Ha, Hm, Hp: anterior, middle, posterior height. Under Ha and Hm: the ratio to Hp as a share of the level's norm; "
    "under Hp: the share of the height expected from the neighbours."
)
NO_SHARES = "The table of norms is the user's own: shares of its ratios are not in the report, z-scores are."
EXPECTED_FROM = (("anterior", "of norm"), ("middle", "of norm"), ("posterior", "of that expected from the neighbours"))
PICTURE = (
    "Straightened sagittal CT, plain and annotated; anterior is left, head is up. A body above grade 0 has its grade written "
    "beside it; dashed lines: not assessed"
)
WEAK = "* The norm of this level rests on few bodies."
MOST_EDITS, MOST_COMMENT = 6, 500
"""Edits, and characters, that stand above the finding; more of them stand below the table."""
READER = "reader: points, name or assessability of this body were set by the reader."
DOUBT = f"? The name of this level is less sure than {100 * UNCERTAIN_LEVEL:.0f} %."
Anything = TypeVar("Anything")


@dataclass(frozen=True)
class Deformity:
    """One body that lost height.

    Attributes:
        heading: level, shape and grade.
        grade: 1 to 3.
        lines: what was measured.
    """

    heading: str
    grade: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Reviewed:
    """What a reader made of the report.

    Attributes:
        decision: decides the frame around the words.
        headline: who decided what, when, in which version.
        confirmed: which level names the reader confirmed; empty where none.
        comment: the reader's own words, where they are few.
        edits: against what the model said, where they are few.
        pointer: to ``longer``; empty without it.
        longer: comment and edits that would push the finding off the first page.
    """

    decision: str
    headline: str
    confirmed: str
    comment: str
    edits: tuple[str, ...]
    pointer: str
    longer: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """The page.

    Attributes:
        title: of the document.
        verdict: ``fracture``, ``mild``, ``none`` or ``unclear``; decides the colour beside the words.
        statement: the finding sentence, or why there is none.
        deformities: worst first.
        largest: the largest loss, where no body reached grade 1.
        facts: name and value of what is said of the whole scan.
        unassessed: level and reason.
        level_names: how sure they are.
        density: attenuation with its conditions.
        mimics: what else may look like a fracture; empty without a deformity.
        picture_text: what the picture shows, for who cannot see it.
        caption: of the picture.
        rows: the table, head to feet.
        with_hu: whether the table has a column for attenuation.
        notes: to the table.
        messages: severity and text.
        provenance: name and value.
        disclaimer: stands on every page.
        review: what a reader made of it; None where nobody saved anything.
    """

    title: str
    verdict: str
    statement: str
    deformities: tuple[Deformity, ...]
    largest: str
    facts: tuple[tuple[str, str], ...]
    unassessed: tuple[tuple[str, str], ...]
    level_names: tuple[str, ...]
    density: tuple[str, ...]
    mimics: str
    picture_text: str
    caption: str
    rows: tuple[Row, ...]
    with_hu: bool
    notes: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    provenance: tuple[tuple[str, str], ...]
    disclaimer: str = DISCLAIMER
    review: Reviewed | None = None


def content_of(report: r.Report) -> Content:
    """The page of a report; every text is free of control characters (`plain`)."""
    entries = report.vertebrae
    rows, shared = rows_of(report)
    bent = sorted((e for e in entries if e.grade), key=lambda e: -(e.loss or 0.0))
    content = Content(
        title=f"endplate report: {report.source.name}",
        verdict=_verdict(report),
        statement=statement(report),
        deformities=tuple(_deformity(e, row) for e in bent for row in rows if row.entry == entries.index(e)),
        largest=_largest(report),
        facts=facts_of(report),
        unassessed=tuple((e.level or "unnamed level", e.reason or "not assessable") for e in entries if not e.assessable),
        level_names=level_names_of(report),
        density=density_of(report),
        mimics=MIMICS if bent else "",
        picture_text=_picture_text(report),
        caption=PICTURE + ("; square points: set by the reader." if any(e.set_by_reader for e in entries) else "."),
        rows=rows,
        with_hu=any(e.hu is not None for e in entries),
        notes=_notes(rows, shared),
        messages=tuple((m.severity, m.text) for m in report.messages if not is_reason(report, m)),
        provenance=provenance_of(report),
        disclaimer=disclaimer(report.review),
        review=_review(report),
    )
    return cleaned(content)


def statement(report: r.Report) -> str:
    """The finding sentence; without a spine, or of a refused scan, the reason."""
    if report.summary is not None:
        return report.summary.sentence
    reasons = " ".join(m.text for m in report.messages if is_reason(report, m))
    if report.status == "refused":
        return f"Refused, nothing was measured: {reasons}"
    return f"{reasons[:1].upper()}{reasons[1:]}." if reasons else "No spine was found."


def is_reason(report: r.Report, message: r.Message) -> bool:
    """Whether a message is the statement already."""
    return report.summary is None and (message.severity == "error" or message.code == "no_spine")


def plain(text: str) -> str:
    r"""A text without control characters, without characters that turn the writing direction, and encodable in UTF-8.

    >>> plain("T12\x00 \u202eevil\ud800 caf\u00e9")
    'T12 evil? café'
    """
    encodable = text.encode("utf-8", "replace").decode()
    kept = (" " if c in "\t\r\n\x85\u2028\u2029" else c for c in encodable)
    return "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cs") and c not in _TURNS)


_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def cleaned(value: Anything) -> Anything:
    """The same dataclass, tuple, list, dict or text with every text in it made `plain`."""
    return with_texts(value, plain)


def with_texts(value: Anything, change: Callable[[str], str]) -> Anything:
    """The same dataclass, tuple, list, dict or text with every text in it changed."""
    made: Any = value
    if isinstance(value, str):
        made = change(value)
    elif isinstance(value, tuple):
        made = tuple(with_texts(v, change) for v in value)
    elif isinstance(value, list):
        made = [with_texts(v, change) for v in value]
    elif isinstance(value, dict):
        made = {k: with_texts(v, change) for k, v in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(value, **{f.name: with_texts(getattr(value, f.name), change) for f in fields(value)})
    return made


def _review(report: r.Report) -> Reviewed | None:
    state = report.review
    if state is None:
        return None
    comment, edits = state.comment.strip(), state.edits
    longer: tuple[str, ...] = ()
    pointer = ""
    if len(comment) > MOST_COMMENT:
        comment, longer, pointer = "", (f"Comment: {comment}",), "A comment"
    if len(edits) > MOST_EDITS or sum(map(len, edits)) > MOST_COMMENT:
        pointer = f"{len(edits)} edits against what the model said" + (" and a comment" if longer else "")
        edits, longer = (), (*longer, *edits)
    see = pointer and f"{pointer}: see Review, below."
    return Reviewed(state.decision, headline(state), confirmation(state), comment, edits, see, longer)


def _verdict(report: r.Report) -> str:
    summary = report.summary
    if summary is None or not summary.assessed:
        return "unclear"
    return "fracture" if summary.fractures else "mild" if summary.mild_deformities else "none"


def _deformity(entry: r.Entry, row: Row) -> Deformity:
    grade = entry.grade or 0
    kind = "fracture" if grade > 1 else "deformity, indeterminate"
    heading = f"{entry.level or 'Unnamed level'}: {entry.shape} {kind}, grade {grade} ({GRADE_NAMES[grade]})"
    heights = (
        f"{name} {height.mm} mm" + (f" ({height.share} {of})" if height.share else "")
        for (name, of), height in zip(EXPECTED_FROM, row.heights, strict=True)
    )
    chances = ", ".join(f"{GRADE_NAMES[i]} {p}" for i, p in enumerate(row.probabilities))
    lines = [f"Height loss {row.loss} %, 95 % interval {row.interval} %", f"Heights: {', '.join(heights)}"]
    lines += [f"Probability: {chances}"] if chances else []
    lines += [f"Attenuation {row.hu} HU"] if row.hu else []
    lines += [SET_BY_READER.capitalize()] if row.by_reader else []
    if entry.level is not None and entry.level_confidence < UNCERTAIN_LEVEL:
        lines.append(f"The name {entry.level} is right with a probability of {chance(entry.level_confidence)}")
    return Deformity(heading, grade, tuple(lines))


def _largest(report: r.Report) -> str:
    summary = report.summary
    if summary is None or summary.worst_grade != 0 or summary.worst_loss is None:
        return ""
    worst = max((e for e in report.vertebrae if e.loss is not None), key=lambda e: e.loss or 0.0)
    low, high = worst.loss_interval_95 or (summary.worst_loss, summary.worst_loss)
    loss = f"{100 * (worst.loss or 0.0):.0f} % (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    return f"No body lost 20 % or more. Largest loss: {worst.level or 'unnamed level'}, {loss}."


def _picture_text(report: r.Report) -> str:
    named = [e.level for e in report.vertebrae if e.level]
    span = f" from {named[0]} to {named[-1]}" if named else ""
    marked = "; ".join(f"{e.level or 'unnamed level'} grade {e.grade}" for e in report.vertebrae if e.grade)
    graded = f" Graded above 0: {marked}." if marked else " No body is graded above 0." if named else ""
    return (
        f"Straightened sagittal CT of the spine{span}, plain and with six points and three height lines on each body; "
        f"anterior is left, head is up.{graded} The numbers stand in the table."
    )


def _notes(rows: Iterable[Row], shared: bool) -> tuple[str, ...]:
    said = list(rows)
    if not said:
        return ()
    notes = [SHARES if shared else NO_SHARES, SCALE]
    notes += [WEAK] if any("*" in row.marks for row in said) else []
    notes += [READER] if any(row.by_reader for row in said) else []
    notes += [DOUBT] if any("?" in row.marks for row in said) else []
    return tuple(notes)
