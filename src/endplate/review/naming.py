"""How sure level names are once a reader has seen them: given by the reader, confirmed by the reader, or as the model left them."""

from __future__ import annotations

from dataclasses import replace

from endplate.anatomy import Vertebra
from endplate.densitometry.opportunistic import NAME_IN_DOUBT, SURE_LEVEL
from endplate.labelling.name import Labelling
from endplate.report.build import DOUBTED_NAMES
from endplate.report.report import Entry, Overall, Report
from endplate.report.sentence import UNCERTAIN_LEVEL, without_doubt
from endplate.review.document import Review, ReviewVertebra


def entry_of(report: Report, v: ReviewVertebra) -> Entry | None:
    """The model's vertebra that one of the review came from; None where the reader added it."""
    return None if v.model_index is None else report.vertebrae[v.model_index]


def is_readers(v: ReviewVertebra, entry: Entry | None) -> bool:
    """Whether the reader stands by a name: gave it, took the model's away, or confirmed it."""
    return entry is None or v.level != entry.level or v.level_confirmed


def confidence(v: ReviewVertebra, entry: Entry | None) -> float:
    """Probability of a name: the model's where the reader said nothing of it, else 1, and 0 for none."""
    if entry is None or is_readers(v, entry):
        return float(v.level is not None)
    return entry.level_confidence


def is_settled(report: Report, review: Review) -> bool:
    """Whether a reader stands by every name: only then does the model's doubt of the whole count fall away.

    A body that bears no name says nothing of the count, unless none bears one.
    """
    readers = [(v.level is not None, is_readers(v, entry_of(report, v))) for v in review.vertebrae]
    named = [by_reader for is_named, by_reader in readers if is_named]
    return all(named) if named else bool(readers) and all(by_reader for _, by_reader in readers)


def labelling_of(report: Report, bodies: tuple[Vertebra, ...], review: Review) -> tuple[Labelling, bool]:
    """How sure the names of all bodies together are, and whether a reader stands by them all."""
    before, settled = report.levels, is_settled(report, review)
    by_reader = settled or bool(before and before.given_by_reader)
    if before is None or settled:
        return Labelling(bodies, 1.0, None, 0.0), by_reader
    same_top = bool(bodies) and bodies[0].level == before.top
    alternative, probability = (before.alternative, before.alternative_probability) if same_top else (None, 0.0)
    return Labelling(bodies, before.confidence, alternative, probability), by_reader


def with_confirmed_names(report: Report, review: Review) -> Report:
    """The model's report with its names as sure as a reader makes them who edits nothing.

    Points, heights, losses, intervals, grades and their probabilities stay the model's to the digit: how sure a name is enters
    none of them. It changes the names' own probabilities, the doubt of the count, its message, and where words speak of a doubt.

    Args:
        report: as the model wrote it.
        review: of it, without edits.
    """
    if not any(v.level_confirmed for v in review.vertebrae):
        return report
    seen = {v.model_index: v for v in review.vertebrae}
    entries = tuple(replace(e, level_confidence=confidence(seen[i], e)) for i, e in enumerate(report.vertebrae))
    new = replace(report, vertebrae=entries, summary=_summary(report.summary, entries))
    if report.levels is None or not is_settled(report, review):
        return new
    certain = replace(
        report.levels, confidence=1.0, uncertain=False, alternative=None, alternative_probability=0.0, given_by_reader=True
    )
    return replace(new, levels=certain, messages=tuple(m for m in report.messages if m.code != DOUBTED_NAMES))


def _summary(summary: Overall | None, entries: tuple[Entry, ...]) -> Overall | None:
    """The model's words without doubts that nobody has any more."""
    if summary is None:
        return None
    said, density = summary.sentence, summary.density
    if not any(e.level_confidence < UNCERTAIN_LEVEL for e in entries if e.grade is not None):
        said = without_doubt(said)
    if density is not None and all(e.level_confidence >= SURE_LEVEL for e in entries if e.level == density.level):
        density = replace(density, conditions=tuple(c for c in density.conditions if not c.startswith(NAME_IN_DOUBT)))
    return replace(summary, sentence=said, density=density)
