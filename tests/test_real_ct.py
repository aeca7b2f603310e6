"""The shipped weights on the real CTs: nothing crashes, and every annotated body is found.

The shipped weights have seen these scans, so what is asserted here guards against a broken pipeline or worse weights; it is no
accuracy. Accuracy is cross-validated: benchmarks/cross_validate.py, MODEL_CARD.md.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import endplate
from endplate import models
from endplate.evaluation import read_cases
from endplate.evaluation.cases import prediction_of, truth_of
from endplate.evaluation.scan_score import score
from endplate.pipeline import Result, quantify_volume, write_result
from endplate.report.report import Report
from endplate.report.schema import of
from endplate.volume.read import read

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "ct"
SCHEMA = of(Report)
CASES = sorted(p.parent.name for p in SHARED.glob("*/truth.json"))
pytestmark = pytest.mark.data


@cache
def shipped() -> models.Models:
    return models.load()


def quantified(case: str) -> Result:
    return quantify_volume(read(SHARED / case / "ct.nii.gz"), shipped())


@pytest.mark.skipif(not CASES, reason=f"{SHARED} is absent")
def test_every_real_ct_is_quantified_and_its_bodies_found(tmp_path: Path) -> None:
    import jsonschema

    for case in CASES:
        result = quantified(case)
        write_result(result, tmp_path / case)
        jsonschema.validate(json.loads((tmp_path / case / "report.json").read_text()), SCHEMA)
        assert (tmp_path / case / "overview.png").stat().st_size > 20_000
        assert all((e.hu is None) == (e.hu_reason is not None) for e in result.report.vertebrae)
    scores = [score(c) for c in read_cases(tmp_path, SHARED)]
    hit_true = np.concatenate([s.samples["hit_true"] for s in scores])
    hit_found = np.concatenate([s.samples["hit_found"] for s in scores])
    keypoint = np.concatenate([s.samples["keypoint_mm"] for s in scores])
    localisation = np.concatenate([s.samples["localisation_mm"] for s in scores])
    assert hit_true.mean() >= 0.97
    assert hit_found.mean() >= 0.97
    assert np.median(keypoint) <= 1.3
    assert np.nanmean(localisation) <= 2.5


@pytest.mark.skipif(not CASES, reason=f"{SHARED} is absent")
def test_a_real_dicom_series_gives_the_vertebrae_of_its_truth(lidc_dicom: Path) -> None:
    report = endplate.quantify(lidc_dicom)
    assert report.status == "ok"
    truth = truth_of(json.loads((SHARED / "lidc-0001" / "truth.json").read_text()))
    found = prediction_of(json.loads(report.to_json()))
    by_level = dict(zip(found.level, found.points_mm, strict=True))
    assert set(truth.level) <= set(by_level)
    away = [np.linalg.norm(by_level[name] - points, axis=-1) for name, points in zip(truth.level, truth.points_mm, strict=True)]
    assert np.median(away) <= 1.3


@pytest.mark.skipif(not CASES, reason=f"{SHARED} is absent")
def test_dicom_and_nifti_of_one_patient_agree(lidc_dicom: Path) -> None:
    """The shared NIfTI is coarser outside the spine's tube, so the curves differ a little."""
    from_files = {v.level: v for v in endplate.quantify(lidc_dicom).vertebrae if v.complete}
    from_nifti = {v.level: v for v in quantified("lidc-0001").report.vertebrae if v.complete}
    shared = sorted(set(from_files) & set(from_nifti))
    assert len(shared) >= 15
    difference = [
        abs(getattr(from_files[name].heights_mm, c) - getattr(from_nifti[name].heights_mm, c))
        for name in shared
        for c in ("anterior", "middle", "posterior")
    ]
    assert np.median(difference) < 0.3
