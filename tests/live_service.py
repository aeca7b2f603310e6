"""A real review service on a free port of this machine: uvicorn in a thread, SQLite, workers as processes."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from endplate.service.http import serving
from endplate.service.http.app import create_app
from endplate.service.jobs.orders import Jobs
from endplate.service.jobs.supervise import Staff, start_workers
from endplate.service.settings import Settings
from endplate.service.store import SqlStore, opened_store

PATIENCE_S = 120.0


@dataclass(frozen=True)
class Live:
    """A service that runs."""

    url: str
    settings: Settings
    store: SqlStore
    client: httpx.Client

    @property
    def port(self) -> int:
        return int(httpx.URL(self.url).port or 0)

    def get(self, path: str, **how: Any) -> Any:
        answer = self.client.get(path, **how)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, *files: tuple[str, bytes], name: str | None = None) -> httpx.Response:
        """Files by their relative paths."""
        return self.client.post(
            "/api/uploads",
            files=[("files", (path, content)) for path, content in files],
            data={} if name is None else {"name": name},
        )

    def raw(self, request: bytes, wait_s: float = 60.0) -> bytes:
        """What comes back for bytes as they are."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as stream:
            stream.sendall(request)
            came = b""
            while piece := stream.recv(65536):
                came += piece
            return came

    def ended(self, job_id: str) -> dict[str, Any]:
        """A job, once it has ended and all that it ordered has too."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            jobs = self.get("/api/jobs")["jobs"]
            mine = [j for j in jobs if job_id in (j["id"], j["parent_id"])]
            if mine and all(j["state"] in ("done", "failed", "cancelled") for j in mine):
                return next(j for j in mine if j["id"] == job_id)
            time.sleep(0.1)
        raise TimeoutError(f"job {job_id} has not ended in {PATIENCE_S:g} s")

    def left(self) -> list[str]:
        """What lies in the folders for uploads."""
        folders = (self.settings.incoming, self.settings.uploads)
        return [str(path) for folder in folders if folder.is_dir() for path in folder.iterdir()]


@contextmanager
def running(data: Path, **how: Any) -> Iterator[Live]:
    """A service, workers as asked for in ``how`` (none if left out), which otherwise are its settings."""
    settings = Settings(data, **{"port": 0, "workers": 0, **how})
    with ExitStack() as stack:
        listener = stack.enter_context(serving.listening(settings))
        store = opened_store(settings.url)
        stack.callback(store.close)
        jobs = Jobs(store, data, settings.url)
        stack.callback(jobs.close)
        if settings.workers:
            stack.callback(start_workers(Staff(data, settings.url, settings.workers)).stop)
        server = uvicorn.Server(serving.config(create_app(settings, store, jobs), settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        stack.callback(thread.join, 20)
        stack.callback(setattr, server, "should_exit", True)
        url = serving.address_of(settings, listener).rstrip("/")
        client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
        yield Live(url, settings, store, client)


def events(stream: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Server-sent events as kind and content."""
    kind = ""
    for line in stream.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))
