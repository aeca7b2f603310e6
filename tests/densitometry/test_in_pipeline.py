"""Phantom -> oracle -> the whole pipeline: attenuation, its category and its reasons reach the report."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from endplate import oracle, phantom, pipeline
from endplate.densitometry.opportunistic import category
from endplate.phantom import Phantom, ScannerSettings
from endplate.phantom.settings import Anatomy, BodySettings, TissueSettings
from endplate.report.report import OpportunisticDensity, Report
from endplate.volume.volume import Source

CANCELLOUS_HU, WITHIN_HU = 120.0, 10.0
SCANNER = ScannerSettings((17.4, 21.9), 1.2, 2.0, field_mm=(180.0, 180.0), noise_hu=5.0)


@cache
def made(cement: str | None = None, fracture: str | None = None) -> Phantom:
    spine = phantom.spine(("T11", "T12", "L1", "L2"))
    if fracture:
        spine = phantom.fracture(spine, *phantom.parse_fracture(fracture))
    bodies = {cement: BodySettings(cement=True)} if cement else {}
    tissue = TissueSettings(cancellous=CANCELLOUS_HU, texture=0.0)
    return phantom.render(spine, Anatomy(tissue, bodies=bodies), SCANNER, seed=2)


def report_of(scan: Phantom, **tags: float | str) -> Report:
    volume = replace(scan.volume, source=Source("dicom", tags=dict(tags)))
    return pipeline.quantify_volume(volume, oracle.models(scan.vertebrae)).report


def density(report: Report) -> OpportunisticDensity:
    assert report.summary is not None
    assert report.summary.density is not None
    return report.summary.density


def test_every_whole_body_gives_the_phantoms_bone_and_the_cut_ones_a_reason() -> None:
    report = report_of(made(), kvp=120.0)
    for entry in report.vertebrae:
        if entry.complete:
            assert entry.hu is not None
            assert entry.hu.mean_hu == pytest.approx(CANCELLOUS_HU, abs=WITHIN_HU)
            assert entry.hu_reason is None
        else:
            assert (entry.hu, entry.hu_reason) == (None, "cut by the field of view")
    assert "densitometry" in report.timing_s


def test_l1_at_120_kv_has_a_category() -> None:
    found = density(report_of(made(), kvp=120.0))
    assert (found.level, found.conditions) == ("L1", ())
    assert found.category == category(CANCELLOUS_HU)


def test_the_tags_of_the_scan_are_conditions() -> None:
    found = density(report_of(made(), kvp=100.0, contrast="Iopamiro"))
    assert found.category is None
    assert "100 kV" in found.conditions[0]
    assert "Iopamiro" in found.conditions[1]


def test_cement_in_l1_leaves_t12() -> None:
    report = report_of(made(cement="L1"), kvp=120.0)
    (filled,) = [e for e in report.vertebrae if e.level == "L1"]
    assert filled.hu is None
    assert "metal" in str(filled.hu_reason)
    assert density(report).level == "T12"
    assert density(report).conditions[0].startswith("L1 is not used: metal")


def test_a_fractured_l1_is_reported_and_not_used() -> None:
    report = report_of(made(fracture="L1:wedge:2"), kvp=120.0)
    (broken,) = [e for e in report.vertebrae if e.level == "L1"]
    assert broken.grade == 2
    assert broken.hu is not None
    assert density(report).level == "T12"
    assert density(report).conditions[0] == "L1 is not used: fractured, grade 2"
