"""Workers that are killed, crash, hang, are stopped, or lose their parent: each job is done once, or says why not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from endplate.errors import StoreUnusable
from endplate.service.jobs import Staff, start_workers
from working_service import PATIENCE_S, Service, alive, environment, kill, wait


def test_a_killed_workers_job_is_done_once_by_the_next(here: Service, scan: Path) -> None:
    here.jobs.order_find([scan], "reader")
    worker = here.worker()
    wait(lambda: bool(here.measuring()))
    kill(worker)
    (job,) = here.measuring()
    assert (job.state, job.attempts) == ("running", 1)
    here.worker()
    wait(here.ended)
    job = here.job(job.id)
    assert (job.state, job.attempts) == ("done", 2)
    assert list(here.actions("measured").values()) == [1]
    assert not here.leftovers()


def test_a_scan_in_which_workers_crash_fails_at_the_second_time(here: Service, scan: Path) -> None:
    here.jobs.order_find([scan], "reader")
    for attempt in (1, 2):
        worker = here.worker()
        wait(lambda: any(job.attempts == attempt for job in here.measuring()))  # noqa: B023
        kill(worker, signal.SIGSEGV)
    here.worker()
    wait(here.ended)
    (job,) = here.measurements()
    assert (job.state, job.attempts) == ("failed", 2)
    assert "ended 2 times while it did this job" in job.message
    assert "Segmentation fault" in job.message
    (only,) = here.scans()
    assert (only.status, only.message) == ("failed", job.message)
    # the other threads run on while they are written down, which can tear the rest of the trace
    assert "(most recent call first)" in (here.data / "scans" / only.id / "traceback.txt").read_text()
    here.jobs.retry(job.id, "reader")
    wait(here.ended)
    assert here.scans()[0].status == "measured"
    assert not (here.data / "scans" / only.id / "traceback.txt").exists()


def test_a_worker_without_a_database_says_so(here: Service, tmp_path: Path) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:9/none"
    command = [sys.executable, "-m", "endplate.service.worker", "--data", str(tmp_path / "other"), "--database", nowhere]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == StoreUnusable.exit_code
    assert done.stderr.startswith("endplate worker: ")
    assert "Traceback" not in done.stderr


def test_a_worker_that_is_stopped_gives_its_job_back(here: Service, scan: Path) -> None:
    here.jobs.order_find([scan], "reader")
    worker = here.worker()
    wait(lambda: bool(here.measuring()))
    worker.terminate()
    assert worker.wait(PATIENCE_S) == 0
    (job,) = here.measurements()
    if job.state == "waiting":  # else its last stage was over first
        assert (job.attempts, job.stage) == (0, "")
        assert here.scans()[0].status == "waiting"
    here.worker()
    wait(here.ended)
    assert here.job(job.id).attempts == 1
    assert list(here.actions("measured").values()) == [1]


def test_a_stage_that_takes_too_long_fails_its_job_and_ends_the_worker(here: Service, scan: Path) -> None:
    here.jobs.order_find([scan], "reader")
    worker = here.worker("--time-limit", "0.05")
    assert worker.wait(PATIENCE_S) == 70
    wait(lambda: bool(here.store.jobs(states=("failed",))))
    (job,) = here.store.jobs(states=("failed",))
    assert "took longer than" in job.message
    here.worker()
    here.jobs.retry(job.id, "reader")
    wait(here.ended)
    assert list(here.actions("measured").values()) == [1]


def test_workers_are_started_again_and_stopped(here: Service, scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", environment())
    workers = start_workers(Staff(here.data, workers=1))
    try:
        here.jobs.order_find([scan], "reader")
        wait(lambda: bool(here.measuring()))
        (first,) = workers.processes
        os.kill(first, signal.SIGKILL)
        wait(here.ended)
        (second,) = workers.processes
        assert second != first
    finally:
        workers.stop()
    assert not workers.processes
    assert not alive(second)
    assert list(here.actions("measured").values()) == [1]
    with pytest.raises(ValueError, match="0 workers"):
        start_workers(Staff(here.data, workers=0))


def test_workers_that_cannot_begin_are_tried_again_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", environment())
    workers = start_workers(Staff(tmp_path, database="postgresql://nobody@127.0.0.1:9/none"))
    try:
        (first,) = workers.processes
        wait(lambda: first not in workers.processes)
        wait(lambda: bool(workers.processes))
    finally:
        workers.stop()
    assert not workers.processes


PARENT = """
import sys, time
from pathlib import Path
from endplate.errors import StoreUnusable
from endplate.service.jobs import Staff, start_workers
workers = start_workers(Staff(Path(sys.argv[1]), workers=2))
print(*workers.processes, flush=True)
time.sleep(600)
"""


def test_no_worker_outlives_its_parent(here: Service) -> None:
    command = [sys.executable, "-c", PARENT, str(here.data)]
    parent = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(word) for word in parent.stdout.readline().split()]
    assert len(workers) == 2
    wait(lambda: len(list((here.data / "workers").glob("*.lock"))) == 2)
    kill(parent)
    wait(lambda: not any(map(alive, workers)))
