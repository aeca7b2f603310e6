from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dicom.conftest import LEVELS, SCANNER, with_models
from endplate import oracle, phantom, pipeline
from endplate.exports import ExportInput
from endplate.morphometry.norms import shipped
from endplate.phantom.dicom import write_series
from endplate.pipeline import Result
from endplate.report.figure import overview_png
from endplate.report.report import Report
from endplate.report.review_state import Decision
from endplate.review.apply import reviewed
from endplate.review.document import opened
from endplate.volume.read import read
from review.test_apply import SIGNED, edited, moved


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """T10 to L2 of a phantom as a DICOM series, measured through the oracle."""
    made = phantom.render(phantom.spine(LEVELS, phantom.SpineShape()), scanner=SCANNER, seed=0)
    series = write_series(made, tmp_path_factory.mktemp("series"))
    found = pipeline.quantify_volume(read(series), oracle.models(made.vertebrae))
    return replace(found, report=Report.from_json(with_models(found.report).to_json()))


@pytest.fixture(scope="session")
def model(result: Result) -> ExportInput:
    """Nobody has reviewed it."""
    return ExportInput(result.report, None, result.report, overview_png(result.report, result.spine))


def reviewed_as(model: ExportInput, decision: Decision, **more: Any) -> ExportInput:
    """The same scan after a review: L1 a wedge and L2 set aside, unless accepted as it was."""
    review = opened(model.model)
    if decision != "accepted":
        review = moved(review, "L1", "anterior", 0, (0.0, 0.0, -9.0))
        review = edited(review, "L2", lambda v: replace(v, not_assessable="Schmorl's node"))
    review = replace(review, decision=decision, version=4, **({} if decision == "draft" else SIGNED))
    norms = shipped(model.model.software.norms)
    return replace(model, review=review, reviewed=reviewed(model.model, review, norms), **more)


@pytest.fixture(scope="session")
def signed(model: ExportInput, result: Result) -> ExportInput:
    return reviewed_as(model, "accepted_with_edits", spine=result.spine)


@pytest.fixture
def reviews(signed: ExportInput, tmp_path: Path) -> Path:
    """A folder as ``endplate export-truth`` reads it."""
    assert signed.review is not None
    folder = tmp_path / "reviews" / signed.model.source.name
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(signed.model.to_json())
    (folder / "review.json").write_text(signed.review.to_json())
    return folder.parent
