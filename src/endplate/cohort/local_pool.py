"""Processes of this machine, each with one task at a time.

A worker that is killed, crashes or runs out of memory costs nobody but itself: its task is tried once more, in a fresh worker.
No worker outlives its parent, however that ends. No network, no shared queue or lock that a dead worker could leave damaged.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess
from typing import Any

from endplate.cohort.pool import Lost

TRIES = 2
_PATIENCE_S = 5.0
"""How long an idle worker has to end by itself."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SPAWN = multiprocessing.get_context("spawn")
"""A fresh interpreter: no copy of the parent's threads, locks and open files."""


class LocalPool:
    """Runs a function over many tasks in processes of this machine.

    Args:
        workers: how many processes; at least 1.
        threads: of the numerical libraries in each; 0 leaves them alone.
    """

    def __init__(self, workers: int, threads: int = 0) -> None:
        if workers < 1:
            raise ValueError(f"{workers} workers cannot do anything; expected at least 1")
        self._workers = workers
        self._threads = threads

    def map(self, function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any | Lost]:
        """Results in the order in which they are ready; see `Pool`.

        Args:
            function: of a module, so that a worker can import it.
            tasks: drawn as workers become free; each can be pickled.

        Raises:
            Exception: whatever the function raised; the other workers are ended.
        """
        waiting, busy, idle = iter(tasks), set[_Worker](), list[_Worker]()
        try:
            while True:
                self._hand_out(function, waiting, busy, idle)
                if not busy:
                    return
                for worker in _reporting(busy):
                    busy.remove(worker)
                    answer = worker.answer()
                    if answer is not None:
                        idle.append(worker)
                        yield answer.result()
                        continue
                    ended = worker.end()
                    if worker.tries < TRIES:
                        busy.add(self._started(function, worker.task, worker.tries + 1))
                    else:
                        yield Lost(worker.task, f"{ended}, try {worker.tries} of {TRIES}")
        finally:
            for worker in busy:
                worker.kill()
            for worker in idle:
                worker.dismiss()
            for worker in (*busy, *idle):
                worker.end()

    def _hand_out(self, function: Callable[[Any], Any], waiting: Iterator[Any], busy: set[_Worker], idle: list[_Worker]) -> None:
        """Gives a task to every worker that has none, as long as there are any."""
        while len(busy) < self._workers:
            try:
                task = next(waiting)
            except StopIteration:
                return
            worker = idle.pop() if idle else self._started(function, task, 1)
            if worker.task is not task and not worker.give(task, 1):
                worker.end()  # it died while it had nothing to do
                worker = self._started(function, task, 1)
            busy.add(worker)

    def _started(self, function: Callable[[Any], Any], task: Any, tries: int) -> _Worker:
        with _threads_of_children(self._threads), _deaf_children():
            worker = _Worker(function)
        worker.give(task, tries)  # a worker that is dead already is found out when it should answer
        return worker


def _reporting(busy: set[_Worker]) -> list[_Worker]:
    """The workers that have an answer, or are dead; at least one."""
    by_pipe = {worker.pipe: worker for worker in busy}
    return [by_pipe[pipe] for pipe in connection.wait(list(by_pipe)) if isinstance(pipe, connection.Connection)]


@dataclass(frozen=True)
class _Answer:
    """What a function gave, or raised."""

    value: Any = None
    error: BaseException | None = None
    trace: str = ""

    def result(self) -> Any:
        """The value.

        Raises:
            BaseException: what the function raised, with the worker's traceback as a note.
        """
        if self.error is not None:
            self.error.add_note(f"in a worker process:\n{self.trace}")
            raise self.error
        return self.value


class _Worker:
    """A process, and the parent's end of the pipe to it."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self.task: Any = None
        self.tries = 0
        self._process: SpawnProcess = _SPAWN.Process(target=_serve, args=(theirs, function))
        self._process.start()
        theirs.close()  # the pipe ends when the worker does

    def give(self, task: Any, tries: int) -> bool:
        """Whether the worker took the task."""
        self.task, self.tries = task, tries
        try:
            self.pipe.send(task)
        except OSError:
            return False
        return True

    def answer(self) -> _Answer | None:
        """What came of the task; None if the worker died."""
        try:
            found: _Answer = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return found

    def dismiss(self) -> None:
        """Lets the worker end by itself."""
        self.pipe.close()

    def kill(self) -> None:
        """Ends the worker at once."""
        self._process.kill()

    def end(self) -> str:
        """Waits until the worker is gone, and says how it ended."""
        self.pipe.close()
        self._process.join(_PATIENCE_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        code = self._process.exitcode or 0
        return f"the worker was ended by {signal.Signals(-code).name}" if code < 0 else f"the worker ended with exit code {code}"


def _serve(pipe: connection.Connection, function: Callable[[Any], Any]) -> None:
    """A worker's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        answer = _answered(function, task)
        try:
            pipe.send(answer)
        except BrokenPipeError:
            return
        except Exception as error:  # what cannot be pickled is not sent at all
            pipe.send(_Answer(error=TypeError(f"the answer cannot travel between processes: {error}"), trace=answer.trace))


def _answered(function: Callable[[Any], Any], task: Any) -> _Answer:
    try:
        return _Answer(function(task))
    except Exception as error:
        return _Answer(error=error, trace=traceback.format_exc())


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # in the middle of whatever it does; results are written all at once or not at all


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started inside never hear of Ctrl-C; this process hears of it afterwards."""
    resource_tracker.ensure_running()  # it would undo the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _threads_of_children(threads: int) -> Iterator[None]:
    """Numerical libraries of processes started inside take so many threads, unless the user says otherwise."""
    chosen = {name: str(threads) for name in _THREADS if threads and name not in os.environ}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name in chosen:
            del os.environ[name]
