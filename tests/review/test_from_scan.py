"""From a scan to a signed report: the whole method on a phantom, a review, and the page's map of its points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from endplate import oracle, phantom, pipeline
from endplate.morphometry.norms import shipped
from endplate.pipeline import Result
from endplate.report.report import Report
from endplate.review.apply import REASON_NOT_READ, reviewed
from endplate.review.document import opened, points_of
from endplate.review.rows import rows
from review.page_rules import run_page
from review.test_apply import SIGNED, moved


@pytest.fixture(scope="module")
def result() -> Result:
    spine = phantom.spine(("T11", "T12", "L1", "L2"), phantom.SpineShape())
    scanner = phantom.ScannerSettings((17.5, 20.9), 1.5, 1.5, field_mm=(200.0, 200.0))
    made = phantom.render(spine, scanner=scanner, seed=0)
    return pipeline.quantify_volume(made.volume, oracle.models(made.vertebrae))


def test_a_scan_is_reviewed_and_signed(result: Result) -> None:
    report = Report.from_json(result.report.to_json())
    review = replace(moved(opened(report), "L1", "anterior", 0, (0.0, 0.0, -9.0)), decision="accepted_with_edits", **SIGNED)
    got = Report.from_json(reviewed(report, review, shipped()).to_json())
    before, after = ({e.level: e for e in r.vertebrae} for r in (report, got))
    assert (before["L1"].grade, after["L1"].grade, after["L1"].shape) == (0, 2, "wedge")
    assert after["L1"].hu is None
    assert after["L1"].hu_reason == REASON_NOT_READ
    assert after["T12"].hu == before["T12"].hu
    assert got.summary is not None
    assert got.summary.density is not None
    assert got.summary.density.level == "T12"
    assert (got.source, got.software, got.timing_s) == (report.source, report.software, report.timing_s)
    assert got.centreline_lps_mm == report.centreline_lps_mm
    assert got.review is not None
    assert got.review.is_signed


def test_the_page_finds_the_reports_points_in_the_picture(result: Result, tmp_path: Path) -> None:
    assert result.spine is not None
    points = np.concatenate([points_of(e.points_lps_mm).reshape(-1, 3) for e in result.report.vertebrae])
    asked = {"rows": rows(result.spine), "pixels": [], "lateral": [], "points": points.tolist()}
    back = run_page({"spines": [asked]}, tmp_path)["mapped"][0]["back"]
    away = np.array([p["pixel"] for p in back]) - result.spine.pixel_from_patient(points)
    assert np.abs(away).max() * result.spine.pixel_mm < 0.01
