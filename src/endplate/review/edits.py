"""What a review changes against the model's report, a sentence for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import COLUMNS
from endplate.report.report import Entry, Report
from endplate.review.document import Review, ReviewVertebra, model_doubt, points_of
from endplate.review.shift import neighbours_name

Floats = NDArray[np.floating]
ENDPLATES = ("superior", "inferior")
UNMOVED_MM = 0.005
"""Reports round points to 0.001 mm; what moved by less than this was not moved."""


def moved_mm(vertebra: ReviewVertebra, entry: Entry) -> Floats:
    """By how many mm each point (3, 2) was moved; 0 where it was not."""
    away = np.linalg.norm(vertebra.points_mm - points_of(entry.points_lps_mm), axis=-1)
    return np.where(away < UNMOVED_MM, 0.0, away)


def is_changed(vertebra: ReviewVertebra, entry: Entry) -> bool:
    """Whether the reader changed a model vertebra's points, its name, or whether it may be graded."""
    moved = moved_mm(vertebra, entry).any()
    return bool(moved or vertebra.level != entry.level or vertebra.not_assessable != model_doubt(entry))


def check_against(report: Report, review: Review) -> None:
    """That a review fits a report.

    Raises:
        ValueError: if it refers to a vertebra that the report does not have, or the report is of a refused scan.
    """
    if report.status == "refused":
        raise ValueError("report: expected one of a scan that was measured, got status 'refused'")
    most = len(report.vertebrae)
    for i, v in enumerate(review.vertebrae):
        if v.model_index is not None and v.model_index >= most:
            raise ValueError(
                f"vertebrae[{i}].model_index: expected null or an index below {most}, the number of the report's vertebrae, "
                f"got {v.model_index}; take the report that this review was opened from"
            )


def edits(report: Report, review: Review) -> tuple[str, ...]:
    """One sentence for each change against what the model said; none where the reader left all as it was.

    Raises:
        ValueError: if the review does not fit the report.
    """
    check_against(report, review)
    said = list(_shift(report, review))
    renamed_together = bool(said)
    kept = {v.model_index for v in review.vertebrae}
    for i, v in enumerate(review.vertebrae):
        if v.model_index is None:
            said.append(_added(review.vertebrae, i))
            said += _set_aside(_name(v.level), None, v.not_assessable)
        else:
            said += _of_model(v, report.vertebrae[v.model_index], renamed_together)
    deleted = [e for i, e in enumerate(report.vertebrae) if i not in kept]
    return (*said, *(f"{_name(e.level)} deleted" for e in deleted))


def _shift(report: Report, review: Review) -> list[str]:
    """A sentence where two or more names, and all of them, were moved by one: that is one edit, not many."""
    pairs = [(report.vertebrae[v.model_index].level, v.level) for v in review.vertebrae if v.model_index is not None]
    named = [(old, new) for old, new in pairs if old is not None and new is not None]
    if len(named) < 2 or any((old is None) != (new is None) for old, new in pairs):
        return []
    present = [old for old, _ in named]
    for by, way in ((1, "down"), (-1, "up")):
        if all(neighbours_name(old, by, present) == new for old, new in named):
            return [f"all level names moved {way} by one: {named[0][0]} is now {named[0][1]}"]
    return []


def _of_model(v: ReviewVertebra, entry: Entry, renamed_together: bool) -> list[str]:
    name, moved, said = _name(v.level), moved_mm(v, entry), []
    if v.level != entry.level and not renamed_together:
        said.append(f"{name} renamed from {_name(entry.level)}")
    if moved.all():
        said.append(f"{name}: all six points moved by {moved.min():.1f} to {moved.max():.1f} mm")
    else:
        said += [f"{name}: {COLUMNS[c]} {ENDPLATES[e]} point moved by {moved[c, e]:.1f} mm" for c, e in np.argwhere(moved).tolist()]
    return said + _set_aside(name, model_doubt(entry), v.not_assessable)


def _set_aside(name: str, before: str | None, after: str | None) -> list[str]:
    if before == after:
        return []
    return [
        f"{name} set as assessable, against the model's doubt ({before})"
        if after is None
        else f"{name} set as not assessable: {after}"
    ]


def _added(vertebrae: Sequence[ReviewVertebra], i: int) -> str:
    above = _name(vertebrae[i - 1].level) if i else None
    below = _name(vertebrae[i + 1].level) if i + 1 < len(vertebrae) else None
    place = " ".join(filter(None, (f"below {above}" if above else "", f"above {below}" if below else "")))
    if above and below:
        place = f"between {above} and {below}"
    called = f" as {vertebrae[i].level}" if vertebrae[i].level else ""
    return f"vertebra {place} added{called}" if place else f"vertebra added{called}"


def _name(level: str | None) -> str:
    return level or "unnamed level"
