"""``endplate evaluate`` and the reference script ../shared/tools/score.py say the same of the same files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import report_factory as made
from endplate import oracle, phantom, pipeline
from endplate.anatomy import COLUMNS, Vertebra
from endplate.anatomy.levels import USUAL
from endplate.evaluation import evaluate_cases, read_cases
from endplate.morphometry.heights import heights

SIGMA_MM = 0.9


@pytest.fixture(scope="session")
def score_script(shared_data: Path) -> Path:
    script = shared_data.parent / "tools" / "score.py"
    if not script.is_file():
        pytest.skip(f"{script} is absent")
    return script


def reference(script: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, str(script), str(folder / "reports"), str(folder / "truth"), "--json", str(folder / "score.json")]
    subprocess.run(command, check=True, capture_output=True)
    content: dict[str, Any] = json.loads((folder / "score.json").read_text())
    return content


def assert_the_same(script: Path, folder: Path) -> dict[str, Any]:
    """Compares every number of the summary; gives the reference's summary."""
    wanted = reference(script, folder)
    evaluation = evaluate_cases(read_cases(folder / "reports", folder / "truth"), resamples=0)
    group = evaluation.groups["all"]
    got = {**group.counts, "level_scans_n": group.estimates["level_scans"].n, **{k: e.value for k, e in group.estimates.items()}}
    assert {k: got[k] for k in wanted["summary"]} == pytest.approx(wanted["summary"], abs=1e-6, nan_ok=True)
    for score in evaluation.scores:
        case = wanted["cases"][score.name]
        assert list(score.missed) == case["missed"]
        assert list(score.extra) == case["extra"]
        assert np.sort(score.precise.keypoint_mm.ravel()) == pytest.approx(np.sort(case["keypoint_mm"]), abs=1e-6)
    return dict(wanted["summary"])


def worsened(truth: dict[str, Any], case: int) -> dict[str, Any]:
    """A report of the truth with noise and, by case, a missed body, an extra one, a cut one, shifted names, a short course."""
    random = np.random.default_rng(case)
    points = np.array([[v["points_lps_mm"][c] for c in COLUMNS] for v in truth["vertebrae"]], float)
    names = [v["level"] for v in truth["vertebrae"]]
    points = points + random.normal(0.0, SIGMA_MM, points.shape)
    if case % 4 == 0 and len(points) > 3:
        points, names = np.delete(points, 2, axis=0), names[:2] + names[3:]
    if case % 4 == 1:
        tall = float(heights(points[1:2]).mean()) if len(points) > 1 else 0.0
        points, names = np.insert(points, 1, points[1] + [0.0, 0.0, 0.7 * tall], axis=0), [*names[:1], "T5", *names[1:]]
    if case % 4 == 2:
        names = [USUAL[USUAL.index(n) - 1] for n in names]
    report = made.report_json(points, names, np.full((len(points), 3, 2), SIGMA_MM))
    if case % 4 == 3:
        report["vertebrae"][-1]["complete"] = False
        report["centreline_lps_mm"] = report["centreline_lps_mm"][1:]
    return report


def compressed(truth: dict[str, Any], case: int) -> dict[str, Any]:
    """Every third body of every other case, 30 % lower in front."""
    for n, v in enumerate(truth["vertebrae"]):
        if case % 2 and n % 3 == 1:
            (x, y, z), (a, b, c) = v["points_lps_mm"]["anterior"]
            v["points_lps_mm"]["anterior"][0] = [x + 0.3 * (a - x), y + 0.3 * (b - y), z + 0.3 * (c - z)]
    return truth


@pytest.mark.parametrize("fractured", [False, True])
@pytest.mark.data
def test_on_worsened_truth_of_real_scans(shared_data: Path, score_script: Path, tmp_path: Path, fractured: bool) -> None:
    files = sorted((shared_data / "ct").glob("*/truth.json"))
    for case, file in enumerate(files):
        truth = json.loads(file.read_text())
        truth = compressed(truth, case) if fractured else truth
        report = worsened(truth, case) if case != len(files) - 2 else None
        made.write(tmp_path, file.parent.name, truth, report)
    summary = assert_the_same(score_script, tmp_path)
    assert 0 < summary["precision"] < 1
    assert 0 < summary["recall"] < 1
    assert 0 < summary["level_scans"] < 1
    assert np.isfinite(summary["patient_auc_20"]) == fractured


@pytest.mark.data
def test_on_reports_of_the_oracle(score_script: Path, tmp_path: Path) -> None:
    """The whole method on phantoms, with networks that know the answer."""
    for seed, broken in enumerate(("", "T12:wedge:3")):
        write_phantom(tmp_path, seed, broken)
    summary = assert_the_same(score_script, tmp_path)
    assert summary["recall"] == summary["precision"] == summary["level_scans"] == 1
    assert summary["positives_20"] >= 1
    assert summary["auc_vertebra_20"] == 1
    assert summary["keypoint_mm_p95"] < 0.5


def write_phantom(folder: Path, seed: int, broken: str) -> None:
    spine: tuple[Vertebra, ...] = tuple(phantom.spine(("T10", "T11", "T12", "L1", "L2"), phantom.SpineShape()))
    if broken:
        spine = tuple(phantom.fracture(spine, *phantom.parse_fracture(broken)))
    scanner = phantom.ScannerSettings((16.0, 22.0), 2.5, 2.5, field_mm=(200.0, 200.0))
    render = phantom.render(spine, scanner=scanner, seed=seed)
    report = pipeline.quantify_volume(render.volume, oracle.models(render.vertebrae)).report
    made.write(folder, f"phantom-{seed}", render.truth(), report.to_dict())
