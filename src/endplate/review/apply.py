"""A model's report and a reader's review -> the report as the reader leaves it, graded by the same rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra
from endplate.densitometry import Attenuation
from endplate.morphometry.measure import measure
from endplate.morphometry.norms import Norms
from endplate.report.build import DOUBTED_NAMES, Context, build_report
from endplate.report.report import Entry, Report
from endplate.report.review_state import ReviewState
from endplate.review.document import Review, ReviewVertebra, spread_of
from endplate.review.edits import edits, is_changed, moved_mm
from endplate.review.naming import confidence, entry_of, labelling_of, with_confirmed_names

Floats = NDArray[np.floating]
READER_SD_MM = 0.5
"""Standard deviation along the spine of a point that a reader set.

From the public expert annotation (Zakharov et al. 2023; 3,239 pairs of readings of one body): the difference of two experts'
points along the body's axis has a standard deviation of 0.64 mm, that of their heights 1.05 mm. One reader's point is as far
off as two readers' difference over sqrt(2): 0.44 to 0.47 mm over the six points; one of a height's two points is off by that
difference over 2: 0.52 to 0.53 mm. Taken as 0.5 mm for all (tests/review/test_reader_sd.py works it out again).
"""
REASON_NOT_READ = "not measured again: the reader moved or added this body"
NAN = float("nan")


def reviewed(report: Report, review: Review, norms: Norms) -> Report:
    """The report as the reader leaves it.

    Args:
        report: as the model wrote it.
        review: opened from this report.
        norms: the table that the report names; with another one all is graded anew by it.

    Returns:
        Measured and worded anew from the review's points and names, with its state. What the reader left as it was keeps the
        model's deviations and attenuation. A review without edits changes nothing but the state and, where it confirms names, how
        sure these are (`endplate.review.naming.with_confirmed_names`). With edits, numbers of unchanged bodies can differ in their
        last digit from the model's, whose points were not rounded, and more where a neighbour was changed.

    Raises:
        ValueError: if the review does not fit the report, or was signed with a decision that its edits contradict.
    """
    said = edits(report, review)
    _check_decision(review, said)
    confirmed = tuple(v.level for v in review.vertebrae if v.level_confirmed and v.level)
    state = ReviewState(review.decision, review.version, review.reader, review.signed_at, review.comment, said, confirmed)
    if not said and (not report.vertebrae or norms.name == report.software.norms):
        return replace(with_confirmed_names(report, review), review=state)
    findings = measure([_body(report, v) for v in review.vertebrae], norms=norms)
    context = Context(
        replace(report.software, norms=norms.name),
        report.source,
        tuple(m for m in report.messages if m.code not in (DOUBTED_NAMES, "no_spine")),
        report.timing_s,
        _attenuations(report, review),
    )
    labelling, by_reader = labelling_of(report, tuple(f.vertebra for f in findings), review)
    course = np.array(report.centreline_lps_mm, float).reshape(-1, 3)
    if not len(course):
        course = np.array([v.points_mm.mean((0, 1)) for v in review.vertebrae]).reshape(-1, 3)
    new = build_report(findings, labelling, course, context, by_reader)
    entries = tuple(replace(e, set_by_reader=_set(report, v)) for e, v in zip(new.vertebrae, review.vertebrae, strict=True))
    return replace(new, vertebrae=entries, review=state)


def _check_decision(review: Review, said: tuple[str, ...]) -> None:
    if review.decision == "accepted" and said:
        raise ValueError(f"decision: expected 'accepted_with_edits' with {len(said)} edits (the first: {said[0]}), got 'accepted'")
    if review.decision == "accepted_with_edits" and not said:
        raise ValueError("decision: expected 'accepted' without edits, got 'accepted_with_edits'")


def _set(report: Report, v: ReviewVertebra) -> bool:
    entry = entry_of(report, v)
    return entry is None or is_changed(v, entry)


def _body(report: Report, v: ReviewVertebra) -> Vertebra:
    """The body with a reader's deviation at every point that was moved or added, the model's elsewhere."""
    entry = entry_of(report, v)
    if entry is None:
        return Vertebra(v.points_mm, np.full((3, 2), READER_SD_MM), v.level, confidence(v, None), doubt=v.not_assessable)
    spread = np.where(moved_mm(v, entry) > 0, READER_SD_MM, spread_of(entry))
    return Vertebra(v.points_mm, spread, v.level, confidence(v, entry), entry.score, entry.complete, v.not_assessable)


def _attenuations(report: Report, review: Review) -> tuple[Attenuation, ...]:
    """Of the review's bodies; none where the report measured none."""
    if not any(e.hu or e.hu_reason for e in report.vertebrae):
        return ()
    return tuple(_attenuation(entry_of(report, v), v) for v in review.vertebrae)


def _attenuation(entry: Entry | None, v: ReviewVertebra) -> Attenuation:
    if entry is None or moved_mm(v, entry).any():
        return Attenuation(NAN, NAN, NAN, REASON_NOT_READ)
    if entry.hu is None:
        return Attenuation(NAN, NAN, NAN, entry.hu_reason or "not measured")
    return Attenuation(entry.hu.mean_hu, entry.hu.sd_hu, entry.hu.area_mm2)
