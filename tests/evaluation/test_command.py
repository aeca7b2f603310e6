"""``endplate evaluate`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import report_factory as made
from endplate.cli import run

NAMES = made.names_from("T8", 5)
POINTS = made.column(NAMES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scans with reports and one without."""
    for n in range(2):
        moved = POINTS + np.random.default_rng(n).normal(0, 0.7, POINTS.shape)
        made.write(tmp_path, f"scan-{n}", made.truth_json(POINTS, NAMES), made.report_json(moved, NAMES))
    made.write(tmp_path, "scan-2", made.truth_json(POINTS, NAMES), None)
    return tmp_path


def evaluate(folder: Path, *further: str) -> int:
    return run(["evaluate", str(folder / "reports"), str(folder / "truth"), *further])


def test_a_table_json_and_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder, "--out", str(folder / "out"), "--resamples", "40") == 0
    said = capsys.readouterr().out
    assert "detection recall" in said
    assert "No report for scan-2" in said
    assert {f.name for f in (folder / "out").iterdir()} == {"evaluation.json", "keypoints.svg", "heights.svg"}
    content = json.loads((folder / "out" / "evaluation.json").read_text(), parse_constant=pytest.fail)
    assert content["groups"]["all"]["estimates"]["recall"]["value"] == pytest.approx(2 / 3)
    assert content["groups"]["all"]["estimates"]["auc_vertebra_20"]["value"] is None
    assert content["cases"]["scan-2"]["missed"] == NAMES


def test_reports_are_found_in_folders_of_quantify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep = folder / "reports" / "scan-0" / "ct"
    deep.mkdir(parents=True)
    (folder / "reports" / "scan-0.json").rename(deep / "report.json")
    assert evaluate(folder, "--resamples", "0") == 0
    assert "No report for scan-2:" in capsys.readouterr().out


def test_no_truth_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(folder / "reports"), str(folder / "reports")]) == 3
    assert "holds no CASE/truth.json" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["{", '{"vertebrae": [{"level": "T8"}]}', '{"vertebrae": 3}', "[]"])
def test_a_damaged_report_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (folder / "reports" / "scan-1.json").write_text(content)
    assert evaluate(folder) == 3
    assert "scan-1.json" in capsys.readouterr().err


@pytest.mark.parametrize("content", ['{"vertebrae": []}', '{"vertebrae": [{"level": "Th8", "points_lps_mm": {}}]}'])
def test_a_damaged_truth_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (folder / "truth" / "scan-1" / "truth.json").write_text(content)
    assert evaluate(folder) == 3
    assert "truth.json" in capsys.readouterr().err


def test_resamples_below_zero_are_a_wrong_command_line(folder: Path) -> None:
    assert evaluate(folder, "--resamples", "-1") == 2
