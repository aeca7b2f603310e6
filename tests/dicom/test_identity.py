"""The same input and maker give the same UIDs; another maker gives new instances that name the old ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from dicom.conftest import MODELS, Case
from dicom.dicom_tools import opened, read_back
from endplate.dicom.codes import code
from endplate.errors import InputRefused
from endplate.report.report import Model, Report


def uids(made: dict[str, bytes]) -> list[tuple[str, str]]:
    heads = [opened(content) for content in made.values()]
    return [(str(head.SOPInstanceUID), str(head.SeriesInstanceUID)) for head in heads]


def tracked(made: dict[str, bytes]) -> list[str]:
    return [str(g.tracking_uid) for g in read_back(made["report.sr.dcm"]).content.get_image_measurement_groups()]


def new_weights(report: Report) -> Report:
    models = {**MODELS, "detector": Model("detector-1", "ff" * 32)}
    return replace(report, software=replace(report.software, models=models))


def test_the_same_again_is_the_same_to_the_byte(case: Case, made: dict[str, bytes]) -> None:
    assert case.results() == made


def test_a_later_moment_changes_no_uid(case: Case, made: dict[str, bytes]) -> None:
    later = case.results(made_at=datetime(2027, 1, 2, 3, 4, 5))
    assert uids(later) == uids(made)
    assert tracked(later) == tracked(made)
    assert opened(later["report.sr.dcm"]).ContentDate == "20270102"


def test_another_place_on_disk_changes_nothing(case: Case, made: dict[str, bytes], tmp_path: Path) -> None:
    assert case.moved(tmp_path / "elsewhere").results() == made


def test_uids_are_valid_and_all_different(made: dict[str, bytes]) -> None:
    found = [uid for pair in uids(made) for uid in pair] + tracked(made)
    assert len(set(found)) == len(found)
    assert all(len(uid) <= 64 and re.fullmatch(r"2\.25\.[1-9]\d*", uid) for uid in found)


@pytest.mark.parametrize(
    "change",
    [
        new_weights,
        lambda r: replace(r, software=replace(r.software, version="9.9")),
        lambda r: replace(r, software=replace(r.software, norms="mine")),
        lambda r: replace(r, levels=replace(r.levels, given_by_reader=True)),
    ],
    ids=["weights", "version", "norms", "names given by a reader"],
)
def test_another_maker_makes_new_instances(case: Case, made: dict[str, bytes], change: Callable[[Report], Report]) -> None:
    other = case.results(change(case.report))
    assert not {u for pair in uids(other) for u in pair} & {u for pair in uids(made) for u in pair}


def test_a_series_with_a_slice_less_makes_new_instances(case: Case, made: dict[str, bytes], tmp_path: Path) -> None:
    fewer = case.moved(tmp_path / "fewer")
    sorted(fewer.series.iterdir())[-1].unlink()
    assert not set(uids(fewer.results())) & set(uids(made))


def test_tracking_follows_from_series_level_and_weights(case: Case, made: dict[str, bytes]) -> None:
    other_norms = replace(case.report, software=replace(case.report.software, norms="mine"))
    assert tracked(case.results(other_norms)) == tracked(made)
    assert not set(tracked(case.results(new_weights(case.report)))) & set(tracked(made))


def test_new_results_name_the_old_ones(case: Case, made: dict[str, bytes]) -> None:
    newer = {name: opened(content) for name, content in case.results(new_weights(case.report), previous=made).items()}
    for name in ("report.sr.dcm", "report.pdf.dcm"):
        (study,) = newer[name].PredecessorDocumentsSequence
        (series,) = study.ReferencedSeriesSequence
        (instance,) = series.ReferencedSOPSequence
        old = opened(made[name])
        assert study.StudyInstanceUID == old.StudyInstanceUID
        assert series.SeriesInstanceUID == old.SeriesInstanceUID
        assert (instance.ReferencedSOPClassUID, instance.ReferencedSOPInstanceUID) == (old.SOPClassUID, old.SOPInstanceUID)
    (reference,) = newer["overview.sc.dcm"].ReferencedInstanceSequence
    assert reference.ReferencedSOPInstanceUID == opened(made["overview.sc.dcm"]).SOPInstanceUID
    assert reference.PurposeOfReferenceCodeSequence[0].CodeValue == code("predecessor").value


def test_a_result_is_not_its_own_predecessor(case: Case, made: dict[str, bytes]) -> None:
    assert case.results(previous=made) == made


def test_what_is_no_predecessor_is_refused(case: Case, made: dict[str, bytes], tmp_path: Path) -> None:
    def other_study(slice_: object) -> None:
        slice_.StudyInstanceUID = "1.2.3.4"  # type: ignore[attr-defined]

    moved = case.moved(tmp_path / "other", other_study)
    tags = {**moved.report.source.tags, "study_instance_uid": "1.2.3.4"}
    elsewhere = moved.results(replace(moved.report, source=replace(moved.report.source, tags=tags)))
    for previous in (elsewhere, {"report.sr.dcm": made["report.pdf.dcm"]}, {"report.sr.dcm": b"x"}, {"unknown": b""}):
        with pytest.raises(InputRefused) as refusal:
            case.results(previous=previous)
        assert refusal.value.code == "other_predecessor"
