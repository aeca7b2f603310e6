"""A real DICOM series, from upload to a verified structured report, and out again."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
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
    assert service.client.get(f"{where}/exports/report.pdf.dcm").status_code == 200
    _amended(service, where, first.content)
    assert service.client.delete(where).status_code == 204
    assert service.client.get(where).status_code == 404
    assert not (service.settings.scans / scan["id"]).exists()
    assert not any("study" in str(p) for p in service.settings.uploads.rglob("*"))
    assert [e["action"] for e in service.get(f"{where}/audit")["entries"]][-1] == "scan_deleted"


def _amended(service: Live, where: str, first: bytes) -> None:
    """A draft after the signature changes nothing that leaves; a second signature does."""

    def asked(name: str, version: int | None = None) -> httpx.Response:
        return service.client.get(f"{where}/exports/{name}", params={} if version is None else {"version": version})

    draft = service.get(f"{where}/review") | {"version": 2, "decision": "draft", "reader": None, "signed_at": None}
    assert service.client.put(f"{where}/review", json=draft, headers={"If-Match": '"1"'}).status_code == 200
    assert asked("report.sr.dcm").content == first
    for name in ("report.sr.dcm", "overview.sc.dcm", "report.pdf.dcm"):
        refused = asked(name, 2)
        assert (refused.status_code, refused.json()["code"]) == (409, "superseded")
        assert "version 2 is a draft after version 1, which is signed" in refused.json()["message"]

    again = draft | {"version": 3, "decision": "accepted", "reader": "Anna Maier"}
    assert service.client.post(f"{where}/review/sign", json=again, headers={"If-Match": '"2"'}).status_code == 200
    second = asked("report.sr.dcm")
    assert (second.status_code, second.headers["X-Review-Version"]) == (200, "3")
    assert asked("report.sr.dcm", 1).content == first != second.content
    late = asked("overview.sc.dcm", 1)  # which has not left before version 3 was signed
    assert (late.status_code, late.json()["code"]) == (409, "superseded")
    assert asked("overview.sc.dcm").status_code == 200
