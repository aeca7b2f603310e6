"""3D Slicer markups: valid, in patient LPS mm, every point and every height."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from endplate.report import report as r
from endplate.report.slicer import slicer_markups

from .conftest import THORAX
from .page_reports import HARMFUL, no_spine, refused, with_text

OURS = Path(__file__).with_name("slicer_markups_schema.json")
# Slicer's own file is not copied here; give its path to check against it as well
SLICERS = os.environ.get("ENDPLATE_SLICER_SCHEMA")


def valid(report: r.Report) -> list[dict[str, Any]]:
    content = json.loads(json.dumps(slicer_markups(report)))
    for path in (OURS, *([Path(SLICERS)] if SLICERS else [])):
        schema = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)(schema).validate(content)
    markups: list[dict[str, Any]] = content["markups"]
    return markups


def test_every_vertebra_has_its_points_and_a_line_for_each_height(fractured: r.Report) -> None:
    markups = valid(fractured)
    names = [m["name"] for m in markups]
    assert names == [name for level in THORAX for name in (level, f"{level} Ha", f"{level} Hm", f"{level} Hp")]
    for e in fractured.vertebrae:
        points, *lines = (m for m in markups if m["name"].split()[0] == e.level)
        assert points["type"] == "Fiducial"
        assert [p["label"].split(" ", 1)[1] for p in points["controlPoints"]] == [
            f"{column} {end}" for column in ("anterior", "middle", "posterior") for end in ("superior", "inferior")
        ]
        for line, column in zip(lines, ("anterior", "middle", "posterior"), strict=True):
            ends = [p["position"] for p in line["controlPoints"]]
            assert [tuple(p) for p in ends] == list(getattr(e.points_lps_mm, column))
            assert line["measurements"][0]["value"] == getattr(e.heights_mm, column)
            assert math.dist(*ends) == pytest.approx(getattr(e.heights_mm, column), abs=0.005)


def test_positions_are_lps_head_up(fractured: r.Report) -> None:
    superior, inferior = valid(fractured)[1]["controlPoints"]
    assert superior["position"][2] > inferior["position"][2]


def test_the_grade_is_said_in_words_beside_its_colour(fractured: r.Report) -> None:
    said = {m["name"]: m["controlPoints"][0]["description"] for m in valid(fractured)}
    assert said["T8"].startswith("grade 3 wedge, height loss 4")
    assert said["T4"].startswith("not assessed: cut by the field of view")
    assert all(text.endswith("AI result, not verified") for text in said.values())


def test_bodies_without_a_name_stay_apart(fractured: r.Report) -> None:
    unnamed = replace(fractured, vertebrae=tuple(replace(e, level=None) for e in fractured.vertebrae))
    names = [m["name"] for m in valid(unnamed)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("report", [refused(), no_spine()])
def test_without_a_spine_there_is_nothing_to_show(report: r.Report) -> None:
    assert valid(report) == []


@pytest.mark.parametrize("text", HARMFUL)
def test_any_text_is_valid(fractured: r.Report, text: str) -> None:
    valid(with_text(fractured, text))
