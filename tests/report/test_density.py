"""Attenuation on its way through report, tables and picture."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from endplate.densitometry import Attenuation
from endplate.densitometry.opportunistic import category
from endplate.labelling.name import Labelling
from endplate.morphometry import measure
from endplate.report import figure, letters, table
from endplate.report import report as r
from endplate.report.build import build_report
from endplate.report.sentence import density_sentence

from .conftest import CONTEXT, THORAX, chest

GIVEN = (
    *(Attenuation(150.04, 33.33, 180.26) for _ in THORAX[:-2]),
    Attenuation(np.nan, np.nan, np.nan, "metal, cement or dense sclerosis in the body (9% of it above 1000 HU)"),
    Attenuation(128.46, 30.0, 200.0),
)


def built(kvp: float | None = 120.0, contrast: str | None = None) -> r.Report:
    bodies = chest()
    context = replace(CONTEXT, attenuations=GIVEN, source=replace(CONTEXT.source, kvp=kvp, contrast=contrast))
    return build_report(measure(bodies), Labelling(tuple(bodies), 0.97, None, 0.0), np.zeros((2, 3)), context)


def test_each_body_has_a_number_or_a_reason() -> None:
    *_, t11, t12 = built().vertebrae
    assert built().vertebrae[0].hu == r.Density(150.0, 33.3, 180.3)
    assert (t11.hu, t11.hu_reason) == (None, GIVEN[-2].reason)
    assert (t12.hu, t12.hu_reason) == (r.Density(128.5, 30.0, 200.0), None)


def test_the_substitute_of_l1_is_in_the_summary() -> None:
    summary = built(contrast="Ultravist").summary
    assert summary is not None
    assert summary.density is not None
    assert (summary.density.level, summary.density.mean_hu, summary.density.category) == ("T12", 128.5, category(128.5))
    assert any("Ultravist" in condition for condition in summary.density.conditions)


def test_a_report_with_attenuations_survives_the_disk_and_fits_the_schema() -> None:
    for report in (built(), built(kvp=None)):
        jsonschema.validate(json.loads(report.to_json()), r.json_schema())
        assert r.Report.from_json(report.to_json()) == report


def test_the_tables_hold_them() -> None:
    rows = table.finding_rows(built())
    assert (rows[0]["hu_mean"], rows[0]["hu_sd"]) == (150.0, 33.3)
    assert (rows[-2]["hu_mean"], rows[-2]["hu_sd"]) == (None, None)
    scan = table.scan_row(built())
    assert (scan["l1_hu"], scan["l1_level"], scan["l1_category"]) == (128.5, "T12", category(128.5))
    unknown = table.scan_row(built(kvp=None))
    assert (unknown["l1_hu"], unknown["l1_level"], unknown["l1_category"]) == (128.5, "T12", None)


def test_a_report_without_densitometry_says_nothing_of_it(fractured: r.Report) -> None:
    assert fractured.summary is not None
    assert fractured.summary.density is None
    assert {(e.hu, e.hu_reason) for e in fractured.vertebrae} == {(None, None)}
    assert table.scan_row(fractured)["l1_hu"] is None


def test_as_many_attenuations_as_bodies_are_needed() -> None:
    bodies = chest()
    context = replace(CONTEXT, attenuations=GIVEN[:3])
    with pytest.raises(ValueError, match="argument"):
        build_report(measure(bodies), Labelling(tuple(bodies), 0.97, None, 0.0), np.zeros((2, 3)), context)


def test_the_picture_says_it_in_lines_that_fit() -> None:
    summary = built(kvp=100.0).summary
    assert summary is not None
    assert summary.density is not None
    said = density_sentence(summary.density)
    assert said.startswith("Trabecular bone at T12: 128 HU. L1 is not used: not in view.")
    lines = [line for _, line in figure._notes(built(kvp=100.0), 700)]
    assert said in " ".join(lines)
    assert all(letters.length(line, figure.NOTE_SIZE) <= 700 for line in lines)
