"""Worker processes of this machine: started, restarted when they die, and ended in order."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

DATABASE = "ENDPLATE_DATABASE"
"""Environment variable with the store's URL: arguments are seen by every user of the machine, and a URL may hold a password."""

TIME_LIMIT_S = 600.0
_LOOK_S = 0.1
_GRACE_S = 40.0
"""A worker ends at the next stage of its scan."""
_LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True)
class Staff:
    """How many workers, and how they work.

    Attributes:
        data: the service's folder.
        database: URL of the store; SQLite in the folder if None.
        workers: how many.
        threads: of the networks in each; 0 shares the cores out.
        models: folder of the networks; the shipped ones if None.
        time_limit_s: longest time that one stage of a scan may take.
    """

    data: Path
    database: str | None = None
    workers: int = 1
    threads: int = 0
    models: Path | None = None
    time_limit_s: float = TIME_LIMIT_S

    def command(self) -> list[str]:
        """Of one worker."""
        threads = self.threads or max(1, len(os.sched_getaffinity(0)) // max(1, self.workers))
        words = [sys.executable, "-m", "endplate.service.worker", "--data", str(self.data), "--threads", str(threads)]
        words += ["--time-limit", str(self.time_limit_s), "--with-parent"]
        return words + (["--models", str(self.models)] if self.models is not None else [])


def start_workers(staff: Staff) -> Workers:
    """Starts them; they end with this process, however that ends.

    Raises:
        ValueError: if there is not to be any worker.
    """
    if staff.workers < 1:
        raise ValueError(f"{staff.workers} workers cannot do anything; expected at least 1")
    return Workers(staff)


@dataclass
class _Post:
    """One worker's: it is filled again when its worker dies."""

    process: subprocess.Popen[bytes] | None = None
    stillborn: int = 0
    due: float = 0.0


class Workers:
    """What `start_workers` gives."""

    def __init__(self, staff: Staff) -> None:
        self._staff, self._posts = staff, [_Post() for _ in range(staff.workers)]
        self._ending = threading.Event()
        self._fill()
        self._thread = threading.Thread(target=self._look_after, name="workers", daemon=True)
        self._thread.start()

    @property
    def processes(self) -> list[int]:
        """Process ids of those that live."""
        return [p.process.pid for p in self._posts if p.process is not None and p.process.poll() is None]

    def stop(self) -> None:
        """Ends them in order; scans that are being measured go back into the queue."""
        self._ending.set()
        self._thread.join()
        living = [post.process for post in self._posts if post.process is not None]
        for process in living:
            process.terminate()
        deadline = monotonic() + _GRACE_S
        for process in living:
            try:
                process.wait(max(0.0, deadline - monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _close(process)

    def _look_after(self) -> None:
        while not self._ending.wait(_LOOK_S):
            self._fill()

    def _fill(self) -> None:
        now = monotonic()
        for post in self._posts:
            if post.process is not None and post.process.poll() is not None:
                # one that never took a job, for want of a database for instance, must not keep the machine busy
                post.stillborn = 0 if _was_ready(post.process) else post.stillborn + 1
                post.due = now + min(0.5 * 2**post.stillborn, _LONGEST_PAUSE_S) if post.stillborn else now
                _close(post.process)
                post.process = None
            if post.process is None and now >= post.due:
                try:
                    post.process = self._started()
                except OSError:  # the machine is out of processes or memory
                    post.stillborn += 1
                    post.due = now + _LONGEST_PAUSE_S

    def _started(self) -> subprocess.Popen[bytes]:
        environment = dict(os.environ)
        if self._staff.database is not None:
            environment[DATABASE] = self._staff.database
        # the pipe ends with this process; a session of its own, so that Ctrl-C is for this process to answer
        return subprocess.Popen(
            self._staff.command(),
            env=environment,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )


def _was_ready(process: subprocess.Popen[bytes]) -> bool:
    """Whether a worker that has ended ever took jobs."""
    return process.stdout is not None and b"ready" in process.stdout.read()


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
