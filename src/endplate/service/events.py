"""Server-sent events: what changes, told to every page that listens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

import anyio
from sse_starlette import ServerSentEvent

from endplate.service.keeping import Store
from endplate.service.records import Job, Scan

LOOK_S = 0.2
"""How often the store is asked."""
ENDED = ("done", "failed", "cancelled")
Events = AsyncIterator[ServerSentEvent]
T = TypeVar("T")


async def in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """What a synchronous function gives; the others of the event loop go on meanwhile."""
    return await anyio.to_thread.run_sync(partial(work, *arguments))


async def everything(store: Store, ended: anyio.Event) -> Events:
    """All jobs that wait or run, then jobs and scans as they change, until the service ends."""
    mark = await in_thread(store.now_serial)
    number = await in_thread(last_number, store)
    told: dict[str, Scan] = {}
    for job in await in_thread(partial(store.jobs, states=("waiting", "running"))):
        yield _event("job", job)
    while not await _is_over(ended):
        mark, jobs = await in_thread(_changed, store, mark)
        number, touched = await in_thread(_touched, store, number)
        for job in reversed(jobs):
            yield _event("job", job)
        ids = dict.fromkeys([*(j.scan_id for j in jobs if j.scan_id), *touched])
        for scan in await in_thread(_scans, store, ids):
            if told.get(scan.id) != scan:  # a job tells more often of its stage than of its scan
                told[scan.id] = scan
                yield _event("scan", scan)


async def of_job(store: Store, job_id: str, ended: anyio.Event) -> Events:
    """One job whenever it changes, until it or the service has ended."""
    told: Job | None = None
    over = False
    while not over:
        job = await in_thread(store.job, job_id)
        if job is None:
            return
        if job != told:
            yield _event("job", job)
            told = job
        over = job.state in ENDED or await _is_over(ended)


async def _is_over(ended: anyio.Event) -> bool:
    """Waits for the next look, or the end of the service."""
    with anyio.move_on_after(LOOK_S):
        await ended.wait()
    return ended.is_set()


def last_number(store: Store) -> int:
    """Of the audit trail: entries are numbered 1, 2, 3, so doubling and halving finds the end in a few looks."""
    low, step = 0, 1
    while store.audit(after=low + step - 1, limit=1):
        low, step = low + step, step * 2
    while step > 1:
        step //= 2
        if store.audit(after=low + step - 1, limit=1):
            low += step
    return low


def _changed(store: Store, mark: str) -> tuple[str, list[Job]]:
    """The next mark, taken before looking: a change in between is told twice rather than never."""
    following = store.now_serial()
    return following, list(store.jobs(since=mark))


def _touched(store: Store, number: int) -> tuple[int, list[str]]:
    entries = store.audit(after=number)
    return (entries[-1].number if entries else number), [e.scan_id for e in entries if e.scan_id]


def _scans(store: Store, ids: Iterable[str]) -> list[Scan]:
    return [scan for i in ids if (scan := store.scan(i)) is not None]


def _event(kind: str, record: Job | Scan) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(asdict(record), allow_nan=False), event=kind)
