"""What processes do with a store at the same time; here so that each of them can import it."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from multiprocessing.synchronize import Barrier

from endplate.service.keeping import Conflict
from endplate.service.store import opened_store
from service_records import draft, measured, new_scan


def open_together(url: str, barrier: Barrier) -> None:
    """Opens a database that nobody has made yet."""
    barrier.wait()
    opened_store(url).close()


def save_first(url: str, barrier: Barrier, me: int) -> str:
    """Saves version 1, as all others do; returns what came of it."""
    store, pair = opened_store(url), draft(measured(2), 1, str(me))
    barrier.wait()
    try:
        store.save_review("scan", *pair, 0, f"reader {me}")
    except Conflict as conflict:
        return f"conflict {conflict.version}"
    finally:
        store.close()
    return "won"


def save_often(url: str, barrier: Barrier, me: int, times: int) -> None:
    """Saves ``times`` versions, each after the newest that there is."""
    store, report = opened_store(url), measured(2)
    review, reviewed = draft(report, 1)
    barrier.wait()
    for i in range(times):
        follows = store.scan("scan").review_version  # type: ignore[union-attr]
        while True:
            try:
                mine = replace(review, version=follows + 1, comment=f"{me} {i}")
                store.save_review("scan", mine, reviewed, follows, f"reader {me}")
                break
            except Conflict as conflict:
                follows = conflict.version
    store.close()


def measure_all(url: str, barrier: Barrier, me: int, scans: int) -> int:
    """Adds and measures the same scans as all others do; returns how many it was the one to measure."""
    store, report = opened_store(url), measured(2)
    barrier.wait()
    won = 0
    for i in range(scans):
        store.add_scan(new_scan(f"scan{i}"), f"worker {me}")
        store.set_running(f"scan{i}")
        won += store.set_measured(f"scan{i}", report, None, f"worker {me}")
    store.close()
    return won


FIELDS: tuple[str, ...] = ("stage", "message", "began_at", "ended_at", "name", "scan_id", "parent_id")


def change_jobs(url: str, barrier: Barrier, me: int, times: int) -> None:
    """Moves a job of its own, and one field of the job that all share."""
    store = opened_store(url)
    barrier.wait()
    for i in range(times):
        store.update_job(f"job{me}", share=(i + 1) / times)
        store.update_job("shared", **{FIELDS[me]: f"{i}"})
    store.update_job(f"job{me}", state="done")
    store.close()


def write_until_killed(url: str, barrier: Barrier, me: int) -> None:
    """Adds, measures, reviews, without end."""
    store, report = opened_store(url), measured(2)
    pair = draft(report, 1)
    barrier.wait()
    for i in range(10**9):
        scan = new_scan(f"{me:03d}{i:07d}")
        store.add_scan(scan, f"worker {me}")
        store.set_measured(scan.id, report, None, f"worker {me}")
        store.save_review(scan.id, *pair, 0, f"reader {me}")


def kill(pid: int) -> None:
    """At once, whatever it does."""
    os.kill(pid, signal.SIGKILL)
