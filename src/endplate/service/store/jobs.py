"""Jobs, within a transaction; every change carries the next serial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from endplate.service.records import ENDED, Job, JobKind, JobState
from endplate.service.store import trail
from endplate.service.store.rows import job_of
from endplate.service.store.tables import COUNTERS, JOBS

FIXED = ("id", "kind", "added_at")
MOST = 1000


def read(connection: Connection, job_id: str) -> Job | None:
    """One job."""
    row = connection.execute(select(JOBS).where(JOBS.c.id == job_id)).mappings().first()
    return None if row is None else job_of(row)


def read_all(connection: Connection, states: Sequence[JobState], kind: JobKind | None, since: str) -> Sequence[Job]:
    """Newest first; all that changed after ``since`` however many, the newest `MOST` without it."""
    query: Select[Any] = select(JOBS).order_by(JOBS.c.added_at.desc(), JOBS.c.key.desc())
    query = query.where(JOBS.c.serial > _serial(since)) if since else query.limit(MOST)
    query = query.where(JOBS.c.state.in_(states)) if states else query
    query = query.where(JOBS.c.kind == kind) if kind else query
    return tuple(map(job_of, connection.execute(query).mappings()))


def serial(connection: Connection) -> str:
    """Of the last change that is committed."""
    return str(connection.scalars(select(COUNTERS.c.value).where(COUNTERS.c.name == "jobs")).one())


def add(connection: Connection, job: Job) -> bool:
    """Unless it is there."""
    trail.hold(connection, "jobs")
    if read(connection, job.id):
        return False
    connection.execute(insert(JOBS).values(**asdict(job), serial=trail.next_number(connection, "jobs")))
    return True


def change(connection: Connection, job_id: str, changes: dict[str, Any]) -> Job:
    """Unless it has ended; see `Store.update_job`."""
    strange = [name for name in changes if name in FIXED or name not in {f.name for f in fields(Job)}]
    if strange:
        raise ValueError(f"job {job_id}: {', '.join(strange)} cannot be changed; expected fields of Job but {', '.join(FIXED)}")
    trail.hold(connection, "jobs")
    job = read(connection, job_id)
    if job is None:
        raise LookupError(f"job {job_id}: expected one that was added, there is none of this id")
    new = replace(job, **changes)
    if new == job or (job.state in ENDED and new.state != "waiting"):
        return job
    kept = asdict(new) | {"serial": trail.next_number(connection, "jobs")}
    connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(kept))
    return new


def _serial(since: str) -> int:
    if not (since.isascii() and since.isdecimal() and len(since) < 19):
        raise ValueError(f"since: expected a mark of now_serial(), such as '17', got {since[:40]!r}")
    return int(since)
