"""Who verifies, and for whom: the organisation that the service was started with stands in signed DICOM objects."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from dicom.conftest import LEVELS, SCANNER, with_models
from dicom.dicom_tools import named, nodes
from endplate import oracle, phantom, pipeline
from endplate.dicom.codes import code
from endplate.phantom.dicom import write_series
from endplate.report.report import Report
from endplate.volume.read import read
from live_service import Live, running
from service_records import new_scan

NAME = "Clinic of Zürich, Radiology"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of a phantom as a DICOM series."""
    made = phantom.render(phantom.spine(LEVELS, phantom.SpineShape()), scanner=SCANNER, seed=0)
    series = write_series(made, tmp_path_factory.mktemp("series"))
    return Report.from_json(with_models(pipeline.quantify_volume(read(series), oracle.models(made.vertebrae)).report).to_json())


def left(live: Live, where: str, version: int | None = None) -> tuple[Dataset, bytes]:
    """The structured report as it leaves."""
    answer = live.client.get(f"{where}/exports/report.sr.dcm", params={} if version is None else {"version": version})
    assert answer.status_code == 200, answer.text
    return pydicom.dcmread(io.BytesIO(answer.content)), answer.content


def sign(live: Live, where: str, version: int) -> None:
    document = live.get(f"{where}/review") | {"version": version, "decision": "accepted", "reader": "Anna Maier", "signed_at": None}
    answer = live.client.post(f"{where}/review/sign", json=document, headers={"If-Match": f'"{version - 1}"'})
    assert answer.status_code == 200, answer.text


def said(document: Dataset) -> tuple[str, list[str]]:
    """Verifying Organization, and the organisation of the person observer."""
    (observer,) = document.VerifyingObserverSequence
    person = [str(item.TextValue) for item in nodes(document) if named(item) == code("person_organisation").value]
    return str(observer.VerifyingOrganization), person


def test_what_is_signed_names_the_organisation_and_what_has_left_stays(tmp_path: Path, report: Report) -> None:
    scan = replace(new_scan(), source=report.source.path)
    where = f"/api/scans/{scan.id}"
    with running(tmp_path / "data", organisation=NAME) as live:
        live.store.add_scan(scan, "x")
        live.store.set_measured(scan.id, report, None)
        draft = live.get(f"{where}/review")
        assert live.client.put(f"{where}/review", json=draft, headers={"If-Match": '"0"'}).status_code == 200
        unsigned, _ = left(live, where)
        assert "VerifyingObserverSequence" not in unsigned
        assert NAME.encode() not in left(live, where)[1]  # nobody of it has verified a draft
        sign(live, where, 2)
        first, content = left(live, where)
        assert said(first) == (NAME, [NAME])
    with running(tmp_path / "data", organisation="Another") as live:
        assert left(live, where)[1] == content
        sign(live, where, 3)
        assert said(left(live, where)[0]) == ("Another", ["Another"])
        assert left(live, where, 2)[1] == content
    with running(tmp_path / "data") as live:
        sign(live, where, 4)
        assert said(left(live, where)[0]) == ("Not stated", [])
