"""Files of the server whose names are no text: Linux takes any bytes, and old scanners write Latin-1."""

from __future__ import annotations

import os
from pathlib import Path

from endplate.exports import NAMES
from live_service import events, running


def test_every_answer_is_whole(tmp_path: Path, small_ct: bytes) -> None:
    folder = tmp_path / os.fsdecode(b"R\xf6ntgen")
    folder.mkdir()
    (folder / os.fsdecode(b"M\xfcller.nii.gz")).write_bytes(small_ct)
    (folder / os.fsdecode(b"f\xe9mur.nii.gz")).write_bytes(b"no scan")
    with running(tmp_path / "data", folders=(tmp_path,), workers=1) as live:
        job = live.client.post("/api/folders", json={"path": str(tmp_path), "kind": "scans"}).json()
        assert live.ended(job["id"])["state"] == "done"
        scans = live.get("/api/scans")["scans"]
        assert {s["status"] for s in scans} == {"measured", "refused"}
        live.get("/api/audit")
        with live.client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
            assert [kind for kind, _ in events(stream)] == ["job"]
        for scan in scans:
            where = f"/api/scans/{scan['id']}"
            assert live.get(where)["report"]["source"]["path"] == scan["source"]
            for name in NAMES:
                assert live.client.get(f"{where}/exports/{name}").status_code in (200, 422), (scan["status"], name)
        where = next(f"/api/scans/{s['id']}" for s in scans if s["status"] == "measured")
        document = live.get(f"{where}/review")
        assert live.client.post(f"{where}/measure", json=document).status_code == 200
        assert live.client.put(f"{where}/review", json=document, headers={"If-Match": '"0"'}).status_code == 200
        for name in NAMES:
            assert live.client.get(f"{where}/exports/{name}").status_code == (
                422 if name.endswith("dcm") or name == "truth.json" else 200
            )
