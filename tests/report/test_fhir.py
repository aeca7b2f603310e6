"""The FHIR bundle: valid R4, right codes, the report's numbers, no patient."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.sr._concepts_dict import concepts

from endplate.anatomy import levels
from endplate.report import fhir_codes as codes
from endplate.report import report as r
from endplate.report.fhir import fhir_bundle
from endplate.report.page_content import DISCLAIMER

from .conftest import chest, report_of
from .page_reports import HARMFUL, no_spine, refused, with_density, with_text

UIDS = {"study_instance_uid": "1.2.3.4"}


def valid(report: r.Report) -> dict[str, Any]:
    """The bundle, after the R4 models have taken it, and given it back unchanged."""
    made = fhir_bundle(report)
    again = json.loads(Bundle.model_validate(made).model_dump_json())
    assert again == json.loads(json.dumps(made))
    return made


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def component(observation: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [c for c in observation["component"] if any(k["code"] == code for k in c["code"]["coding"])]
    return found


def codings(value: Any) -> list[dict[str, str]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    here = [value] if isinstance(value, dict) and {"system", "code", "display"} <= value.keys() else []
    return [*here, *(c for v in inner for c in codings(v))]


def test_every_number_of_the_report_is_there(fractured: r.Report) -> None:
    scan, *bodies = resources(valid(with_density(fractured)), "Observation")
    assert len(bodies) == len(fractured.vertebrae)
    for body, e in zip(bodies, with_density(fractured).vertebrae, strict=True):
        assert body["bodySite"]["text"] == f"{e.level} vertebra"
        mm = [component(body, f"HEIGHT-{c}")["valueQuantity"] for c in ("ANTERIOR", "MIDDLE", "POSTERIOR")]
        assert [q["value"] for q in mm] == [e.heights_mm.anterior, e.heights_mm.middle, e.heights_mm.posterior]
        assert all((q["system"], q["code"]) == ("http://unitsofmeasure.org", "mm") for q in mm)
        if e.hu is not None:
            assert component(body, "112181")["valueQuantity"] == {
                "value": 132.4, "unit": "HU", "system": "http://unitsofmeasure.org", "code": "[hnsf'U]",
            }  # fmt: skip
        if e.loss is None or e.loss_interval_95 is None:
            assert body["dataAbsentReason"]["text"] == "cut by the field of view"
            assert "valueCodeableConcept" not in body
            continue
        assert component(body, "HEIGHT-LOSS")["valueQuantity"]["value"] == pytest.approx(100 * e.loss, abs=0.01)
        low, high = (component(body, "HEIGHT-LOSS-95")["valueRange"][k]["value"] for k in ("low", "high"))
        assert (low, high) == pytest.approx([100 * v for v in e.loss_interval_95], abs=0.01)
        assert body["valueCodeableConcept"]["coding"][0]["code"] == f"GENANT-{e.grade}"
    assert scan["valueString"] == (fractured.summary.sentence if fractured.summary else "")
    assert component(scan, "FRACTURES")["valueQuantity"]["value"] == 1


def test_what_a_grade_means_is_said_in_hl7s_words() -> None:
    bodies = resources(valid(report_of(chest({"T8": (0.6, 0.8, 1.0), "T6": (0.78, 0.9, 1.0)}))), "Observation")[1:]
    meant = {b["bodySite"]["text"].split()[0]: b["interpretation"][0]["coding"][0]["code"] for b in bodies}
    assert (meant["T8"], meant["T6"], meant["T4"]) == ("A", "IND", "N")


def test_the_report_is_preliminary_names_the_study_and_no_patient(fractured: r.Report) -> None:
    bundle = valid(replace(fractured, source=replace(fractured.source, tags=UIDS)))
    (report,) = resources(bundle, "DiagnosticReport")
    assert report["status"] == "preliminary"
    assert report["conclusion"].endswith(DISCLAIMER)
    assert report["imagingStudy"][0]["identifier"] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3.4"}
    assert report["subject"].keys() == {"display"}
    assert "1.2.3" in report["subject"]["display"]
    urls = [e["fullUrl"] for e in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert {ref["reference"] for ref in report["result"]} <= set(urls)
    assert {o["device"]["reference"] for o in resources(bundle, "Observation")} <= set(urls)
    assert all(o["status"] == "preliminary" for o in resources(bundle, "Observation"))
    (device,) = resources(bundle, "Device")
    assert "ab12cd34" * 8 in device["version"][1]["value"]


def test_the_same_scan_and_weights_have_the_same_identifiers(fractured: r.Report) -> None:
    def names(report: r.Report) -> list[str]:
        return [e["fullUrl"] for e in fhir_bundle(report)["entry"]]

    later = replace(fractured, timing_s={"total": 3.0}, source=replace(fractured.source, path="/elsewhere"))
    other = replace(fractured, software=replace(fractured.software, models={"detector": r.Model("detector-2", "00")}))
    assert names(fractured) == names(later)
    assert not set(names(fractured)) & set(names(other))


def test_a_refused_scan_is_a_cancelled_report_and_no_spine_a_preliminary_one() -> None:
    (gone,) = resources(valid(refused()), "DiagnosticReport")
    assert gone["status"] == "cancelled"
    assert gone["conclusion"].startswith("Refused, nothing was measured: 3 slices are missing")
    (none,) = resources(valid(no_spine()), "DiagnosticReport")
    assert none["status"] == "preliminary"
    assert "result" not in none


@pytest.mark.parametrize("text", HARMFUL)
def test_any_text_gives_a_valid_bundle(fractured: r.Report, text: str) -> None:
    valid(with_text(with_density(fractured), text))


@settings(deadline=None, max_examples=40)
@given(st.text(min_size=1, max_size=20))
def test_any_text_at_all_gives_json_in_utf8(fractured: r.Report, text: str) -> None:
    json.dumps(fhir_bundle(with_text(fractured, text)), ensure_ascii=False, allow_nan=False).encode()


def test_standard_codes_are_those_of_dicom(fractured: r.Report) -> None:
    """Every SNOMED CT, LOINC, UCUM and DICOM code of the module stands in pydicom's dictionary of PS3.16, with its meaning."""
    designators = {codes.SCT: "SCT", codes.LOINC: "LN", codes.DCM: "DCM"}
    table = {
        d: {code: meaning[0] for meanings in concepts[d].values() for code, meaning in meanings.items()}
        for d in designators.values()
    }
    constants = [v for v in vars(codes).values() if isinstance(v, tuple) and len(v) == 3 and v[0] in designators]
    constants += [(codes.SCT, code, f"{name} vertebra") for name, code in codes.LEVELS.items()]
    assert len(constants) >= 30
    for system, code, display in constants:
        meaning = table[designators[system]][code]
        assert system == codes.LOINC or meaning == display  # LOINC's own name of the document; DICOM has a shorter one
    units = {code for meanings in concepts["UCUM"].values() for code in meanings}
    assert set(codes.UNIT_WORDS) <= units
    known = {(s, c) for s, c, _ in constants}
    used = {(c["system"], c["code"]) for c in codings(fhir_bundle(with_density(fractured))) if c["system"] in designators}
    assert used <= known


def test_every_level_has_a_body_site() -> None:
    for name in levels.ALL:
        site = codes.level(name)
        assert name in site["text"]
        assert site["coding"][0]["code"] == codes.LEVELS.get(name, "51282000")
    assert codes.level(None)["text"] == "Vertebra of unknown level"


def test_own_codes_have_a_system_that_is_unique_in_the_world() -> None:
    assert re.fullmatch(r"urn:oid:2\.25\.[1-9]\d+", codes.URI)
    assert int(codes.URI.rsplit(".", 1)[1]) < 2**128
