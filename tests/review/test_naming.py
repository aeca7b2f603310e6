"""A reader who counts the vertebrae and finds the model's names right says so, and nobody calls them uncertain any more."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.anatomy import Vertebra
from endplate.morphometry.norms import EXPERTS, shipped
from endplate.report.page_facts import level_names_of
from endplate.report.report import Entry, Message, OpportunisticDensity, Report
from endplate.review.apply import reviewed
from endplate.review.document import Review, opened
from endplate.review.naming import is_settled
from endplate.review.shift import shifted
from report.conftest import chest, report_of
from review.test_apply import NORMS, SIGNED, added, edited, moved
from strategies import chains


def doubted(sure: float = 0.4, alternative: str | None = "T5") -> Report:
    """T8 fractured; all names in doubt, one by one and together."""
    made = report_of(chest({"T8": (0.6, 0.8, 1.0)}, cut=("T4",), sure=sure), confidence=sure, alternative=alternative)
    return replace(made, software=replace(made.software, norms=NORMS.name))


def confirmed(review: Review, *levels: str) -> Review:
    """The names that the reader says are right; all that there are where none is given."""
    bodies = (replace(v, level_confirmed=v.level is not None and (not levels or v.level in levels)) for v in review.vertebrae)
    return replace(review, vertebrae=tuple(bodies))


def numbers(entry: Entry) -> Entry:
    """All of an entry but how sure its name is."""
    return replace(entry, level_confidence=0.0)


def test_confirmed_names_are_in_doubt_nowhere() -> None:
    report = doubted()
    got = reviewed(report, confirmed(opened(report)), NORMS)
    assert got.levels is not None
    assert report.levels is not None
    assert report.levels.uncertain
    assert (got.levels.uncertain, got.levels.confidence, got.levels.given_by_reader) == (False, 1.0, True)
    assert (got.levels.top, got.levels.alternative, got.levels.alternative_probability) == ("T4", None, 0.0)
    assert "levels_uncertain" in [m.code for m in report.messages]
    assert [m.code for m in got.messages] == ["reader"]
    assert {e.level_confidence for e in got.vertebrae} == {1.0}
    assert report.summary is not None
    assert got.summary is not None
    assert f"{got.summary.sentence} Level names are uncertain." == report.summary.sentence
    assert level_names_of(got) == ("Names were confirmed by a reader: the first vertebra is T4.",)


def test_a_confirmation_is_no_edit() -> None:
    report = doubted()
    review = replace(confirmed(opened(report)), decision="accepted", **SIGNED)
    got = reviewed(report, review, NORMS)
    assert got.review is not None
    assert (got.review.edits, got.review.confirmed) == ((), ("T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12"))
    assert not any(e.set_by_reader for e in got.vertebrae)
    with pytest.raises(ValueError, match="expected 'accepted' without edits"):
        reviewed(report, replace(review, decision="accepted_with_edits"), NORMS)
    assert Report.from_json(got.to_json()) == got


@settings(deadline=None)
@given(chains(), st.data())
def test_every_number_stays_the_models_whatever_is_confirmed(bodies: tuple[Vertebra, ...], data: st.DataObject) -> None:
    made = report_of(bodies, confidence=bodies[0].level_confidence)
    report = replace(made, software=replace(made.software, norms=NORMS.name))
    names = [v.level or "" for v in bodies]
    some = data.draw(st.sets(st.sampled_from(names), min_size=1))
    got = reviewed(report, confirmed(opened(report), *some), NORMS)
    assert [numbers(e) for e in got.vertebrae] == [numbers(e) for e in report.vertebrae]
    assert [e.level_confidence for e in got.vertebrae] == [1.0 if e.level in some else e.level_confidence for e in report.vertebrae]
    assert got.levels is not None
    assert (got.levels != report.levels) == (len(some) == len(names))
    assert got.summary is not None
    assert report.summary is not None
    assert replace(got.summary, sentence="") == replace(report.summary, sentence="")
    assert report.summary.sentence.removesuffix(" Level names are uncertain.") in got.summary.sentence


def test_some_confirmed_names_leave_the_count_in_doubt() -> None:
    report = doubted()
    got = reviewed(report, confirmed(opened(report), "T8", "T9"), NORMS)
    assert (got.levels, got.messages) == (report.levels, report.messages)
    assert got.summary is not None
    assert got.summary.sentence.endswith("Level names are uncertain.")
    assert got.review is not None
    assert got.review.confirmed == ("T8", "T9")


def test_confirmed_and_given_names_together_settle_the_count() -> None:
    report = doubted()
    review = edited(opened(report), "T12", lambda v: replace(v, level="L1"))
    others = confirmed(review, "T4", "T5", "T6", "T7", "T8", "T9", "T10")
    assert not is_settled(report, others)
    whole = confirmed(review, *(v.level or "" for v in review.vertebrae if v.level != "L1"))
    got = reviewed(report, whole, NORMS)
    assert got.levels is not None
    assert (got.levels.uncertain, got.levels.given_by_reader) == (False, True)
    assert not [m for m in got.messages if m.code == "levels_uncertain"]
    assert got.review is not None
    assert got.review.edits == ("L1 renamed from T12",)
    assert [e.set_by_reader for e in got.vertebrae] == [False] * 8 + [True]
    assert level_names_of(got) == ("Names were given or confirmed by a reader: the first vertebra is T4.",)


def test_a_body_without_a_name_is_nobodys_doubt_of_the_count() -> None:
    made = doubted()
    report = replace(made, vertebrae=(replace(made.vertebrae[0], level=None, level_confidence=0.0), *made.vertebrae[1:]))
    assert not is_settled(report, opened(report))
    assert is_settled(report, confirmed(opened(report)))
    nameless = replace(opened(report), vertebrae=tuple(replace(v, level=None) for v in opened(report).vertebrae[1:]))
    assert is_settled(report, nameless)  # the reader took every name away
    assert not is_settled(report, replace(opened(report), vertebrae=opened(report).vertebrae[:1]))


def test_edits_beside_confirmed_names_are_graded_as_ever() -> None:
    report = doubted()
    review = moved(opened(report), "T10", "anterior", 0, (0.0, 0.0, -4.9))
    plain, got = reviewed(report, review, NORMS), reviewed(report, confirmed(review), NORMS)
    assert [numbers(e) for e in got.vertebrae] == [numbers(e) for e in plain.vertebrae]
    assert got.levels is not None
    assert not got.levels.uncertain
    assert got.review is not None
    assert plain.review is not None
    assert (got.review.edits, len(got.review.confirmed)) == (plain.review.edits, 9)
    # the same way as without edits
    kept = reviewed(report, confirmed(opened(report)), NORMS)
    assert (got.levels, got.messages) == (kept.levels, kept.messages)


def test_other_norms_keep_what_was_confirmed() -> None:
    report = doubted()
    got = reviewed(report, confirmed(opened(report)), shipped(EXPERTS))
    assert got.levels is not None
    assert (got.software.norms, got.levels.uncertain) == (EXPERTS, False)


def test_another_name_is_not_the_one_that_was_confirmed() -> None:
    review = confirmed(opened(doubted()))
    there = shifted(review, 1)
    assert not any(v.level_confirmed for v in there.vertebrae)
    assert shifted(there, -1) == opened(doubted())
    nameless = opened(replace(doubted(), vertebrae=(replace(doubted().vertebrae[0], level=None),)))
    assert shifted(nameless, 1) == nameless


def test_an_added_body_that_is_confirmed_is_the_readers_as_ever() -> None:
    report = doubted()
    model = replace(report, vertebrae=tuple(e for e in report.vertebrae if e.level != "T6"))
    got = reviewed(model, confirmed(added(opened(model), opened(report).vertebrae[2], "T6")), NORMS)
    assert got.review is not None
    assert got.review.edits == ("vertebra between T5 and T7 added as T6",)
    assert [e.set_by_reader for e in got.vertebrae] == [False, False, True, *[False] * 6]
    assert got.levels is not None
    assert not got.levels.uncertain


def test_the_density_of_a_confirmed_level_is_no_longer_limited_by_its_name() -> None:
    made = doubted()
    assert made.summary is not None
    said = ("L1 is not used: not in view", "measured at T12; the thresholds were set at L1", "the level's name is uncertain (40%)")
    density = OpportunisticDensity("T12", 140.0, None, said)
    report = replace(made, summary=replace(made.summary, density=density))

    def conditions(review: Review) -> tuple[str, ...]:
        got = reviewed(report, review, NORMS)
        assert got.summary is not None
        assert got.summary.density is not None
        return got.summary.density.conditions

    assert conditions(confirmed(opened(report))) == said[:2]
    assert conditions(confirmed(opened(report), "T11")) == said


def test_other_messages_stay_where_they_were() -> None:
    made = doubted()
    report = replace(made, messages=(*made.messages, Message("html_failed", "warning", "no page")))
    assert [m.code for m in reviewed(report, confirmed(opened(report)), NORMS).messages] == ["reader", "html_failed"]


def test_documents_from_before_say_that_nothing_is_confirmed() -> None:
    review = opened(doubted())
    content = json.loads(review.to_json())
    for v in content["vertebrae"]:
        del v["level_confirmed"]
    assert Review.from_dict(content) == review
    assert Review.from_json(confirmed(review).to_json()) == confirmed(review)
