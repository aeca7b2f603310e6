"""Server-sent events: what changes, told to every page that listens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeVar

import anyio
from sse_starlette import ServerSentEvent

from endplate.service.keeping import Store
from endplate.service.records import ENDED, Job, Scan

LOOK_S = 0.2
"""How often the store is asked."""
Events = AsyncIterator[ServerSentEvent]
T = TypeVar("T")


async def in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """What a synchronous function gives; the others of the event loop go on meanwhile."""
    return await anyio.to_thread.run_sync(partial(work, *arguments))


async def everything(store: Store, seen: Seen, ended: anyio.Event) -> Events:
    """All jobs that wait or run, then jobs and scans as they change after what was seen, until the service ends."""
    told: dict[str, Scan] = {}
    for job in await in_thread(partial(store.jobs, states=("waiting", "running"), since="0")):  # else the newest thousand
        yield _event("job", job)
    while not await _is_over(ended):
        seen, jobs, scans = await in_thread(_since, store, seen)
        for job in jobs:
            yield _event("job", job)
        for scan in scans:
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


@dataclass(frozen=True)
class Seen:
    """Up to where a client has been told: the store's mark of jobs, the last entry of the audit trail."""

    mark: str
    entry: int


def seen_now(store: Store) -> Seen:
    """Taken before the answer begins: a client that has it is told of all that comes later."""
    return Seen(store.now_serial(), last_number(store))


def _since(store: Store, seen: Seen) -> tuple[Seen, list[Job], list[Scan]]:
    """What has changed. The next mark is taken before looking: a change in between is told twice rather than never."""
    mark = store.now_serial()
    jobs = list(reversed(store.jobs(since=seen.mark)))
    entries = store.audit(after=seen.entry)
    ids = dict.fromkeys([*(j.scan_id for j in jobs if j.scan_id), *(e.scan_id for e in entries if e.scan_id)])
    scans = [scan for i in ids if (scan := store.scan(i)) is not None]
    return Seen(mark, entries[-1].number if entries else seen.entry), jobs, scans


def _event(kind: str, record: Job | Scan) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(asdict(record), allow_nan=False), event=kind)
