from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from endplate.cli import exit_codes, run
from endplate.errors import InputRefused
from endplate.evaluation import evaluate_cases, read_cases
from endplate.morphometry.norms import shipped
from endplate.report.report import Report
from endplate.review.agreement import agreement, kappa
from endplate.review.apply import reviewed
from endplate.review.document import Review, opened
from endplate.review.truth import read_reviews, truth_content
from endplate.training.truth import read_truth
from report.conftest import chest, report_of
from review.test_apply import SIGNED, edited, moved, without

Change = Callable[[Review], Review]


def model(cut: tuple[str, ...] = ("T4",)) -> Report:
    made = report_of(chest({"T10": (0.65, 0.8, 1.0)}, cut=cut))
    return replace(made, software=replace(made.software, norms=shipped().name))


def lowered(review: Review) -> Review:
    return moved(review, "T8", "anterior", 0, (0.0, 0.0, -6.0))


def save(folder: Path, decision: str, change: Change = lambda r: r, report: Report | None = None) -> None:
    made = report or model()
    review = change(opened(made))
    if decision != "draft":
        review = replace(review, decision=decision, **SIGNED)
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(made.to_json())
    (folder / "review.json").write_text(review.to_json())


def test_signed_reviews_are_read_as_truth_by_training_and_evaluation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reviews, out = tmp_path / "reviews", tmp_path / "truth"
    save(reviews / "as-it-was", "accepted")
    save(reviews / "day-2" / "corrected", "accepted_with_edits", lambda r: without(lowered(r), "T12"))
    save(reviews / "open", "draft", lowered)
    save(reviews / "refused", "rejected")
    assert run(["export-truth", str(reviews), "--out", str(out)]) == exit_codes.OK
    said = capsys.readouterr().out
    assert "open: left out, not signed" in said
    assert "refused: left out, rejected by the reader" in said
    assert sorted(p.name for p in out.iterdir()) == ["agreement.json", "as-it-was", "day-2-corrected"]

    truth = read_truth(out / "day-2-corrected")
    corrected = without(lowered(opened(model())), "T12")
    # T4 is cut by the field of view: no truth, but a place that the column runs through
    assert truth.level.tolist() == [12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0]
    assert truth.points_mm == pytest.approx(np.array([v.points_mm for v in corrected.vertebrae[1:]]), abs=1e-3)
    assert truth.levels_certain
    assert truth.precise.all()
    assert len(truth.guide_mm) == 8
    assert truth.curve.length_mm > 100

    reports = tmp_path / "reports"
    for name, at in (("as-it-was", "as-it-was"), ("day-2-corrected", "day-2/corrected")):
        (reports / name).mkdir(parents=True)
        (reports / name / "report.json").write_text((reviews / at / "report.json").read_text())
    cases = read_cases(reports, out)
    assert [c.has_report for c in cases] == [True, True]
    scores = evaluate_cases(cases, 0).scores
    assert [len(s.missed) + len(s.extra) for s in scores] == [0, 0]
    assert run(["evaluate", str(reports), str(out), "--resamples", "0"]) == exit_codes.OK


def test_agreement_counts_what_readers_changed(tmp_path: Path) -> None:
    save(tmp_path / "a", "accepted")
    save(tmp_path / "b", "accepted_with_edits", lambda r: without(lowered(r), "T12"))
    save(tmp_path / "c", "accepted_with_edits", lambda r: edited(r, "T12", lambda v: replace(v, level="L1")))
    found = agreement(read_reviews(tmp_path))
    assert (found.scans, found.without_edits, found.vertebrae, found.added, found.deleted) == (3, 1, 26, 0, 1)
    assert (found.points, found.points_moved) == (156, 1)
    assert found.point_mm == pytest.approx(6.0 / 156, abs=1e-4)
    assert found.point_mm_p95 == 0.0
    assert found.height_mm == pytest.approx(6.0 / 78, abs=1e-3)
    assert found.levels_same == pytest.approx(25 / 26, abs=1e-4)
    # the reader alone sees a fracture of T8 in b; all see that of T10
    assert (found.graded, found.table) == (23, (19, 1, 0, 3))
    assert found.kappa == kappa((19, 1, 0, 3))


@pytest.mark.parametrize(
    ("table", "value"),
    [((10, 0, 0, 10), 1.0), ((5, 5, 5, 5), 0.0), ((0, 10, 10, 0), -1.0), ((20, 0, 0, 0), None), ((0,) * 4, None)],
)
def test_kappa_at_its_landmarks(table: tuple[int, int, int, int], value: float | None) -> None:
    assert kappa(table) == value


def test_no_reader_and_no_path_enters_the_truth(tmp_path: Path) -> None:
    save(tmp_path / "a", "accepted")
    text = json.dumps(truth_content(read_reviews(tmp_path)[0]))
    assert "Reader" not in text
    assert "/scans" not in text
    assert SIGNED["signed_at"] not in text


def test_a_body_that_was_set_aside_is_not_precise(tmp_path: Path) -> None:
    save(tmp_path / "a", "accepted_with_edits", lambda r: edited(r, "T8", lambda v: replace(v, not_assessable="Schmorl's node")))
    bodies = truth_content(read_reviews(tmp_path)[0])["vertebrae"]
    assert [(b["level"], b["note"]) for b in bodies if not b.get("precise", True)] == [("T8", "Schmorl's node")]
    assert [b["level"] for b in bodies if b["set_by_reader"]] == ["T8"]


def test_names_that_are_still_uncertain_say_so(tmp_path: Path) -> None:
    made = report_of(chest(sure=0.5), confidence=0.5)
    save(tmp_path / "a", "accepted", report=replace(made, software=replace(made.software, norms=shipped().name)))
    assert truth_content(read_reviews(tmp_path)[0])["levels_certain"] is False


def test_names_that_a_reader_confirmed_are_certain(tmp_path: Path) -> None:
    made = report_of(chest(sure=0.5), confidence=0.5)
    report = replace(made, software=replace(made.software, norms=shipped().name))

    def right(review: Review) -> Review:
        return replace(review, vertebrae=tuple(replace(v, level_confirmed=True) for v in review.vertebrae))

    save(tmp_path / "a", "accepted", right, report=report)
    (scan,) = read_reviews(tmp_path)
    truth = truth_content(scan)
    assert truth["levels_certain"] is True
    assert not any(v["set_by_reader"] for v in truth["vertebrae"])
    found = agreement([scan])
    assert (found.without_edits, found.levels_same, found.points_moved) == (1, 1.0, 0)


def test_a_gap_in_the_chain_keeps_a_scan_out(tmp_path: Path) -> None:
    save(tmp_path / "a", "accepted_with_edits", lambda r: edited(r, "T8", lambda v: replace(v, level=None)))
    save(tmp_path / "b", "accepted", report=model(cut=("T7",)))
    save(tmp_path / "c", "accepted_with_edits", lambda r: replace(r, vertebrae=()))
    assert [s.reason_against for s in read_reviews(tmp_path)] == [
        "a vertebra between T5 and T12 has no name",
        "T7 between T4 and T12 counts as cut by the field of view; delete it and add it anew",
        "no vertebra is whole and named",
    ]


def refused(folder: Path) -> str:
    with pytest.raises(InputRefused) as caught:
        read_reviews(folder)
    return f"{caught.value.code}: {caught.value.message}"


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    assert "no_review" in refused(tmp_path)
    save(tmp_path / "a", "accepted")
    review = tmp_path / "a" / "review.json"
    review.write_text(review.read_text().replace('"version": 1', '"version": 0'))
    assert "version: expected an integer from 1" in refused(tmp_path)
    review.write_bytes(b"\xff\xfe")
    assert "bad_review" in refused(tmp_path)
    (tmp_path / "a" / "report.json").unlink()
    assert "no report.json beside it" in refused(tmp_path)


def test_a_report_that_is_not_the_models_own_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a", "accepted")
    report = model()
    (tmp_path / "a" / "report.json").write_text(reviewed(report, opened(report), shipped()).to_json())
    assert "carries a review already" in refused(tmp_path)


def test_unknown_norms_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = model()
    save(tmp_path / "in" / "a", "accepted", report=replace(made, software=replace(made.software, norms="my-clinic-3")))
    assert "give that table with --norms" in refused(tmp_path)
    arguments = ["export-truth", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert run(arguments) == exit_codes.REFUSED
    assert run([*arguments, "--norms", "nowhere.csv"]) == exit_codes.USAGE
    assert run([*arguments, "--norms", shipped().name]) == exit_codes.OK


def test_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a-b", "accepted")
    save(tmp_path / "a" / "b", "accepted")
    assert "two cases would be called a-b" in refused(tmp_path)


def test_without_a_signed_review_nothing_is_written(tmp_path: Path) -> None:
    save(tmp_path / "in" / "a", "draft")
    assert run(["export-truth", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == exit_codes.REFUSED
    assert not (tmp_path / "out").exists()
