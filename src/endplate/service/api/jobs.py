"""``/api/jobs`` and ``/api/events``: what is being done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from endplate.service.http import events
from endplate.service.http.parts import Actor, JobId, Service
from endplate.service.http.problems import Refused, documented, not_found
from endplate.service.records import Job, JobKind, JobState

router = APIRouter(tags=["jobs"], responses=documented())
_STREAM: dict[str, Any] = {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}


@dataclass(frozen=True)
class JobList:
    """Jobs.

    Attributes:
        jobs: newest first, at most 1,000.
    """

    jobs: tuple[Job, ...]


@router.get("/jobs")
def jobs(service: Service, state: Annotated[list[JobState] | None, Query()] = None, kind: JobKind | None = None) -> JobList:
    """Jobs of some states and kind; all if left out."""
    return JobList(tuple(service.store.jobs(states=tuple(state or ()), kind=kind)))


@router.get("/jobs/{job_id}", responses=documented(404))
def job(service: Service, job_id: JobId) -> Job:
    """One job."""
    found = service.store.job(job_id)
    if found is None:
        raise not_found(f"job {job_id}", "look it up in the list of jobs")
    return found


@router.post("/jobs/{job_id}/cancel", status_code=202, responses=documented(404, 409))
def cancel(service: Service, job_id: JobId, actor: Actor) -> Job:
    """Asks for a job to end."""
    before = job(service, job_id)
    if before.state not in ("waiting", "running"):
        raise Refused(409, "conflict", f"the job is {before.state}; expected one that waits or runs; there is nothing to cancel")
    return service.jobs.cancel(job_id, actor)


@router.post("/jobs/{job_id}/retry", status_code=202, responses=documented(404, 409))
def retry(service: Service, job_id: JobId, actor: Actor) -> Job:
    """Does a job again that failed or was cancelled."""
    before = job(service, job_id)
    if before.state not in ("failed", "cancelled"):
        raise Refused(409, "conflict", f"the job is {before.state}; expected one that failed or was cancelled; let it be")
    try:
        return service.jobs.retry(job_id, actor)
    except ValueError as error:  # another client was faster
        raise Refused(409, "conflict", str(error)) from error


@router.get("/events", response_class=EventSourceResponse, responses={200: _STREAM})
async def all_events(service: Service) -> EventSourceResponse:
    """``job`` and ``scan`` whenever one changes; first all jobs that wait or run."""
    seen = await events.in_thread(events.seen_now, service.store)
    return _stream(partial(events.everything, service.store, seen))


@router.get("/jobs/{job_id}/events", response_class=EventSourceResponse, responses={200: _STREAM, **documented(404)})
async def job_events(service: Service, job_id: JobId) -> EventSourceResponse:
    """``job`` whenever this one changes, until it has ended."""
    await events.in_thread(job, service, job_id)
    return _stream(partial(events.of_job, service.store, job_id))


def _stream(content: Callable[[anyio.Event], events.Events]) -> EventSourceResponse:
    ended = anyio.Event()
    return EventSourceResponse(
        content(ended),
        ping=15,
        ping_message_factory=lambda: ServerSentEvent(comment="keep-alive"),
        shutdown_event=ended,
        shutdown_grace_period=1,  # less than uvicorn gives all requests
    )
