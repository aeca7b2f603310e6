"""Functions that worker processes of the tests import."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path


def squared(number: int) -> int:
    return number * number


def told(task: tuple[Path, str]) -> str:
    """Notes each try in a file of its own; then does as told."""
    folder, what = task
    word = what.split("-")[0]
    (folder / f"{what}.{os.getpid()}").touch()
    tries = len(list(folder.glob(f"{what}.*")))
    if word == "die" or (word == "stumble" and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "leave":
        os._exit(3)
    if word == "sleep" or (word == "nap" and tries == 1):
        time.sleep(120)
    if word == "raise":
        raise ValueError(what)
    if word == "later":
        threading.Thread(target=_die_once, args=(folder / "answered",), daemon=True).start()
    return what


def _die_once(said: Path) -> None:
    """Ends this process once a file is there, by which the parent says that the answer has come."""
    while not said.exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


def unsendable(number: int) -> object:
    return threading.Lock() if number else None
