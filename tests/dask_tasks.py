"""What the workers of the Dask tests run; a file of its own so that a worker process can import it."""

from __future__ import annotations

import os
import pickle
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from endplate import __version__, oracle, pipeline
from endplate.cohort import Destination, Job, Maker, run


@dataclass(frozen=True)
class Scan:
    """A scan to quantify, with the oracle of the vertebrae that a file holds.

    ``dies`` says when the worker kills itself at the first try: "before" the scan, "after" its result is written, or never.
    """

    job: Job
    out: Path
    truth: Path
    dies: str = ""


def quantified(scan: Scan) -> tuple[str, bool, int]:
    """Name, whether an earlier try had done it, and the process that did it."""
    tries = tried(scan.out.parent / "tries", scan.job.name)
    if scan.dies == "before" and tries == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    models = oracle.models(pickle.loads(scan.truth.read_bytes()))
    (outcome,) = run([scan.job], Destination(scan.out, Maker(__version__, {})), models, pipeline.Settings())
    if scan.dies == "after" and tries == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome.job.name, outcome.earlier, os.getpid()


def deadly(task: tuple[Path, str]) -> str:
    """Kills its worker, every time, if the task says so."""
    folder, name = task
    tried(folder, name)
    if name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def slow(number: int) -> int:
    time.sleep(0.05)
    return number


def fails(number: int) -> int:
    if number == 3:
        raise ValueError(f"task {number}")
    return number


def tried(folder: Path, name: str) -> int:
    """Counts the tries of a task by files, which survive their process."""
    folder.mkdir(exist_ok=True)
    count = len(list(folder.glob(f"{name}.*"))) + 1
    (folder / f"{name}.{count}").touch()
    return count
