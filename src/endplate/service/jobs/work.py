"""One job from begin to end, whatever comes of it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from endplate.errors import EndplateError
from endplate.renderings import TRACEBACK
from endplate.report.table import write_atomically
from endplate.service.jobs.find import find
from endplate.service.jobs.finished import take
from endplate.service.jobs.lives import Death
from endplate.service.jobs.measure import SourceGone, measure
from endplate.service.jobs.orders import ORDERS
from endplate.service.jobs.place import Outcome, Place
from endplate.service.jobs.progress import Cancelled, Progress, Stopping
from endplate.service.records import ENDED, Job, now

CRASHES = 2
"""So many attempts has a job whose worker crashes or runs out of memory in it."""
DEATHS = 10
"""And so many one whose workers are ended from outside, by a power cut for instance, of which the scan knows nothing."""

_DELETED = "the scan has been deleted"
_WORK: dict[str, Callable[[Place, Job, Progress], Outcome]] = {"find": find, "measure": measure, "import": take}


def do(place: Place, job_id: str) -> None:
    """Does a job, unless it has ended already; raises only where not even its failure can be kept, for want of disk or database."""
    if place.watch.stopping.is_set():
        _never()
    place.watch.begin(job_id)
    try:
        job = _begun(place, job_id)
        if job is not None:
            _worked(place, job)
    finally:
        place.watch.end()


def bury(place: Place, death: Death, job_id: str) -> None:
    """Judges a job whose worker died: it goes back into the queue, or has failed if it is likely to end the next worker too."""
    job = place.store.job(job_id)
    if job is not None and death.fault and job.attempts >= CRASHES:
        why = f"the worker ended {job.attempts} times while it did this job, at last in stage {job.stage!r}: {death.fault}"
        fail(place, job, f"{why}; give the machine more memory if it ran out, then retry", death.trace)
        place.jobs.drop(job_id)


def fail(place: Place, job: Job, message: str, trace: str = "") -> None:
    """Ends a job, and says why; a traceback goes into a file."""
    if _is_deleted(place, job):  # nothing of the patient is to come back
        message, trace = _DELETED, ""
    if trace:
        path = place.folder(job.scan_id) / TRACEBACK if job.scan_id else place.data / ORDERS / f"{job.id}.{TRACEBACK}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, trace.encode(errors="backslashreplace"))
            message = f"{message}; the trace is in {path}"
        except OSError as error:  # a full disk must not keep the job from its end
            message = f"{message}; the trace cannot be written ({error})"
    _end(place, job, "failed", message)


def _begun(place: Place, job_id: str) -> Job | None:
    """The job, counted as begun before anything is done; None where there is nothing to do."""
    job = place.store.job(job_id)
    if job is None or job.state in ENDED:
        return None
    if job.attempts >= DEATHS:
        fail(place, job, f"{job.attempts} workers were ended while they did this job; find out what ends them, then retry")
        return None
    if job.cancelling:
        _end(place, job, "cancelled")
        return None
    fresh = {"stage": "", "share": 0.0, "message": ""}
    job = place.store.update_job(job.id, state="running", attempts=job.attempts + 1, began_at=now(), **fresh)
    return job if job.state == "running" else None


def _worked(place: Place, job: Job) -> None:
    try:
        outcome = _WORK[job.kind](place, job, Progress(place.store, job.id, place.watch))
    except Cancelled:
        place.jobs.cancel_children(job, "worker")
        _end(place, job, "cancelled")
    except Stopping:
        _give_back(place, job)
    except (EndplateError, SourceGone) as error:
        fail(place, job, str(error))
    except OSError as error:
        what = f"a file cannot be read or written ({error})"
        fail(place, job, f"{what}; check the disk of {place.data} and its room, then retry", traceback.format_exc())
    except Exception as error:
        what = f"endplate failed on this {job.kind} ({type(error).__name__}: {error}); please report it"
        fail(place, job, what, traceback.format_exc())
    else:
        message = _DELETED if _is_deleted(place, job) else outcome.message
        ended = {"stage": "", "share": 1.0, "message": message, "scans": outcome.scans}
        place.store.update_job(job.id, state="done", ended_at=now(), **ended)


def _is_deleted(place: Place, job: Job) -> bool:
    """Whether its scan has gone in the meantime."""
    return job.scan_id is not None and place.store.scan(job.scan_id) is None


def _end(place: Place, job: Job, state: str, message: str = "") -> None:
    if job.scan_id is not None:  # first: once the job has ended, nobody comes back to its scan
        place.store.set_unmeasured(job.scan_id, state, message)
    place.store.update_job(job.id, state=state, message=message, ended_at=now(), cancelling=False)


def _give_back(place: Place, job: Job) -> None:
    """As if it had not been begun; the queue hears of it when this worker is dead."""
    if job.scan_id is not None:
        place.store.set_unmeasured(job.scan_id, "waiting", "")
    back = {"stage": "", "share": 0.0, "began_at": None}
    place.store.update_job(job.id, state="waiting", attempts=job.attempts - 1, **back)
    place.watch.given_back.set()
    _never()


def _never() -> None:
    """Does not return: to the queue the job stays taken until this worker ends, and then goes to another."""
    threading.Event().wait()
