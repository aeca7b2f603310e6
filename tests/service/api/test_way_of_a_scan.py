"""A real CT, from upload to signed exports, over HTTP."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from endplate.exports import NAMES
from endplate.morphometry.norms import shipped
from endplate.report.report import Report
from endplate.review.apply import reviewed
from endplate.review.document import Review
from live_service import Live, events


@pytest.fixture(scope="module")
def real(service: Live, shared_data: Path) -> str:
    """Id of a real CT, uploaded, watched and measured."""
    stages: list[str] = []
    seen: list[Any] = []
    opened = threading.Event()

    def watch() -> None:
        with service.client.stream("GET", "/api/events") as stream:
            opened.set()
            for kind, content in events(stream):
                seen.append((kind, content))
                if kind == "job" and content["kind"] == "measure":
                    stages.append(content["stage"])
                if kind == "scan" and content["status"] == "measured":
                    return

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert opened.wait(60)
    answer = service.upload(("lidc/ct.nii.gz", (shared_data / "ct" / "lidc-0001" / "ct.nii.gz").read_bytes()), name="LIDC 1")
    assert answer.status_code == 202, answer.text
    assert (answer.json()["kind"], answer.json()["name"]) == ("find", "LIDC_1")
    watcher.join(120)
    assert not watcher.is_alive()
    assert len([s for s in dict.fromkeys(stages) if s]) >= 3, stages
    found = [content for kind, content in seen if kind == "scan"][-1]
    assert found["name"] == "LIDC_1"
    assert found["has_images"], found
    return str(found["id"])


def test_the_scan_comes_with_all_that_its_page_needs(service: Live, real: str) -> None:
    detail = service.get(f"/api/scans/{real}")
    assert len(Report.from_dict(detail["report"]).vertebrae) >= 8
    assert detail["rules"]["norms"] == detail["report"]["software"]["norms"]
    channels, rows, columns = detail["images"]["straight"]["shape"]
    answer = service.client.get(f"/api/scans/{real}/images/straight")
    shape = [int(answer.headers[name]) for name in ("X-Channels", "X-Rows", "X-Columns")]
    assert shape == [channels, rows, columns]
    hu = np.frombuffer(answer.content, "<i2").reshape(shape)
    assert hu.min() < -500 < 300 < hu.max()
    again = service.client.get(f"/api/scans/{real}/images/straight", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "no-store" not in answer.headers["Cache-Control"]
    for which, at in (("sagittal", 0.0), ("coronal", 10_000.0), ("axial", -500.0)):
        plane = service.client.get(f"/api/scans/{real}/images/{which}", params={"at": at})
        assert len(plane.content) == 2 * int(plane.headers["X-Rows"]) * int(plane.headers["X-Columns"])
        assert plane.headers["Cache-Control"] == "no-store"
    picture = service.client.get(f"/api/scans/{real}/overview.png")
    assert (picture.headers["Content-Type"], picture.content[:4]) == ("image/png", b"\x89PNG")


def test_a_review_is_saved_signed_and_exported(service: Live, real: str) -> None:
    model = Report.from_dict(service.get(f"/api/scans/{real}")["report"])
    opened = service.client.get(f"/api/scans/{real}/review")
    assert opened.headers["ETag"] == '"0"'
    document = opened.json()
    moved = document["vertebrae"][3]["points_lps_mm"]["anterior"][0]
    moved[2] -= 5.0

    tried = service.client.post(f"/api/scans/{real}/measure", json=document).json()
    saved = service.client.put(f"/api/scans/{real}/review", json=document, headers={"If-Match": '"0"'})
    assert saved.status_code == 200, saved.text
    assert saved.headers["ETag"] == saved.json()["etag"] == '"1"'
    expected = reviewed(model, Review.from_dict(document), shipped(model.software.norms))
    assert saved.json()["report"] == tried == json.loads(expected.to_json())
    assert saved.json()["report"]["vertebrae"][3]["loss"] > model.vertebrae[3].loss  # type: ignore[operator]

    final = document | {"version": 2, "decision": "accepted_with_edits", "reader": "Dr. Anna Maier"}
    signed = service.client.post(f"/api/scans/{real}/review/sign", json=final, headers={"If-Match": '"1"'})
    assert signed.status_code == 200, signed.text
    assert signed.json()["review"]["signed_at"].endswith("+00:00")

    scan = service.get(f"/api/scans/{real}")["scan"]
    assert (scan["review"], scan["review_version"], scan["reader"]) == ("accepted_with_edits", 2, "Dr. Anna Maier")
    versions = service.get(f"/api/scans/{real}/reviews")["reviews"]
    assert [(v["version"], v["decision"]) for v in versions] == [(1, "draft"), (2, "accepted_with_edits")]
    assert all("document" not in v for v in versions)
    assert service.get(f"/api/scans/{real}/reviews/1") == document
    assert service.get(f"/api/scans/{real}")["report"]["review"] is None  # the model's stays

    for name in NAMES:
        if name.endswith(".dcm"):
            continue
        answer = service.client.get(f"/api/scans/{real}/exports/{name}")
        assert answer.status_code == 200, (name, answer.text)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="LIDC_1-{name}"'
        assert answer.headers["X-Review-Version"] == "2"
    report = service.get(f"/api/scans/{real}/exports/report.json")
    assert (report["review"]["decision"], report["review"]["reader"]) == ("accepted_with_edits", "Dr. Anna Maier")
    assert service.get(f"/api/scans/{real}/exports/report.json", params={"version": 1})["review"]["decision"] == "draft"
    assert service.get(f"/api/scans/{real}/exports/report.json", params={"version": 0})["review"] is None
    refused = service.client.get(f"/api/scans/{real}/exports/report.sr.dcm")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_dicom_source")

    trail = service.get(f"/api/scans/{real}/audit")["entries"]
    actions = [entry["action"] for entry in trail]
    wanted = ["scan_added", "measured", "review_opened", "review_saved", "review_signed", "exported"]
    assert [a for a in dict.fromkeys(actions) if a in wanted] == wanted
    saves = [(e["actor"], e["detail"].get("reader")) for e in trail if e["action"] in ("review_saved", "review_signed")]
    assert saves == [("client 127.0.0.1", None), ("client 127.0.0.1", "Dr. Anna Maier")]
