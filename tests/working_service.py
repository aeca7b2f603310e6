"""The review service without its web part: a folder of data, its store, orders, and real worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from endplate.service.jobs import Jobs
from endplate.service.records import Job, Query, Scan
from endplate.service.store import SqlStore, opened_store

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Service:
    """Store, orders and folder."""

    data: Path
    store: SqlStore
    jobs: Jobs
    database: str | None = None
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def worker(self, *options: str) -> subprocess.Popen[str]:
        """A worker process that is ready."""
        process = self.unready_worker(*options)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def unready_worker(self, *options: str) -> subprocess.Popen[str]:
        """A worker process that starts."""
        command = [sys.executable, "-m", "endplate.service.worker", "--data", str(self.data), "--threads", "1", *options]
        command += ["--database", self.database] if self.database else []
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        self.workers.append(process)
        return process

    def job(self, job_id: str) -> Job:
        found = self.store.job(job_id)
        assert found is not None
        return found

    def measurements(self) -> list[Job]:
        return list(self.store.jobs(kind="measure"))

    def measuring(self) -> list[Job]:
        """Jobs that are in the middle of a scan."""
        return [job for job in self.store.jobs(states=("running",), kind="measure") if job.stage]

    def scans(self) -> list[Scan]:
        return list(self.store.worklist(Query(size=500)).scans)

    def ended(self) -> bool:
        """Whether nothing waits or runs."""
        return not self.store.jobs(states=("waiting", "running"))

    def actions(self, action: str) -> Counter[str | None]:
        """How often each scan had it, by the audit trail."""
        return Counter(entry.scan_id for entry in self.store.audit(limit=10_000) if entry.action == action)

    def leftovers(self) -> list[str]:
        """What is half written."""
        return [str(path) for path in [*self.data.rglob(".*"), *self.data.rglob("*.part")]]


@contextmanager
def service(data: Path, database: str | None = None) -> Iterator[Service]:
    """Opened on a folder."""
    data.mkdir(parents=True, exist_ok=True)
    store = opened_store(database or f"sqlite:///{data / 'endplate.sqlite'}")
    jobs = Jobs(store, data, database)
    found = Service(data, store, jobs, database)
    try:
        yield found
    finally:
        for process in found.workers:
            process.kill()
            process.communicate(timeout=PATIENCE_S)
        jobs.close()
        store.close()


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": path}


def wait(until: Callable[[], bool], why: str = "", patience_s: float = PATIENCE_S) -> None:
    """Until something is so."""
    deadline = time.monotonic() + patience_s
    while not until():
        assert time.monotonic() < deadline, why or "it did not come about in time"
        time.sleep(0.01)


def kill(process: subprocess.Popen[str], number: signal.Signals = signal.SIGKILL) -> None:
    """Ends a process by a signal, and waits for its end."""
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)


def alive(process: int) -> bool:
    """Whether a process of this number is there and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
