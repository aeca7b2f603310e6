"""Folders for uploads that still come: gone on any failure, and swept at the next start after a kill."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def arriving(incoming: Path, uploads: Path) -> Iterator[Path]:
    """A new folder, locked; it becomes ``uploads``/ID when the block ends well and is removed when it does not."""
    folder = incoming / uuid4().hex
    folder.mkdir(parents=True, mode=0o700)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
        uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.rename(uploads / folder.name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(handle)


@contextmanager
def scratch(incoming: Path) -> Iterator[None]:
    """Archives that are looked into are unpacked here until the block ends; after a kill they go at the next start.

    The machine's own folder for that may be memory, is anyone's to see, and keeps a patient's files after a kill.
    """
    folder = incoming / f"scratch-{uuid4().hex}"
    folder.mkdir(parents=True, mode=0o700)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    before = tempfile.tempdir
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        tempfile.tempdir = str(folder)
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(incoming: Path) -> int:
    """Removes what a killed service left; gives how many folders. Those that a service still fills are locked."""
    gone = 0
    for folder in incoming.iterdir() if incoming.is_dir() else ():
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
        except BlockingIOError:
            pass
        finally:
            os.close(handle)
    return gone
