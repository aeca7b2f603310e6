"""Many workers, some of which are killed: each scan is measured once."""

from __future__ import annotations

import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import postgresql_server
from working_service import Service, kill, service, wait


def many(scan: Path, folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        shutil.copy(scan, folder / f"scan-{number:02d}.nii.gz")
    return folder


def test_a_worker_takes_over_from_a_dead_one_while_it_lives(here: Service, scan: Path, tmp_path: Path) -> None:
    first, second = here.worker(), here.worker()
    here.jobs.order_find([many(scan, tmp_path / "some", 4)], "reader")
    wait(lambda: bool(here.measuring()))
    kill(first)
    wait(here.ended)
    assert second.poll() is None
    assert len(here.actions("measured")) == 4
    assert set(here.actions("measured").values()) == {1}
    assert not here.leftovers()


def test_several_workers_share_a_postgresql_server(scan: Path, tmp_path: Path) -> None:
    with (
        postgresql_server.running() as server,
        service(tmp_path / "data", postgresql_server.emptied(server, "jobs")) as here,
    ):
        workers = [here.unready_worker() for _ in range(3)]
        here.jobs.order_find([many(scan, tmp_path / "some", 4)], "reader")
        wait(lambda: bool(here.measuring()))
        kill(workers[0])
        wait(here.ended)
        assert [s.status for s in here.scans()] == ["measured"] * 4
        assert set(here.actions("measured").values()) == {1}
        assert not here.leftovers()
        wait(lambda: here.jobs.sweep(datetime.now(UTC) + timedelta(minutes=1)) > 0)
        for worker in workers[1:]:  # before the server goes
            kill(worker)


def test_workers_killed_at_random_moments_lose_nothing_and_double_nothing(here: Service, scan: Path, tmp_path: Path) -> None:
    chance, kills, count = random.Random(6), 4, 8
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
    assert not here.jobs.put_lost()
