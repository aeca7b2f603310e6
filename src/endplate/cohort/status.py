"""How far each scan of a cohort is, told from the disk alone: true after a kill at any moment.

What is done stands in the ledger beside each result. What was begun stands in ``OUT/.cohort/NAME.json``, a file per scan that is
replaced whole when a worker begins: how often it was tried, by which process of which machine.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from endplate.cohort import ledger
from endplate.cohort.run import FAULT, Destination
from endplate.cohort.tables import read_report
from endplate.cohort.worklist import Job
from endplate.report.report import Report
from endplate.report.table import write_atomically

FOLDER = ".cohort"
WORKER_DIED = "worker_died"
"""Code of the refusal of a scan whose worker died twice."""
State = Literal["waiting", "running", "measured", "no_spine", "refused", "fault", "lost"]
FAILED: tuple[State, ...] = ("refused", "fault", "lost")
"""What `--retry-failed` tries again."""


@dataclass(frozen=True)
class Status:
    """How far one scan is.

    Attributes:
        name: of its folder in the output.
        state: ``waiting`` to be tried, or tried again after a kill; ``running``; or what became of it.
        attempts: how often a worker has begun it, in all runs.
        seconds: that its result took; 0 before.
        code: of a refusal; empty otherwise.
        said: a sentence on the result; empty before.
        earlier: whether the result is an earlier run's.
    """

    name: str
    state: State
    attempts: int = 0
    seconds: float = 0.0
    code: str = ""
    said: str = ""
    earlier: bool = False


@dataclass(frozen=True)
class Attempt:
    """The last time that a worker began a scan.

    Attributes:
        attempts: how often it was begun, this time included.
        host: name of the machine.
        process: number of the worker.
    """

    attempts: int
    host: str
    process: int

    @property
    def is_alive(self) -> bool:
        """Whether its worker still runs, as far as this machine can tell."""
        return self.host == socket.gethostname() and is_alive(self.process)


def is_alive(process: int) -> bool:
    """Whether a process of this machine runs; one that has ended and that nobody has waited for yet does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        # proc(5): "pid (name) state ..."; a name may hold brackets
        return not Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].strip().startswith("Z")
    except OSError:
        return not Path("/proc/self").exists()  # a system without /proc knows no more


def begin(out: Path, name: str) -> None:
    """Notes that this process begins a scan."""
    before = last_attempt(out, name)
    now = Attempt(before.attempts + 1 if before else 1, socket.gethostname(), os.getpid())
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    write_atomically(out / FOLDER / f"{name}.json", json.dumps(asdict(now)).encode())


def last_attempt(out: Path, name: str) -> Attempt | None:
    """When a scan was begun last; None if never."""
    try:
        return Attempt(**json.loads((out / FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def status(job: Job, destination: Destination) -> Status:
    """How far a scan is."""
    folder, attempt = destination.out / job.name, last_attempt(destination.out, job.name)
    if not ledger.is_done(folder, job.origin, destination.maker):
        running = attempt is not None and attempt.is_alive
        return Status(job.name, "running" if running else "waiting", attempt.attempts if attempt else 0)
    report = read_report(folder)
    return of_report(job.name, report, report.timing_s.get("total", 0.0), attempt.attempts if attempt else 1)


def statuses(jobs: Iterable[Job], destination: Destination) -> Iterator[Status]:
    """How far each scan is."""
    return (status(job, destination) for job in jobs)


def of_report(name: str, report: Report, seconds: float = 0.0, attempts: int = 1) -> Status:
    """What became of a scan with this report."""
    if report.status == "refused":
        code = report.messages[0].code
        state: State = "fault" if code == FAULT else "lost" if code == WORKER_DIED else "refused"
        return Status(name, state, attempts, seconds, code, report.messages[0].text)
    if report.status == "no_spine" or report.summary is None:
        return Status(name, "no_spine", attempts, seconds, said=report.messages[-1].text if report.messages else "no spine")
    return Status(name, "measured", attempts, seconds, said=f"{report.summary.vertebrae} vertebrae. {report.summary.sentence}")
