"""Workers that are killed, crash, hang, are stopped, or lose their parent: each job is done once, or says why not."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from endplate.service.jobs import Staff, start_workers
from endplate.service.jobs.orders import Jobs
from endplate.service.records import Job
from small_scans import write_small
from working_service import Service, alive, environment, kill, service, wait


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("scan") / "small.nii.gz")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path / "data") as found:
        yield found


def measuring(here: Service) -> list[Job]:
    """Jobs that are in the middle of a scan."""
    return [job for job in here.store.jobs(states=("running",), kind="measure") if job.stage]


def many(scan: Path, folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        shutil.copy(scan, folder / f"scan-{number:02d}.nii.gz")
    return folder


def test_a_killed_workers_job_is_done_once_by_the_next(here: Service, scan: Path) -> None:
    here.jobs.order_find([scan], "reader")
    worker = here.worker()
    wait(lambda: bool(measuring(here)))
    kill(worker)
    (job,) = measuring(here)
    assert (job.state, job.attempts) == ("running", 1)
    here.worker()
    wait(here.ended)
    job = here.job(job.id)
    assert (job.state, job.attempts) == ("done", 2)
    assert list(here.actions("measured").values()) == [1]
    assert not here.leftovers()


def test_a_worker_takes_over_from_a_dead_one_while_it_lives(here: Service, scan: Path, tmp_path: Path) -> None:
    first, second = here.worker(), here.worker()
    here.jobs.order_find([many(scan, tmp_path / "some", 6)], "reader")
    wait(lambda: bool(measuring(here)))
    kill(first)
    wait(here.ended)
    assert second.poll() is None
    assert len(here.actions("measured")) == 6
    assert set(here.actions("measured").values()) == {1}
    assert not here.leftovers()


def test_a_scan_in_which_workers_crash_fails_at_the_second_time(here: Service, scan: Path) -> None:
    here.jobs.order_find([scan], "reader")
    for _ in range(2):
        worker = here.worker()
        wait(lambda: bool(measuring(here)))
        kill(worker, signal.SIGSEGV)
        for job in measuring(here):
            here.store.update_job(job.id, stage="")
    here.worker()
    wait(here.ended)
    (job,) = here.measurements()
    assert (job.state, job.attempts) == ("failed", 2)
    assert "ended 2 times while it did this job" in job.message
    assert "Segmentation fault" in job.message
    (only,) = here.scans()
    assert (only.status, only.message) == ("failed", job.message)
    assert "Current thread" in (here.data / "scans" / only.id / "traceback.txt").read_text()
    here.jobs.retry(job.id, "reader")
    wait(here.ended)
    assert here.scans()[0].status == "measured"
    assert not (here.data / "scans" / only.id / "traceback.txt").exists()


def test_a_worker_that_is_stopped_gives_its_job_back(here: Service, scan: Path) -> None:
    here.jobs.order_find([scan], "reader")
    worker = here.worker()
    wait(lambda: bool(measuring(here)))
    worker.terminate()
    assert worker.wait(60) == 0
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
    assert worker.wait(60) == 70
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
        wait(lambda: bool(measuring(here)))
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


PARENT = """
import sys, time
from pathlib import Path
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


def test_workers_killed_at_random_moments_lose_nothing_and_double_nothing(here: Service, scan: Path, tmp_path: Path) -> None:
    chance, kills, count = random.Random(6), 5, 12
    here.jobs.order_find([many(scan, tmp_path / "many", count)], "reader")
    for _ in range(kills):
        worker = here.worker()
        time.sleep(chance.uniform(0.0, 2.5))
        kill(worker)
    here.worker()
    wait(here.ended)
    assert [job.state for job in here.measurements()] == ["done"] * count
    assert [s.status for s in here.scans()] == ["measured"] * count
    assert set(here.actions("measured").values()) == {1}
    assert len(list((here.data / "scans").iterdir())) == count
    assert not here.leftovers()
    assert not Jobs(here.store, here.data).put_lost()
