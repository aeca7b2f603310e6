"""Which workers live, and how the others died.

Each worker holds a lock on a file of its own in ``DIR/workers``; the operating system lets go of it when the worker ends, however
it ends (on NFS, when the server's lease of a lost machine runs out). So a worker is dead if and only if somebody else can take
its lock, and whoever does so cleans up after it.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

FOLDER = "workers"
_VMSTAT = Path("/proc/vmstat")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Death:
    """A worker that has ended.

    Attributes:
        worker: its id.
        fault: what it did to itself: ``Segmentation fault``, or out of memory; empty where it was ended from outside or in order.
        trace: where in the code it crashed, if it could still say so.
    """

    worker: str
    fault: str = ""
    trace: str = ""


class Life:
    """This worker's: lock, crash log and temporary folder. Kept open until the process ends.

    Args:
        data: the service's folder.
    """

    def __init__(self, data: Path) -> None:
        self.worker = uuid4().hex
        self._folder = data / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        unseen = self._folder / f".{self.worker}"
        self._lock = unseen.open("w+")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        json.dump({"host": socket.gethostname(), "process": os.getpid(), **_memory_kills()}, self._lock)
        self._lock.flush()
        unseen.rename(self._folder / f"{self.worker}.lock")  # nobody sees it unlocked
        self._crash: TextIO = (self._folder / f"{self.worker}.crash").open("w")
        faulthandler.enable(self._crash)
        temporary = self._folder / f"{self.worker}.tmp"
        temporary.mkdir()
        tempfile.tempdir = str(temporary)  # what is unpacked of a zip goes when the worker is dead


@contextmanager
def deaths(data: Path, own: str) -> Iterator[list[Death]]:
    """The workers that are dead; what they left half done is removed when the block ends well.

    Args:
        data: the service's folder.
        own: id of the worker that asks.
    """
    locks = []
    for path in sorted((data / FOLDER).glob("*.lock")):
        if path.stem != own and (lock := _taken(path)) is not None:
            locks.append((path, lock))
    try:
        yield [_death(path, lock) for path, lock in locks]
        for path, _ in locks:
            _clean(data, path)
    finally:
        for _, lock in locks:
            lock.close()


@contextmanager
def replaced_folder(folder: Path, worker: str) -> Iterator[Path]:
    """A hidden folder to write into; takes the place of ``folder`` at the end, or vanishes if anything goes wrong.

    Its name tells whose it is, so that it goes with a worker that dies.
    """
    half = folder.with_name(f".{folder.name}.{worker}")
    half.mkdir(parents=True)
    try:
        yield half
        if folder.exists():  # of a worker that died before the store knew of it
            old = folder.with_name(f".{folder.name}-old.{worker}")
            folder.rename(old)
            shutil.rmtree(old)
        _flush(half)
        half.rename(folder)
        _flush(folder.parent)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _flush(folder: Path) -> None:
    """What a folder lists is on the disk before the store says so; its files were flushed when they were written."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _taken(path: Path) -> TextIO | None:
    """The lock of a dead worker; None of one that lives, or that another is cleaning up after."""
    try:
        lock = path.open("r+")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _death(path: Path, lock: TextIO) -> Death:
    crash = path.with_suffix(".crash")
    trace = crash.read_text(errors="replace") if crash.exists() else ""
    if trace:
        found = re.search(r"Fatal Python error: (.+)", trace)
        return Death(path.stem, found[1] if found else "it crashed", trace)
    try:
        before: dict[str, Any] = json.loads(lock.read())
    except ValueError:  # after a power cut a file may be empty
        return Death(path.stem)
    after = _memory_kills()
    same_machine = (before.get("host"), before.get("boot")) == (socket.gethostname(), after["boot"])
    if same_machine and after["memory_kills"] > before.get("memory_kills", 0):
        return Death(path.stem, "the machine ran out of memory")
    return Death(path.stem)


def _clean(data: Path, path: Path) -> None:
    worker = path.stem
    for left in [*(data / "scans").glob(f".*.{worker}"), path.with_suffix(".tmp")]:
        shutil.rmtree(left, ignore_errors=True)
    path.with_suffix(".crash").unlink(missing_ok=True)
    path.unlink(missing_ok=True)  # last: until then somebody else could take over


def _memory_kills() -> dict[str, Any]:
    """How many processes Linux has ended on this machine since it started because memory ran out; nothing elsewhere."""
    try:
        found = re.search(r"^oom_kill (\d+)", _VMSTAT.read_text(), re.MULTILINE)
        return {"boot": _BOOT.read_text().strip(), "memory_kills": int(found[1]) if found else 0}
    except OSError:
        return {"boot": "", "memory_kills": 0}
