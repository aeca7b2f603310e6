"""A real DICOM series, from upload to a verified structured report, and out again."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom

from live_service import Live


def test_a_verified_structured_report_follows_the_unverified_one(service: Live, lidc_dicom: Path) -> None:
    files = [(f"study/{path.name}", path.read_bytes()) for path in sorted(lidc_dicom.iterdir())]
    job = service.upload(*files).json()
    assert service.ended(job["id"])["state"] == "done"
    (scan,) = service.get("/api/scans", params={"search": "LIDC-IDRI-0001"})["scans"]
    assert scan["patient"]["id"] == "LIDC-IDRI-0001"
    where = f"/api/scans/{scan['id']}"
    document = service.get(f"{where}/review") | {"decision": "accepted", "reader": "Anna Maier"}
    signed = service.client.post(f"{where}/review/sign", json=document, headers={"If-Match": '"0"'})
    assert signed.status_code == 200, signed.text
    first = service.client.get(f"{where}/exports/report.sr.dcm")
    verified = pydicom.dcmread(io.BytesIO(first.content))
    unverified = pydicom.dcmread(io.BytesIO(service.client.get(f"{where}/exports/report.sr.dcm", params={"version": 0}).content))
    assert (verified.VerificationFlag, unverified.VerificationFlag) == ("VERIFIED", "UNVERIFIED")
    (study,) = verified.PredecessorDocumentsSequence
    (item,) = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert item.ReferencedSOPInstanceUID == unverified.SOPInstanceUID
    assert service.client.get(f"{where}/exports/report.sr.dcm").content == first.content  # what has left does not change
    for name in ("overview.sc.dcm", "report.pdf.dcm"):
        assert service.client.get(f"{where}/exports/{name}").status_code == 200
    assert service.client.delete(where).status_code == 204
    assert service.client.get(where).status_code == 404
    assert not (service.settings.scans / scan["id"]).exists()
    assert not any("study" in str(p) for p in service.settings.uploads.rglob("*"))
    assert [e["action"] for e in service.get(f"{where}/audit")["entries"]][-1] == "scan_deleted"
