"""The same service on a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path

import httpx

import postgresql_server
from live_service import events, running
from small_scans import write_small


def test_upload_events_review_conflict_and_trail(tmp_path: Path) -> None:
    scan = write_small(tmp_path / "ct.nii.gz").read_bytes()
    with postgresql_server.running() as server:
        url = postgresql_server.emptied(server)
        with running(tmp_path / "data", database=url, workers=1) as live, live.client.stream("GET", "/api/events") as stream:
            job = live.upload(("small.nii.gz", scan)).json()
            found = next(c for kind, c in events(stream) if kind == "scan" and c["status"] == "measured")
            assert live.ended(job["id"])["state"] == "done"
            where = f"/api/scans/{found['id']}/review"
            document = live.get(where)

            def put(version: int) -> httpx.Response:
                headers = {"If-Match": f'"{version - 1}"'}
                return live.client.put(where, json=document | {"version": version}, headers=headers)

            assert [put(1).status_code, put(1).status_code, put(2).status_code] == [200, 412, 200]
            actions = [e["action"] for e in live.get("/api/audit")["entries"]]
            assert actions.count("review_saved") == 2
            assert live.client.get("/api/scans", params={"search": "\N{SNOWMAN}%_' OR 1=1"}).json()["total"] == 0
            assert not (tmp_path / "data" / "endplate.sqlite").exists()
