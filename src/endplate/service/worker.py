"""A process that does jobs: ``python -m endplate.service.worker --data DIR``.

It prints ``ready`` once it takes jobs. SIGTERM ends it in order. SIGKILL at any moment loses nothing and doubles nothing: another
worker, or this one's successor, sees that it is dead, removes what it left half done, and does its job again from the start.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from endplate.errors import EndplateError
from endplate.service.jobs.lives import Life, deaths
from endplate.service.jobs.orders import Jobs
from endplate.service.jobs.place import Place
from endplate.service.jobs.queue import APPLICATION, PART, POLL_S, QUEUE, VERSION, WORKFLOW, jobs_url
from endplate.service.jobs.supervise import DATABASE, TIME_LIMIT_S
from endplate.service.jobs.work import bury, do, fail
from endplate.service.store import opened_store, sqlite_url

OVERDUE = 70
"""Exit code of a worker that ended itself because its job hung."""
_LOOK_S = 0.2
_DEATHS_S = 1.0
_LOST_S = 5.0
QUEUE_KEPT = timedelta(days=30)
"""So long the queue keeps what has ended, for whoever has to find out what happened; the store keeps its jobs."""
_SWEEP_S = 24 * 3600.0
_GRACE_S = 35.0
_PAUSE_S = 3.0
"""So long may disk or database take to come back before a worker ends because of them."""


@dataclass(frozen=True)
class Options:
    """Of the command line.

    Attributes:
        data: the service's folder.
        database: URL of the store.
        threads: of the networks; 0 takes all cores.
        models: folder of the networks; the shipped ones if None.
        time_limit_s: longest time that a stage of a scan may take.
        with_parent: end when standard input does, which it does with the process that started this one.
    """

    data: Path
    database: str | None = None
    threads: int = 0
    models: Path | None = None
    time_limit_s: float = TIME_LIMIT_S
    with_parent: bool = False


def main() -> None:
    """Works until it is ended."""
    try:
        _work(_options())
    except EndplateError as error:
        sys.stderr.write(f"endplate worker: {error.message}\n")
        _end(error.exit_code)
    except Exception:
        traceback.print_exc()
        _end(1)  # not by itself: the thread that works would keep the process alive


def _work(options: Options) -> None:
    data = options.data.absolute()
    database = options.database or sqlite_url(data / "endplate.sqlite")
    life = Life(data)
    store = opened_store(database)
    place = Place(store, data, life.worker, Jobs(store, data, options.database), options.models, options.threads)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: place.watch.stopping.set())
    if options.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    _bury_the_dead(place)
    _listen(place, jobs_url(data, options.database))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    _look_after(place, options.time_limit_s)


def _listen(place: Place, url: str) -> None:
    """Takes jobs from now on, one at a time, in a thread of DBOS's."""
    from dbos import DBOS

    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": url,
            "application_version": VERSION,
            "executor_id": place.worker,
            "log_level": "WARNING",
            "run_migrations": False,
        }
    )

    def work(job_id: str) -> None:
        try:
            do(place, job_id)
        except Exception:
            # to the queue the job would stay this worker's for ever; once the worker has ended, it is the next one's
            traceback.print_exc()
            place.watch.stopping.wait(_PAUSE_S)
            _end(1)

    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(work)
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLL_S)


def _look_after(place: Place, limit_s: float) -> None:
    """What goes on beside the work: the dead, lost orders, old ones, jobs that hang, and the end."""
    watch, dead_at, lost_at, swept_at = place.watch, monotonic(), monotonic() - _LOST_S, monotonic() - _SWEEP_S
    while not watch.stopping.wait(_LOOK_S):
        now = monotonic()
        if watch.is_overdue(limit_s):
            _give_up(place, limit_s)
        if now - dead_at >= _DEATHS_S:
            dead_at = now
            _bury_the_dead(place)
        if now - lost_at >= _LOST_S and watch.job_id is None:
            lost_at = now
            place.jobs.put_lost()
        if now - swept_at >= _SWEEP_S and _is_swept(place):
            swept_at = now
    deadline = monotonic() + _GRACE_S
    while watch.job_id is not None and not watch.given_back.is_set() and monotonic() < deadline:
        watch.given_back.wait(0.05)
    _end(0)


def _bury_the_dead(place: Place) -> None:
    with deaths(place.data, place.worker) as found:
        for death in found:
            for job_id in place.jobs.taken_by(death.worker):
                bury(place, death, job_id)
            place.jobs.give_back(death.worker)


def _is_swept(place: Place) -> bool:
    """Sweeps, and says whether nothing old is left. What cannot be swept today is tomorrow: that is no reason to end."""
    try:
        return place.jobs.sweep(datetime.now(UTC) - QUEUE_KEPT) < PART
    except Exception:
        traceback.print_exc()
        return True


def _give_up(place: Place, limit_s: float) -> None:
    """Ends this process, for nothing else ends a computation that hangs."""
    job = place.store.job(place.watch.job_id or "")
    if job is not None:
        longest = limit_s * place.watch.patience
        fail(place, job, f"stage {job.stage!r} took longer than {longest:g} s; raise the time limit, then retry")
    _end(OVERDUE)


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    _end(1)


def _end(code: int) -> None:
    """At once: what is kept is kept already, and a job that is not finished is another worker's."""
    sys.stdout.flush()
    os._exit(code)


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m endplate.service.worker", description="does the jobs of endplate serve")
    parser.add_argument("--data", type=Path, required=True, help="the service's folder")
    parser.add_argument("--database", default=os.environ.get(DATABASE), help=f"URL of the store; ${DATABASE} if left out")
    parser.add_argument("--threads", type=int, default=0, help="of the networks; 0 takes all cores")
    parser.add_argument("--models", type=Path, help="a folder with other weights")
    parser.add_argument("--time-limit", type=float, default=TIME_LIMIT_S, metavar="SECONDS", help="of one stage of a scan")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    given = parser.parse_args()
    return Options(given.data, given.database, given.threads, given.models, given.time_limit, given.with_parent)


if __name__ == "__main__":
    main()
