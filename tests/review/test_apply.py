from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import endplate
from endplate.anatomy import COLUMNS, Vertebra
from endplate.morphometry.norms import EXPERTS, shipped
from endplate.report.report import Density, PointPairs, Report
from endplate.report.sentence import sentence
from endplate.review.apply import READER_SD_MM, REASON_NOT_READ, reviewed
from endplate.review.document import Review, ReviewVertebra, opened, spread_of
from endplate.review.edits import edits
from endplate.review.shift import shifted
from report.conftest import chest, report_of

NORMS = shipped()
SIGNED = {"reader": "Dr A. Reader", "signed_at": "2026-11-25T07:30:00+01:00"}


def report_with(fractures: dict[str, tuple[float, float, float]] | None = None, sure: float = 0.97) -> Report:
    made = report_of(chest(fractures, sure=sure), confidence=sure)
    return replace(made, software=replace(made.software, norms=NORMS.name))


def moved(review: Review, level: str, column: str, endplate_index: int, by: tuple[float, float, float]) -> Review:
    """One point of one body moved."""
    return edited(review, level, lambda v: replace(v, points_lps_mm=moved_points(v, column, endplate_index, by)))


def moved_points(v: ReviewVertebra, column: str, endplate_index: int, by: tuple[float, float, float]) -> PointPairs:
    pair = list(getattr(v.points_lps_mm, column))
    pair[endplate_index] = tuple(float(a + b) for a, b in zip(pair[endplate_index], by, strict=True))
    return replace(v.points_lps_mm, **{column: tuple(pair)})


def edited(review: Review, level: str, change: object) -> Review:
    return replace(review, vertebrae=tuple(change(v) if v.level == level else v for v in review.vertebrae))  # type: ignore[operator]


def without(review: Review, *levels: str) -> Review:
    return replace(review, vertebrae=tuple(v for v in review.vertebrae if v.level not in levels))


def added(review: Review, like: ReviewVertebra, level: str | None) -> Review:
    new = replace(like, id="r1", level=level, model_index=None)
    return replace(review, vertebrae=tuple(sorted((*review.vertebrae, new), key=lambda v: -v.points_mm[..., 2].mean())))


def test_a_review_without_edits_changes_nothing_but_the_state() -> None:
    report = report_with({"T8": (0.6, 0.8, 1.0)})
    got = reviewed(report, opened(report), NORMS)
    assert replace(got, review=None) == report
    assert got.review is not None
    assert (got.review.decision, got.review.version, got.review.edits) == ("draft", 1, ())


def test_a_moved_point_is_graded_as_measure_grades_it() -> None:
    report = report_with()
    review = moved(opened(report), "T8", "anterior", 0, (0.0, 0.0, -4.9))
    got = reviewed(report, review, NORMS)
    spread = np.array([spread_of(e) for e in report.vertebrae])
    spread[4, 0, 0] = READER_SD_MM
    bodies = [
        Vertebra(v.points_mm, s, v.level, e.level_confidence, e.score)
        for v, s, e in zip(review.vertebrae, spread, report.vertebrae, strict=True)
    ]
    found = endplate.measure(bodies)
    assert [e.grade for e in got.vertebrae] == [f.grade for f in found]
    assert [e.loss for e in got.vertebrae] == [round(f.loss, 4) for f in found]
    assert [e.loss_interval_95 for e in got.vertebrae] == [tuple(round(x, 4) for x in f.loss_interval_95) for f in found]
    assert got.summary is not None
    assert got.summary.sentence == sentence(found)
    assert (got.vertebrae[4].grade, report.vertebrae[4].grade) == (2, 0)
    assert "T8 wedge, grade 2" in got.summary.sentence
    assert [e.set_by_reader for e in got.vertebrae] == [False] * 4 + [True] + [False] * 4
    assert got.review is not None
    assert got.review.edits == ("T8: anterior superior point moved by 4.9 mm",)
    sd = got.vertebrae[4].points_sd_mm
    assert (sd.anterior, sd.middle) == ((READER_SD_MM, 0.5), (0.5, 0.5))


def test_only_moved_points_take_the_readers_deviation() -> None:
    made = report_with()
    wide = replace(made.vertebrae[4].points_sd_mm, **{c: (1.25, 1.25) for c in COLUMNS})
    entries = tuple(replace(e, points_sd_mm=wide) for e in made.vertebrae)
    report = replace(made, vertebrae=entries)
    got = reviewed(report, moved(opened(report), "T8", "posterior", 1, (0.0, 0.0, 1.0)), NORMS)
    assert got.vertebrae[4].points_sd_mm.posterior == (1.25, READER_SD_MM)
    assert got.vertebrae[4].points_sd_mm.anterior == (1.25, 1.25)
    assert got.vertebrae[3].points_sd_mm == wide


def test_moving_back_is_no_edit() -> None:
    report = report_with()
    there = moved(opened(report), "T8", "middle", 1, (0.0, 1.0, 2.0))
    assert reviewed(report, moved(there, "T8", "middle", 1, (0.0, -1.0, -2.0)), NORMS).review.edits == ()  # type: ignore[union-attr]


def test_every_kind_of_edit_has_its_sentence() -> None:
    report = report_with()
    review = opened(report)
    t6 = review.vertebrae[2]
    review = without(review, "T6", "T12")
    review = added(review, t6, None)
    review = moved(review, "T7", "middle", 1, (3.0, 0.0, 4.0))
    review = edited(review, "T9", lambda v: replace(v, level=None))
    review = edited(review, "T10", lambda v: replace(v, not_assessable="osteophytes hide the endplates"))
    review = edited(review, "T8", lambda v: replace(v, points_lps_mm=shift_all(v)))
    assert edits(report, review) == (
        "vertebra between T5 and T7 added",
        "T7: middle inferior point moved by 5.0 mm",
        "T8: all six points moved by 2.0 to 2.0 mm",
        "unnamed level renamed from T9",
        "T10 set as not assessable: osteophytes hide the endplates",
        "T6 deleted",
        "T12 deleted",
    )
    got = reviewed(report, review, NORMS)
    assert [e.set_by_reader for e in got.vertebrae] == [False, False, True, True, True, True, True, False]
    assert got.vertebrae[6].reason == "osteophytes hide the endplates"
    assert got.summary is not None
    assert "T10 (osteophytes hide the endplates)" in got.summary.sentence
    assert Report.from_json(got.to_json()) == got


def shift_all(v: ReviewVertebra) -> PointPairs:
    pairs = v.points_mm + np.array([0.0, 2.0, 0.0])
    return PointPairs(*[(tuple(map(float, p[0])), tuple(map(float, p[1]))) for p in pairs])  # type: ignore[arg-type]


def test_an_added_vertebra_is_the_readers() -> None:
    report = report_with()
    model = replace(report, vertebrae=tuple(e for e in report.vertebrae if e.level != "T6"))
    review = added(opened(model), opened(report).vertebrae[2], "T6")
    got = reviewed(model, review, NORMS)
    assert got.review is not None
    assert got.review.edits == ("vertebra between T5 and T7 added as T6",)
    new = got.vertebrae[2]
    assert (new.level, new.level_confidence, new.score, new.set_by_reader, new.grade) == ("T6", 1.0, 1.0, True, 0)
    assert new.points_sd_mm.middle == (READER_SD_MM, READER_SD_MM)


@pytest.mark.parametrize(("where", "said"), [(0, "vertebra above T5 added as T4"), (8, "vertebra below T11 added as T12")])
def test_a_vertebra_added_at_an_end_says_where(where: int, said: str) -> None:
    full = report_with()
    model = replace(full, vertebrae=tuple(e for i, e in enumerate(full.vertebrae) if i != where))
    assert edits(model, added(opened(model), opened(full).vertebrae[where], full.vertebrae[where].level)) == (said,)


def test_a_doubt_of_the_model_can_be_overruled() -> None:
    bodies = chest({"T8": (0.6, 0.8, 1.0)})
    bodies[4] = replace(bodies[4], doubt="metal or cement in the body")
    report = report_of(bodies)
    assert report.vertebrae[4].grade is None
    got = reviewed(report, edited(opened(report), "T8", lambda v: replace(v, not_assessable=None)), NORMS)
    assert got.vertebrae[4].grade == 3
    assert got.review is not None
    assert got.review.edits == ("T8 set as assessable, against the model's doubt (metal or cement in the body)",)


def test_a_cut_body_stays_cut() -> None:
    report = report_of(chest(cut=("T12",)))
    got = reviewed(report, moved(opened(report), "T12", "anterior", 1, (0.0, 0.0, 1.0)), NORMS)
    assert got.vertebrae[8].reason == "cut by the field of view"


def test_all_names_shift_by_one_as_one_edit() -> None:
    report = report_with(sure=0.5)
    assert report.levels is not None
    assert report.levels.uncertain
    review = shifted(opened(report), 1)
    assert [v.level for v in review.vertebrae] == ["T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1"]
    got = reviewed(report, review, NORMS)
    assert got.review is not None
    assert got.review.edits == ("all level names moved down by one: T4 is now T5",)
    # a reader gave all names: nothing is uncertain any more, in no place
    assert got.levels is not None
    assert (got.levels.given_by_reader, got.levels.uncertain, got.levels.top, got.levels.alternative) == (True, False, "T5", None)
    assert not [m for m in got.messages if m.code == "levels_uncertain"]
    assert got.summary is not None
    assert "uncertain" not in got.summary.sentence
    assert shifted(review, -1) == opened(report)


def test_a_shift_is_one_edit_beside_an_unnamed_body() -> None:
    made = report_with()
    report = replace(made, vertebrae=(replace(made.vertebrae[0], level=None, level_confidence=0.0), *made.vertebrae[1:]))
    assert edits(report, shifted(opened(report), -1)) == ("all level names moved up by one: T5 is now T4",)


def test_one_name_of_many_leaves_the_others_uncertain() -> None:
    report = report_with(sure=0.5)
    got = reviewed(report, edited(opened(report), "T12", lambda v: replace(v, level="L1")), NORMS)
    assert got.levels is not None
    assert got.levels.uncertain
    assert [m.code for m in got.messages].count("levels_uncertain") == 1
    assert [e.level_confidence for e in got.vertebrae] == [0.5] * 8 + [1.0]


def test_a_shift_keeps_a_variant_and_stays_on_the_spine() -> None:
    review = opened(report_with())
    named = replace(review, vertebrae=tuple(replace(v, level=n) for v, n in zip(review.vertebrae, VARIANT, strict=True)))
    down = ["T9", "T10", "T11", "T12", "T13", "L1", "L2", None, "L4"]
    assert [v.level for v in shifted(named, 1).vertebrae] == down
    top = replace(review, vertebrae=(replace(review.vertebrae[0], level="C1"),))
    with pytest.raises(ValueError, match="C1 would leave them"):
        shifted(top, -1)
    with pytest.raises(ValueError, match=r"by: expected 1 .* got 2"):
        shifted(review, 2)


VARIANT = ("T8", "T9", "T10", "T11", "T12", "T13", "L1", None, "L3")


def test_density_stays_with_an_unmoved_body() -> None:
    made = report_with()
    hu = [Density(140.0 + i, 30.0, 200.0) for i in range(9)]
    entries = [replace(e, hu=h) for e, h in zip(made.vertebrae, hu, strict=True)]
    entries[0] = replace(entries[0], hu=None, hu_reason="too small")
    report = replace(made, vertebrae=tuple(entries))
    got = reviewed(report, moved(opened(report), "T8", "anterior", 0, (0.0, 0.0, -1.0)), NORMS)
    assert [e.hu for e in got.vertebrae] == [None, *hu[1:4], None, *hu[5:]]
    assert (got.vertebrae[0].hu_reason, got.vertebrae[4].hu_reason) == ("too small", REASON_NOT_READ)
    assert got.summary is not None
    assert got.summary.density is not None
    assert (got.summary.density.level, got.summary.density.mean_hu) == ("T12", 148.0)


def test_a_signed_review_carries_its_reader() -> None:
    report = report_with()
    state = reviewed(report, replace(opened(report), decision="accepted", version=3, comment="fine", **SIGNED), NORMS).review
    assert state is not None
    assert (state.decision, state.version, state.reader, state.comment) == ("accepted", 3, "Dr A. Reader", "fine")
    assert state.signed_at == "2026-11-25T07:30:00+01:00"


def test_a_decision_that_the_edits_contradict_is_refused() -> None:
    report = report_with()
    review = moved(opened(report), "T8", "anterior", 0, (0.0, 0.0, -4.9))
    with pytest.raises(ValueError, match="decision: expected 'accepted_with_edits' with 1 edits"):
        reviewed(report, replace(review, decision="accepted", **SIGNED), NORMS)
    with pytest.raises(ValueError, match="decision: expected 'accepted' without edits"):
        reviewed(report, replace(opened(report), decision="accepted_with_edits", **SIGNED), NORMS)
    assert reviewed(report, replace(review, decision="accepted_with_edits", **SIGNED), NORMS).review is not None
    assert reviewed(report, replace(review, decision="rejected", **SIGNED), NORMS).review is not None


def test_a_review_of_another_report_is_refused() -> None:
    report = report_with()
    small = replace(report, vertebrae=report.vertebrae[:3])
    with pytest.raises(ValueError, match=r"vertebrae\[3\].model_index: expected null or an index below 3"):
        reviewed(small, opened(report), NORMS)


def test_other_norms_grade_anew() -> None:
    report = report_with()
    got = reviewed(report, opened(report), shipped(EXPERTS))
    assert got.software.norms == EXPERTS
    assert got.vertebrae[4].ratios.ha_hp_z != report.vertebrae[4].ratios.ha_hp_z


def test_everything_can_be_deleted_and_a_spine_found_where_the_model_saw_none() -> None:
    report = report_with()
    got = reviewed(report, replace(opened(report), vertebrae=()), NORMS)
    assert got.summary is not None
    assert got.summary.sentence == "No vertebral body could be assessed."
    blind = replace(report, status="no_spine", vertebrae=(), levels=None, summary=None, centreline_lps_mm=())
    assert replace(reviewed(blind, opened(blind), shipped(EXPERTS)), review=None) == blind
    found = reviewed(blind, added(opened(blind), opened(report).vertebrae[0], "T4"), NORMS)
    assert (found.status, len(found.vertebrae), found.vertebrae[0].set_by_reader) == ("ok", 1, True)
    assert found.review is not None
    assert found.review.edits == ("vertebra added as T4",)
