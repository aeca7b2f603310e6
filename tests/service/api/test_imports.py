"""Finished reports taken in from a folder of the server."""

from __future__ import annotations

import json
from pathlib import Path

from live_service import Live, running


def test_a_report_by_norms_that_are_not_ours_is_shown_but_not_graded(tmp_path: Path, service: Live, measured: str) -> None:
    report = service.get(f"/api/scans/{measured}")["report"]
    for name, norms in (("ours", report["software"]["norms"]), ("theirs", "/etc/passwd")):
        (tmp_path / "finished" / name).mkdir(parents=True)
        content = report | {"software": report["software"] | {"norms": norms}, "source": report["source"] | {"name": name}}
        (tmp_path / "finished" / name / "report.json").write_text(json.dumps(content))
    with running(tmp_path / "data", folders=(tmp_path,), workers=1) as live:
        job = live.client.post("/api/folders", json={"path": str(tmp_path / "finished"), "kind": "reports"}).json()
        assert live.ended(job["id"])["state"] == "done"
        scans = {s["name"]: s["id"] for s in live.get("/api/scans")["scans"]}
        assert set(scans) == {"ours", "theirs"}
        for name, status in (("ours", 200), ("theirs", 422)):
            where = f"/api/scans/{scans[name]}"
            assert (live.get(where)["rules"] is None) == (name == "theirs")
            document = live.get(f"{where}/review")
            answer = live.client.put(f"{where}/review", json=document, headers={"If-Match": '"0"'})
            assert answer.status_code == status, answer.text
            if status == 422:
                assert "expected one of ct-keypoints-1" in answer.json()["message"]
            assert live.client.get(f"{where}/exports/report.html").status_code == 200
        assert live.client.delete(f"/api/scans/{scans['ours']}").status_code == 204
        assert (tmp_path / "finished" / "ours" / "report.json").is_file()  # what lies elsewhere is the user's
