"""Workers that are really killed: each costs its own task alone, and none outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cohort_tasks import squared, told, unsendable
from endplate.cohort.local_pool import LocalPool
from endplate.cohort.pool import Lost, Pool

ROOT = Path(__file__).resolve().parents[2]


def until(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def tries(folder: Path, what: str) -> list[int]:
    """Process numbers of the tries of a task."""
    return [int(p.suffix[1:]) for p in folder.glob(f"{what}.*")]


def is_gone(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_every_task_has_its_result_and_is_drawn_only_when_a_worker_is_free() -> None:
    drawn = 0

    def tasks() -> Iterator[int]:
        nonlocal drawn
        for number in range(30):
            drawn += 1
            yield number

    pool: Pool = LocalPool(2, threads=1)
    results = []
    for result in pool.map(squared, tasks()):
        assert drawn <= len(results) + 2
        results.append(result)
    assert sorted(results) == [n * n for n in range(30)]
    assert list(pool.map(squared, [])) == []


def test_a_task_that_kills_its_worker_is_tried_twice_then_lost_and_the_others_are_done(tmp_path: Path) -> None:
    tasks = [(tmp_path, what) for what in ("a", "die", "b", "stumble", "leave", "c")]
    results = list(LocalPool(2).map(told, tasks))
    lost = {found.task[1]: found.reason for found in results if isinstance(found, Lost)}
    assert sorted(found for found in results if isinstance(found, str)) == ["a", "b", "c", "stumble"]
    assert set(lost) == {"die", "leave"}
    assert "SIGKILL" in lost["die"]
    assert "exit code 3" in lost["leave"]
    assert {what: len(set(tries(tmp_path, what))) for what in ("die", "leave", "stumble", "a")} == {
        "die": 2, "leave": 2, "stumble": 2, "a": 1,
    }  # fmt: skip


def test_a_worker_killed_from_outside_in_the_middle_of_its_task(tmp_path: Path) -> None:
    results = LocalPool(2).map(told, [(tmp_path, "nap"), (tmp_path, "a")])
    assert next(results) == "a"
    until(lambda: bool(tries(tmp_path, "nap")))
    os.kill(tries(tmp_path, "nap")[0], signal.SIGKILL)
    assert list(results) == ["nap"]
    assert len(tries(tmp_path, "nap")) == 2


def test_a_worker_that_dies_with_nothing_to_do_costs_no_task(tmp_path: Path) -> None:
    results = LocalPool(1).map(told, [(tmp_path, "later"), (tmp_path, "a"), (tmp_path, "b")])
    assert next(results) == "later"
    (tmp_path / "answered").touch()
    until(lambda: is_gone(tries(tmp_path, "later")[0]))
    assert list(results) == ["a", "b"]


def test_what_a_function_raises_arrives_and_ends_the_others(tmp_path: Path) -> None:
    results = LocalPool(2).map(told, [(tmp_path, "sleep"), (tmp_path, "raise")])
    until_started = next_or_error(results)
    assert isinstance(until_started, ValueError)
    assert "in told" in until_started.__notes__[0]
    assert all(map(is_gone, tries(tmp_path, "sleep")))
    with pytest.raises(TypeError, match="cannot travel"):
        list(LocalPool(1).map(unsendable, [1]))


def next_or_error(results: Iterator[object]) -> object:
    try:
        return next(results)
    except ValueError as error:
        return error


def test_a_run_that_is_given_up_leaves_no_worker(tmp_path: Path) -> None:
    results = LocalPool(2).map(told, [(tmp_path, "sleep"), (tmp_path, "a")])
    next(results)
    until(lambda: bool(tries(tmp_path, "sleep")))
    results.close()  # type: ignore[attr-defined]
    assert all(map(is_gone, [*tries(tmp_path, "sleep"), *tries(tmp_path, "a")]))


def test_no_worker_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cohort_tasks import told; from endplate.cohort.local_pool import LocalPool\n"
        "list(LocalPool(2).map(told, [(Path(sys.argv[1]), 'sleep-1'), (Path(sys.argv[1]), 'sleep-2')]))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment) as parent:
        until(lambda: len(list(tmp_path.iterdir())) == 2)
        parent.kill()
    workers = [*tries(tmp_path, "sleep-1"), *tries(tmp_path, "sleep-2")]
    until(lambda: all(map(is_gone, workers)))


def test_no_workers_is_no_pool() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LocalPool(0)
