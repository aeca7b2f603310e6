"""highdicom reads the same numbers back; the text dump is the one that was reviewed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.sr import Comprehensive3DSR
from pydicom.dataset import Dataset

from dicom.conftest import MODELS, Case
from dicom.dicom_tools import dump, named, nodes, normalised, read_back, value
from endplate.anatomy import COLUMNS
from endplate.dicom.codes import code, code_of_level
from endplate.report.report import Entry, Report

GOLDEN = Path(__file__).with_name("report.sr.txt")
TOLERANCE_MM = 1e-4


def groups(document: Comprehensive3DSR) -> dict[str, Any]:
    found = document.content.get_image_measurement_groups()
    return {group.tracking_identifier: group for group in found}


def under(item: Dataset, key: str) -> list[Dataset]:
    return [child for child in item.get("ContentSequence", ()) if named(child) == code(key).value]


def single(group: Any, key: str) -> float | None:
    found = group.get_measurements(code(key))
    assert len(found) <= 1
    return found[0].value if found else None


@pytest.fixture(scope="module")
def document(made: dict[str, bytes]) -> Comprehensive3DSR:
    return read_back(made["report.sr.dcm"])


def entries(report: Report) -> dict[str, Entry]:
    return {str(entry.level): entry for entry in report.vertebrae}


def test_the_case_is_worth_testing(case: Case) -> None:
    found = entries(case.report)
    assert found["T12"].grade == 2
    assert found["T12"].shape == "wedge"
    assert [e.assessable for e in case.report.vertebrae].count(False) >= 1
    assert any(e.hu for e in case.report.vertebrae)


def test_there_is_one_group_for_the_spine_and_one_for_each_vertebra(case: Case, document: Comprehensive3DSR) -> None:
    assert list(groups(document)) == ["spine", *(entry.level for entry in case.report.vertebrae)]


def test_heights_and_their_lines_come_back(case: Case, document: Comprehensive3DSR) -> None:
    for level, entry in entries(case.report).items():
        group = groups(document)[level]
        assert group.finding_type == code("vertebral_body")
        assert [site.value for site in group.finding_sites] == [code_of_level(level)]
        heights = group.get_measurements(code("height"))
        assert len(heights) == len(COLUMNS)
        for column, height in zip(COLUMNS, heights, strict=True):
            assert height.unit == code("mm")
            assert height.value == pytest.approx(getattr(entry.heights_mm, column), abs=TOLERANCE_MM)
            (site,) = height.finding_sites
            assert site.topographical_modifier == code(column)
            assert site.value == code_of_level(level)
            (line,) = height.referenced_coordinates
            assert line.graphic_type.value == "POLYLINE"
            np.testing.assert_allclose(line.value, getattr(entry.points_lps_mm, column), atol=TOLERANCE_MM)
            assert np.linalg.norm(np.diff(line.value, axis=0)) == pytest.approx(height.value, abs=2e-3)


def test_the_other_numbers_come_back(case: Case, document: Comprehensive3DSR) -> None:
    for level, entry in entries(case.report).items():
        group = groups(document)[level]
        wanted = {
            "ha_hp": entry.ratios.ha_hp,
            "hm_hp": entry.ratios.hm_hp,
            "hp_expected": entry.ratios.hp_expected,
            "genant_index": entry.genant_index,
            "height_loss": None if entry.loss is None else 100 * entry.loss,
            "certainty_of_finding": 100 * entry.score,
            "level_confidence": 100 * entry.level_confidence,
            "area": entry.hu.area_mm2 if entry.hu else None,
        }
        for key, number in wanted.items():
            assert single(group, key) == (None if number is None else pytest.approx(number, abs=1e-4)), (level, key)


def test_z_scores_intervals_and_probabilities_come_back(case: Case, document: Comprehensive3DSR) -> None:
    for level, entry in entries(case.report).items():
        group = groups(document)[level]
        for key, z in (("ha_hp", entry.ratios.ha_hp_z), ("hm_hp", entry.ratios.hm_hp_z)):
            found = [value(item) for item in under(group.get_measurements(code(key))[0][0], "z_score")]
            assert found == ([] if z is None else [pytest.approx(z)])
        if entry.loss is None or entry.loss_interval_95 is None:
            continue
        (loss,) = group.get_measurements(code("height_loss"))
        low, high = (value(under(loss[0], f"{side}_uncertainty")[0]) for side in ("lower", "upper"))
        assert (loss.value - low, loss.value + high) == pytest.approx([100 * x for x in entry.loss_interval_95], abs=1e-4)
        probabilities = {
            under(item[0], "grade")[0].ConceptCodeSequence[0].CodeValue: item.value
            for item in group.get_measurements(code("probability"))
        }
        assert probabilities == {
            code(f"grade_{n}").value: pytest.approx(100 * p) for n, p in enumerate(entry.grade_probability or ())
        }


def test_judgements_come_back(case: Case, document: Comprehensive3DSR) -> None:
    for level, entry in entries(case.report).items():
        found = {str(e.name.value): e.value for e in groups(document)[level].get_qualitative_evaluations()}
        assert found[code("assessable").value] == code("yes" if entry.assessable else "no")
        assert found.get(code("grade").value) == (None if entry.grade is None else code(f"grade_{entry.grade}"))
        assert found.get(code("shape").value) == (None if entry.shape is None else code(entry.shape))
        reasons = [item.TextValue for item in under(groups(document)[level][0], "reason")]
        assert reasons == ([entry.reason] if entry.reason else [])


def test_attenuation_comes_back(document: Comprehensive3DSR) -> None:
    found = {
        item[0].ContentSequence[0].ConceptCodeSequence[0].CodeMeaning: (item.value, item.unit.value)
        for item in groups(document)["L1"].get_measurements(code("attenuation"))
    }
    assert found == {"Mean": (141.25, "[hnsf'U]"), "Standard Deviation": (31.5, "[hnsf'U]")}


def test_the_spine_as_a_whole_comes_back(case: Case, document: Comprehensive3DSR) -> None:
    group, summary = groups(document)["spine"], case.report.summary
    assert summary is not None
    assert single(group, "fractures") == summary.fractures == 1
    assert single(group, "deformity_index") == summary.spinal_deformity_index
    assert single(group, "probability") == pytest.approx(100 * summary.fracture_probability)
    assert [item.TextValue for item in under(group[0], "conclusion")] == [summary.sentence]
    (outcome,) = group.get_qualitative_evaluations(code("result"))
    assert outcome.value == code("some_with")


def test_the_algorithm_is_named_with_its_weights(document: Comprehensive3DSR) -> None:
    for group in groups(document).values():
        parameters = [item.TextValue for item in under(group[0], "algorithm_parameters")]
        for stage, model in MODELS.items():
            assert f"{stage}: {model.name}, SHA-256 {model.sha256}" in parameters


def test_only_slices_that_points_lie_on_are_referenced(case: Case, document: Comprehensive3DSR) -> None:
    from endplate.volume.read import find_scans

    (scan,) = find_scans(case.series).scans
    assert scan.series is not None
    place = {s.sop_instance_uid: s.position_mm[2] for s in scan.series.slices}
    used: set[str] = set()
    for level, entry in entries(case.report).items():
        points = np.array([getattr(entry.points_lps_mm, c) for c in COLUMNS]).reshape(-1, 3)
        points = np.vstack([points, points.mean(0)]) if entry.hu else points
        images = [image.referenced_sop_instance_uid for image in groups(document)[level].source_images]
        # a point beyond the last slice lies on none
        assert not entry.complete or all(min(abs(points[:, 2] - place[image])) <= 1.25 + 1e-6 for image in images)
        used |= set(images)
    assert {str(instance) for _, _, instance, _ in document.get_evidence()} == used
    assert len(used) < len(place)


def test_it_is_not_verified(document: Comprehensive3DSR) -> None:
    assert (document.VerificationFlag, document.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert "AI result, not verified" in document.SeriesDescription
    assert any("AI result, not verified" in item.get("TextValue", "") for item in nodes(document))


@pytest.mark.parametrize("level", ["T13", "L6", None])
def test_a_level_without_a_code_is_named_in_words(case: Case, level: str | None, tmp_path: Path) -> None:
    first, *rest = case.report.vertebrae
    report = replace(case.report, vertebrae=(replace(first, level=level), *rest))
    found = groups(read_back(case.results(report)["report.sr.dcm"]))
    group = found[level or "unnamed level 1"]
    assert [site.value.value for site in group.finding_sites] == ["51282000"]
    words = "variant without a code" if level else "level of this vertebra is unknown"
    assert any(words in item.TextValue for item in under(group[0], "comment"))


def test_two_unnamed_vertebrae_are_tracked_apart(case: Case) -> None:
    report = replace(case.report, vertebrae=tuple(replace(e, level=None) for e in case.report.vertebrae))
    found = groups(read_back(case.results(report)["report.sr.dcm"]))
    assert len({group.tracking_uid for group in found.values()}) == len(report.vertebrae) + 1


def test_the_dump_is_the_one_that_was_reviewed(made: dict[str, bytes], tmp_path: Path) -> None:
    """After a wanted change: ENDPLATE_UPDATE_GOLDEN=1 pytest tests/dicom, then read the difference."""
    import os

    text = normalised(dump(made["report.sr.dcm"], tmp_path))
    if os.environ.get("ENDPLATE_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
