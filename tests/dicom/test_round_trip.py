"""A series goes to a real Orthanc by C-STORE, comes back, is quantified; the results go there, are found, and come back equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom.conftest import SCANNER, Case, at, with_models
from dicom.dicom_tools import opened, read_back
from dicom.orthanc import AET, Orthanc, executable, orthanc
from endplate import oracle, phantom, pipeline
from endplate.volume.read import read

pynetdicom = pytest.importorskip("pynetdicom")
pytestmark = pytest.mark.skipif(executable() is None, reason="Orthanc is not installed (Debian package orthanc)")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Orthanc:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server  # type: ignore[misc]


def store(archive: Orthanc, datasets: Sequence[Dataset]) -> None:
    """C-STORE of all over one association."""
    entity = pynetdicom.AE("ENDPLATE")
    for sop_class in {d.SOPClassUID for d in datasets}:
        entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", archive.dicom_port, ae_title=AET)
    assert association.is_established
    try:
        assert [association.send_c_store(d).Status for d in datasets] == [0] * len(datasets)
    finally:
        association.release()


def instances(archive: Orthanc, query: dict[str, str]) -> list[str]:
    found: list[str] = archive.json("/tools/find", {"Level": "Instance", "Query": query})
    return found


def test_the_results_come_back_as_they_went(case: Case, archive: Orthanc, tmp_path: Path) -> None:
    series_uid, study_uid = case.report.source.series_instance_uid, case.report.source.tags["study_instance_uid"]
    store(archive, [dcmread(path) for path in sorted(case.series.iterdir())])
    found = instances(archive, {"SeriesInstanceUID": str(series_uid)})
    assert len(found) == len(list(case.series.iterdir()))

    fetched = tmp_path / "fetched"
    fetched.mkdir()
    for name in found:
        (fetched / f"{name}.dcm").write_bytes(archive.ask(f"/instances/{name}/file", accept="*/*"))
    bodies = phantom.fracture(phantom.spine(tuple(str(v.level) for v in case.report.vertebrae)), "T12", "wedge", 2)
    truth = phantom.render(bodies, scanner=SCANNER, seed=0)
    report = with_models(pipeline.quantify_volume(read(fetched), oracle.models(truth.vertebrae)).report)
    assert [v.heights_mm for v in report.vertebrae] == [v.heights_mm for v in case.report.vertebrae]
    made = case.results(at(replace(case.report, vertebrae=case.report.vertebrae), fetched))
    assert made == case.results()

    store(archive, [opened(content) for content in made.values()])
    in_study = archive.json("/tools/find", {"Level": "Series", "Query": {"StudyInstanceUID": str(study_uid)}, "Expand": True})
    assert sorted(s["MainDicomTags"]["Modality"] for s in in_study) == ["CT", "DOC", "OT", "SR"]
    assert len({s["ParentStudy"] for s in in_study}) == 1
    for content in made.values():
        sent = opened(content)
        (name,) = instances(archive, {"SOPInstanceUID": str(sent.SOPInstanceUID)})
        assert opened(archive.ask(f"/instances/{name}/file", accept="*/*")) == sent

    before = len(instances(archive, {"StudyInstanceUID": str(study_uid)}))
    store(archive, [opened(content) for content in case.results().values()])
    assert len(instances(archive, {"StudyInstanceUID": str(study_uid)})) == before

    (name,) = instances(archive, {"SOPInstanceUID": str(opened(made["report.sr.dcm"]).SOPInstanceUID)})
    document = read_back(archive.ask(f"/instances/{name}/file", accept="*/*"))
    assert len(document.content.get_image_measurement_groups()) == len(case.report.vertebrae) + 1


def test_qido_finds_the_report(case: Case, archive: Orthanc) -> None:
    if not archive.has_dicomweb:
        pytest.skip("Orthanc's DICOMweb plugin is not installed (Debian package orthanc-dicomweb)")
    made = case.results()
    store(archive, [opened(content) for content in made.values()])
    study_uid = case.report.source.tags["study_instance_uid"]
    found = archive.json(f"/dicom-web/instances?StudyInstanceUID={study_uid}&Modality=SR")
    assert [item["00080018"]["Value"][0] for item in found] == [opened(made["report.sr.dcm"]).SOPInstanceUID]
