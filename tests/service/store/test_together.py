"""Many processes and threads use one store at the same time; nothing is lost, nothing done twice, nobody is told "locked"."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from typing import Any

import pytest

import store_tasks as tasks
from endplate.service.records import Query
from endplate.service.store import SqlStore, opened_store
from service_records import measured, new_job, new_scan

MANY = 20


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that are there at once: the code is loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["store_tasks"])
    with pytest.MonkeyPatch.context() as patch:
        # the server that forks does not take over our sys.path (Python 3.11) and preloads nothing without it, silently
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        context.Process(target=os.getpid).start()
    return context


@pytest.fixture
def together(processes: ForkServerContext, url: str) -> Callable[..., list[Any]]:
    """Runs a task in many processes that start at the same moment."""

    def run(task: Callable[..., Any], count: int, *arguments: object, numbered: bool = True) -> list[Any]:
        with processes.Manager() as manager, ProcessPoolExecutor(count, mp_context=processes) as pool:
            barrier = manager.Barrier(count)
            begun = [pool.submit(task, url, barrier, *((i,) if numbered else ()), *arguments) for i in range(count)]
            return [future.result(timeout=120) for future in begun]

    return run


def test_an_empty_database_is_made_once(url: str, together: Callable[..., list[Any]], opened: Callable[[str], SqlStore]) -> None:
    together(tasks.open_together, MANY, numbered=False)
    assert opened(url).worklist(Query()).total == 0


@pytest.fixture
def one_scan(store: SqlStore) -> SqlStore:
    store.add_scan(new_scan("scan"), "x")
    store.set_measured("scan", measured(2), None)
    return store


def test_one_of_twenty_wins(one_scan: SqlStore, together: Callable[..., list[Any]]) -> None:
    came_of_it = Counter(together(tasks.save_first, MANY))
    assert came_of_it == {"won": 1, "conflict 1": MANY - 1}
    assert len(one_scan.reviews("scan")) == 1
    assert [e.action for e in one_scan.audit()] == ["scan_added", "measured", "review_saved"]


def test_nothing_that_was_saved_is_lost(one_scan: SqlStore, together: Callable[..., list[Any]]) -> None:
    times = 3
    together(tasks.save_often, MANY, times)
    saved = one_scan.reviews("scan")
    assert [r.version for r in saved] == list(range(1, MANY * times + 1))
    assert {r.document["comment"] for r in saved} == {f"{me} {i}" for me in range(MANY) for i in range(times)}
    entries = one_scan.audit()
    assert [e.number for e in entries] == list(range(1, MANY * times + 3))
    assert [e.detail["version"] for e in entries[2:]] == [r.version for r in saved]
    assert [e.actor for e in entries[2:]] == [f"reader {r.document['comment'].split()[0]}" for r in saved]


def test_a_scan_that_many_measure_has_one_result(store: SqlStore, together: Callable[..., list[Any]]) -> None:
    assert sum(together(tasks.measure_all, 8, 10)) == 10
    assert store.worklist(Query()).counts["measured"] == 10
    assert Counter(e.action for e in store.audit()) == {"scan_added": 10, "measured": 10}


def test_a_poller_misses_no_change(store: SqlStore, together: Callable[..., list[Any]]) -> None:
    count, times = len(tasks.FIELDS), 10
    for i in range(count):
        store.add_job(new_job(f"job{i}", state="running"))
    store.add_job(new_job("shared"))
    known = {job.id: job for job in store.jobs()}
    marks = [int(store.now_serial())]
    with ThreadPoolExecutor(1) as pool:
        workers = pool.submit(together, tasks.change_jobs, count, times)
        while True:
            is_last = workers.done()
            mark = store.now_serial()
            known |= {job.id: job for job in store.jobs(since=str(marks[-1]))}
            marks.append(int(mark))
            if is_last:
                break
        workers.result()
    assert marks == sorted(marks)
    assert marks[-1] == marks[0] + count * (2 * times + 1)
    assert known == {job.id: job for job in store.jobs()}
    assert {job.state for job in known.values()} == {"done", "waiting"}
    assert {getattr(known["shared"], field) for field in tasks.FIELDS} == {str(times - 1)}, "one overwrote what another had changed"


def test_a_killed_writer_leaves_all_or_nothing(store: SqlStore, url: str, processes: ForkServerContext) -> None:
    for round_ in range(4):
        barrier = processes.Barrier(5)  # a new one: who is killed on its way out of a barrier leaves it shut
        writers = [processes.Process(target=tasks.write_until_killed, args=(url, barrier, 10 * round_ + i)) for i in range(4)]
        for writer in writers:
            writer.start()
        before = len(store.audit(limit=10**6))
        barrier.wait()
        while not store.audit(after=before + 3, limit=1):
            time.sleep(0.01)
        time.sleep(0.07 * (round_ + 1))
        for writer in writers:
            writer.kill()
            writer.join()
    entries = store.audit(limit=10**6)
    assert [e.number for e in entries] == list(range(1, len(entries) + 1))
    assert len(entries) > 10
    done = {(e.action, e.scan_id) for e in entries}
    assert len(done) == len(entries)
    scans = [s for page in range(1, 100) for s in store.worklist(Query(page=page, size=500)).scans]
    assert {s.id for s in scans} == {i for action, i in done if action == "scan_added"}
    for scan in scans:
        assert (scan.status == "measured") == (store.report(scan.id) is not None) == (("measured", scan.id) in done)
        assert scan.review_version == len(store.reviews(scan.id)) == (("review_saved", scan.id) in done)


def test_forty_threads_share_one_store(one_scan: SqlStore) -> None:
    def use(i: int) -> int:
        one_scan.note(f"thread {i}", "exported", "scan")
        one_scan.add_job(new_job(f"job{i}"))
        one_scan.update_job(f"job{i}", share=0.5)
        return one_scan.worklist(Query(search="scan")).total

    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(use, range(80))) == {1}
    assert len(one_scan.audit()) == 82
    assert len(one_scan.jobs()) == 80


@contextmanager
def writing(store: SqlStore) -> Iterator[None]:
    """A transaction of somebody else that has written and not ended."""
    with store._database.write() as connection:
        from endplate.service.store import trail

        trail.append(connection, "slow", "exported", None, {})
        yield


def test_who_reads_waits_for_nobody(one_scan: SqlStore, url: str) -> None:
    other = opened_store(url)
    with writing(other):
        assert one_scan.worklist(Query()).total == 1
        assert len(one_scan.audit()) == 2
        assert one_scan.now_serial() == "0"
    other.close()
    assert len(one_scan.audit()) == 3
