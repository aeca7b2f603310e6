from __future__ import annotations

import copy
import json
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.anatomy import Vertebra
from endplate.labelling.name import Labelling
from endplate.morphometry import measure
from endplate.report import report as r
from endplate.report.build import Context, build_report, empty_report, source_of
from endplate.volume.volume import Source
from strategies import chains

SOFTWARE = r.Software("0.1.0", {}, "chest-ct-experts-1")
SOURCE = r.Source("nifti", "a.nii.gz", "a", None, None, None, None, None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def built(chain: tuple[Vertebra, ...]) -> r.Report:
    centres = [v.centre_mm for v in chain]
    return build_report(measure(chain), Labelling(chain, 0.9, None, 0.0), centres, Context(SOFTWARE, SOURCE, (), {"total": 1.5}))


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for k, v in items for p in ((*here, k), *paths(v, (*here, k)))]


def test_the_shipped_schema_is_the_generated_one() -> None:
    shipped = resources.files("endplate.report").joinpath(r.SCHEMA_FILE).read_text(encoding="utf-8")
    assert json.loads(shipped) == r.json_schema(), "write report.json_schema() to the file again"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(r.json_schema())


@settings(deadline=None, max_examples=40)
@given(chains())
def test_every_report_survives_the_disk_and_fits_the_schema(chain: tuple[Vertebra, ...]) -> None:
    report = built(chain)
    text = report.to_json()
    assert r.Report.from_json(text) == report
    assert r.Report.from_json(text).to_json() == text
    jsonschema.validate(json.loads(text), r.json_schema())


@pytest.mark.parametrize("status", ["no_spine", "refused"])
def test_a_report_without_a_spine_is_a_report(status: r.Status) -> None:
    said = (r.Message("missing_slices", "error", "3 slices are missing"),)
    report = empty_report(Context(SOFTWARE, SOURCE, said), status)
    jsonschema.validate(json.loads(report.to_json()), r.json_schema())
    assert r.Report.from_json(report.to_json()) == report
    assert (report.summary, report.vertebrae, report.messages) == (None, (), said)


def test_the_keys_of_the_plan_are_there(fractured: r.Report) -> None:
    content = json.loads(fractured.to_json())
    assert {
        "schema",
        "status",
        "messages",
        "software",
        "source",
        "centreline_lps_mm",
        "vertebrae",
        "summary",
        "timing_s",
    } <= content.keys()
    assert content["schema"] == "endplate-report/1"
    body = content["vertebrae"][4]
    assert (body["level"], body["grade"], body["shape"], body["flag"]) == ("T8", 3, "wedge", "fracture (actionable)")
    assert set(body["points_lps_mm"]) == {"anterior", "middle", "posterior"}
    superior, inferior = body["points_lps_mm"]["anterior"]
    assert superior[2] > inferior[2]
    assert content["messages"][0] == {"code": "reader", "severity": "info", "text": "skipped: localiser, 1 file"}


def test_a_body_that_is_not_assessable_has_its_reason_and_no_numbers(fractured: r.Report) -> None:
    cut = fractured.vertebrae[0]
    assert (cut.assessable, cut.reason) == (False, "cut by the field of view")
    assert cut.grade is cut.loss is cut.loss_interval_95 is None


def test_millimetres_are_rounded_at_the_edge_only(fractured: r.Report) -> None:
    for entry in fractured.vertebrae:
        for point in entry.points_lps_mm.anterior:
            assert all(round(x, 3) == x for x in point)


def test_uncertain_levels_are_said(fractured: r.Report) -> None:
    assert fractured.levels is not None
    assert not fractured.levels.uncertain
    findings = measure([])
    unsure = build_report(findings, Labelling((), 0.5, None, 0.0), [], Context(SOFTWARE, SOURCE))
    assert unsure.messages == (), "without a body there is no name to doubt"


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_damaged_report_is_a_value_error_and_nothing_else(fractured: r.Report, data: st.DataObject) -> None:
    content = json.loads(fractured.to_json())
    *parents, last = data.draw(st.sampled_from(paths(content)))
    place = content
    for key in parents:
        place = place[key]
    if data.draw(st.booleans()) and isinstance(place, dict):
        del place[last]
    else:
        place[last] = data.draw(JSON)
    try:
        again = r.Report.from_dict(content)
    except ValueError:
        return
    jsonschema.validate(json.loads(again.to_json()), r.json_schema())


@pytest.mark.parametrize("text", ["", "[]", "null", "3", '"endplate-report/1"', "{}", '{"schema": "endplate-report/2"}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|Expecting value"):
        r.Report.from_json(text)


def test_further_keys_are_allowed(fractured: r.Report) -> None:
    content = copy.deepcopy(json.loads(fractured.to_json()))
    content["hu"] = {"L1": 120}
    jsonschema.validate(content, r.json_schema())
    assert r.Report.from_dict(content) == fractured


def test_a_whole_number_stays_whole(fractured: r.Report) -> None:
    again = r.Report.from_json(fractured.to_json())
    assert [type(v) for v in again.source.tags.values()] == [str, int, float]


def test_a_header_that_says_nan_does_not_break_the_report() -> None:
    source = source_of(Source("dicom", tags={"kvp": float("nan"), "pitch": float("inf"), "kernel": "B"}))
    assert (source.kvp, source.tags) == (None, {"kernel": "B"})
