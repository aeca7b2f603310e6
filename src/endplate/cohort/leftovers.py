"""What killed runs leave behind: hidden half-written folders and files, named after the process that wrote them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from endplate.cohort.status import FOLDER, is_alive

_FOLDER = re.compile(r"\..+\.(\d+)")
_FILE = re.compile(r"\..+\.(\d+)\.part")


def clean(out: Path) -> int:
    """Removes what processes of this machine that are gone left half written in an output folder; gives how many.

    This process writes nothing meanwhile: what bears its number is of a killed one that had the same, as is usual in containers.
    Where several machines write into one folder at the same time, a process of another machine counts as gone if no process here
    has its number: clean before they start.
    """
    removed = 0
    for entry in [*out.glob(".*"), *(out / FOLDER).glob(".*.part")]:
        found = (_FOLDER if entry.is_dir() else _FILE).fullmatch(entry.name)
        if found and not entry.is_symlink() and _is_stale(int(found[1])):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
            removed += 1
    return removed


def _is_stale(process: int) -> bool:
    return process == os.getpid() or not is_alive(process)
