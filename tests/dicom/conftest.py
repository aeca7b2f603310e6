from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest

from dicom.dicom_tools import small_pdf
from endplate import oracle, phantom, pipeline
from endplate.dicom.results import dicom_results
from endplate.phantom.dicom import write_series
from endplate.report.figure import overview_png
from endplate.report.report import Density, Model, OpportunisticDensity, Report
from endplate.volume.read import read

MODELS = {"detector": Model("detector-1", "ab12cd34" * 8), "localiser": Model("localiser-2", "0123abcd" * 8)}
MOMENT = datetime(2026, 11, 25, 3, 4, 5, 678901)
LEVELS = ("T10", "T11", "T12", "L1", "L2")
SCANNER = phantom.ScannerSettings((17.4, 20.8), 2.5, 2.5, field_mm=(200.0, 200.0))


@dataclass(frozen=True)
class Case:
    """A quantified series."""

    series: Path
    report: Report
    picture: bytes
    pdf: bytes

    def results(self, report: Report | None = None, **more: Any) -> dict[str, bytes]:
        return dicom_results(report or self.report, self.picture, self.pdf, **{"made_at": MOMENT, **more})

    def moved(self, folder: Path, change: Callable[[pydicom.Dataset], None] | None = None) -> Case:
        """The same series in another folder, each header changed."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.series.iterdir()):
            slice_ = pydicom.dcmread(path)
            if change is not None:
                change(slice_)
            slice_.save_as(folder / path.name)
        return replace(self, series=folder, report=at(self.report, folder))


def at(report: Report, folder: Path) -> Report:
    return replace(report, source=replace(report.source, path=str(folder)))


def with_models(report: Report) -> Report:
    return replace(report, software=replace(report.software, models=MODELS))


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """T10 to L2 of a phantom, T12 a wedge of grade 2, the uppermost cut; measured through the oracle, density put in by hand."""
    bodies = phantom.fracture(phantom.spine(LEVELS, phantom.SpineShape()), "T12", "wedge", 2)
    made = phantom.render(bodies, scanner=SCANNER, seed=0)
    series = write_series(made, tmp_path_factory.mktemp("phantom"))
    result = pipeline.quantify_volume(read(series), oracle.models(made.vertebrae))
    entries = tuple(
        replace(e, hu=Density(141.25, 31.5, 312.75)) if e.level == "L1" else replace(e, hu_reason="fractured")
        for e in result.report.vertebrae
    )
    assert result.report.summary is not None
    density = OpportunisticDensity("L1", 141.25, "above 135 HU", ("120 kV",))
    report = with_models(replace(result.report, vertebrae=entries, summary=replace(result.report.summary, density=density)))
    return Case(series, report, overview_png(report, result.spine), small_pdf())


@pytest.fixture(scope="session")
def made(case: Case) -> dict[str, bytes]:
    return case.results()
