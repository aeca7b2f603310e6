"""Folders of the server, jobs, events; nobody waits for anybody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from endplate.service.http.events import everything, last_number, seen_now
from endplate.service.records import Job
from endplate.service.store import SqlStore, opened_store
from live_service import Live, events, running


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory, small_ct: bytes) -> Iterator[tuple[Live, Path]]:
    """A service with a root that it may read from, and that root."""
    place = tmp_path_factory.mktemp("rooted")
    root = place / "root"
    (root / "scans").mkdir(parents=True)
    (root / "scans" / "ct.nii.gz").write_bytes(small_ct)
    (place / "secret").mkdir()
    (root / "way-out").symlink_to(place / "secret")
    (root / "circle").symlink_to(root / "circle")
    with running(place / "data", folders=(root,)) as live:
        yield live, root


def test_folders_need_a_root(idle: Live) -> None:
    answer = idle.client.post("/api/folders", json={"path": "/tmp", "kind": "scans"})
    assert answer.status_code == 422
    assert "--folders ROOT" in answer.json()["message"]


def test_a_folder_within_the_root_is_ordered(rooted: tuple[Live, Path]) -> None:
    live, root = rooted
    for kind, job in (("scans", "find"), ("reports", "import")):
        answer = live.client.post("/api/folders", json={"path": str(root / "scans"), "kind": kind})
        assert (answer.status_code, answer.json()["kind"], answer.json()["state"]) == (202, job, "waiting")
        assert live.get(f"/api/jobs/{answer.json()['id']}")["name"] == "scans"
    assert live.get("/api/audit")["entries"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/etc", 422),
        ("{root}/../secret", 422),
        ("{root}/way-out", 422),
        ("{root}/circle", 422),
        ("scans", 422),
        ("{root}-twin", 422),
        ("{root}/scans\x00", 422),
        ("{root}/" + "x" * 4000, 422),
        ("{root}/nothing", 404),
        ("{root}/scans/ct.nii.gz", 404),
        ("", 422),
    ],
)
def test_no_other_is(rooted: tuple[Live, Path], path: str, status: int) -> None:
    live, root = rooted
    answer = live.client.post("/api/folders", json={"path": path.format(root=root), "kind": "scans"})
    assert answer.status_code in (status, 404 if "xxx" in path else status), answer.text
    assert set(answer.json()) == {"code", "message"}


def test_a_job_is_cancelled_and_tried_again(rooted: tuple[Live, Path]) -> None:
    live, root = rooted
    job = live.client.post("/api/folders", json={"path": str(root / "scans"), "kind": "scans"}).json()
    assert live.client.post(f"/api/jobs/{job['id']}/retry").status_code == 409
    with live.client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        seen = events(stream)
        assert next(seen)[1]["state"] == "waiting"
        assert live.client.post(f"/api/jobs/{job['id']}/cancel").status_code == 202
        assert [content["state"] for _, content in seen][-1] == "cancelled"  # and the stream ends
    late = live.client.post(f"/api/jobs/{job['id']}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    again = live.client.post(f"/api/jobs/{job['id']}/retry")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert live.get("/api/jobs", params={"state": "cancelled"})["jobs"] == []
    for way in ("", "/events"):
        assert live.client.get(f"/api/jobs/{'0' * 32}{way}").status_code == 404
    assert live.client.post(f"/api/jobs/{'0' * 32}/cancel").status_code == 404


def test_what_waits_is_told_first_then_what_changes(rooted: tuple[Live, Path]) -> None:
    live, _ = rooted
    live.store.add_job(Job("a" * 32, "find", "first", "waiting", "2026-01-01T00:00:00+00:00"))
    with live.client.stream("GET", "/api/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Cache-Control"] == "no-store"
        seen = events(stream)
        until(seen, lambda kind, content: kind == "job" and content["name"] == "first")
        live.store.update_job("a" * 32, stage="find", share=0.5)
        until(seen, lambda kind, content: kind == "job" and content["share"] == 0.5)
        live.store.add_job(Job("b" * 32, "find", "second", "waiting", "2026-01-01T00:00:01+00:00"))
        until(seen, lambda kind, content: kind == "job" and content["name"] == "second")


def test_a_running_job_is_told_first_however_many_wait(tmp_path: Path) -> None:
    async def told_first(store: SqlStore) -> list[str]:
        ended = anyio.Event()
        ended.set()
        return [str(event.data) async for event in everything(store, seen_now(store), ended)]

    store = opened_store(f"sqlite:///{tmp_path}/endplate.sqlite")
    for number in range(1002):  # the newest come first
        store.add_job(Job(f"{number:032x}", "measure", str(number), "waiting", f"2026-01-01T00:00:00.{number:03}+00:00"))
    store.update_job("0" * 32, state="running")
    told = [json.loads(text) for text in anyio.run(told_first, store)]
    store.close()
    assert len(told) == 1002
    assert [job["id"] for job in told if job["state"] == "running"] == ["0" * 32]


def until(seen: Iterator[tuple[str, Any]], holds: Any) -> None:
    assert any(holds(kind, content) for kind, content in seen)


def test_the_end_of_the_trail_is_found(rooted: tuple[Live, Path]) -> None:
    store: SqlStore = rooted[0].store
    for _ in range(37):
        store.note("somebody", "looked")
        assert last_number(store) == store.audit(limit=1000)[-1].number


def test_slow_requests_hold_nobody_up(rooted: tuple[Live, Path]) -> None:
    """Streams, and an upload that never goes on, leave the service answering."""
    live, _ = rooted
    stop = threading.Event()

    def listen() -> None:
        with live.client.stream("GET", "/api/events") as stream:
            for _ in stream.iter_raw():
                if stop.is_set():
                    return

    listeners = [threading.Thread(target=listen, daemon=True) for _ in range(20)]
    for listener in listeners:
        listener.start()
    began = time.monotonic()
    for _ in range(50):
        assert live.get("/api/health")["status"] == "ok"
        assert live.client.get("/api/scans").status_code == 200
    assert time.monotonic() - began < 30
    stop.set()
    live.store.note("somebody", "looked")
    live.store.add_job(Job("c" * 32, "find", json.dumps("third"), "waiting", "2026-01-01T00:00:02+00:00"))
    for listener in listeners:
        listener.join(20)
        assert not listener.is_alive()
