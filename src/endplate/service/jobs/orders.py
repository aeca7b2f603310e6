"""What the web process does with jobs: it orders, cancels and retries them; `endplate.service.worker` does them."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from endplate.report.table import write_atomically
from endplate.service.jobs.queue import Queue, Url, jobs_url, migrated
from endplate.service.keeping import Store
from endplate.service.records import ENDED, Job, JobKind, now

ORDERS = "orders"
_SPACE = UUID("5f0d5c6e-7d0f-4c1e-9f0a-2b7c3f1f6a11")


class Jobs:
    """Orders for workers.

    Args:
        store: of the service.
        data: the service's folder.
        url: the store's, where it is PostgreSQL; the jobs' queue is then kept there too, else in ``DIR/jobs.sqlite``.
    """

    def __init__(self, store: Store, data: Path, url: Url | None = None) -> None:
        self._store, self._data = store, data
        self._queue = Queue(migrated(jobs_url(data, url)))
        self._retrying = threading.Lock()

    def order_find(self, paths: Sequence[Path], actor: str, name: str = "") -> Job:
        """Looks for scans under paths, and measures each.

        Args:
            paths: files or folders on the server.
            actor: who asked, for the audit trail.
            name: what the user sees; the first path's name if left out.
        """
        return self._order("find", [path.absolute() for path in paths], actor, name)

    def order_import(self, folder: Path, actor: str, name: str = "", roots: Sequence[Path] = ()) -> Job:
        """Takes finished reports: ``folder/SCAN/report.json`` as ``endplate quantify`` writes them.

        Args:
            folder: with the reports.
            actor: who asked, for the audit trail.
            name: what the user sees; the folder's name if left out.
            roots: folders besides it in which the scans that the reports name may be looked for.
        """
        return self._order("import", [folder.absolute()], actor, name, roots)

    def order_at_start(self, path: Path, kind: JobKind, roots: Sequence[Path] = ()) -> Job:
        """A ``find`` or ``import`` of a path that the service is started with: one job for it, done again at every start.

        What is measured already stays as it is; what has come since is added, and so is what was deleted from the worklist;
        what was cancelled or has failed is tried again.
        """
        path = path.absolute()
        job = Job(scan_id(path, f"start {kind}"), kind, path.name, "waiting", now())
        self._write(job, [path], "start", roots)
        if self._store.add_job(job):
            self._store.note("start", "ordered", None, {"job": job.id, "kind": kind, "paths": [str(path)]})
            self._queue.put(job.id, kind)
            return job
        known = self._known(job.id)
        return self._again(known) if known.state in ENDED else known

    def order_measure(self, scan_id: str, name: str, parent: Job) -> bool:
        """For ``find``: measures a scan; False where that has been ordered before."""
        job = Job(measure_id(scan_id), "measure", name, "waiting", now(), scan_id=scan_id, parent_id=parent.id)
        if not self._store.add_job(job):
            return False
        self._queue.put(job.id, job.kind)
        return True

    def order_again(self, scan_id: str, name: str, parent: Job) -> None:
        """For ``find``: measures a scan whose job has ended: it was cancelled, has failed or was deleted from the worklist."""
        job = self._store.job(measure_id(scan_id))
        if job is not None and job.state in ENDED:
            self._again(job, name=name, parent_id=parent.id)

    def cancel(self, job_id: str, actor: str) -> Job:
        """Ends a job: at once if it waits, at its next stage if it runs; with a ``find`` also the measurements that it ordered.

        Raises:
            LookupError: if there is no such job.
        """
        job = self._known(job_id)
        self.cancel_children(job, actor)
        return self._cancel(job, actor)

    def cancel_children(self, job: Job, actor: str) -> None:
        """Ends the measurements that a ``find`` has ordered."""
        if job.kind != "find":
            return
        for child in self._store.jobs(states=("waiting", "running"), kind="measure", since="0"):
            if child.parent_id == job.id:
                self._cancel(child, actor)

    def forget(self, scan_id: str) -> None:
        """Takes out of the job of a scan that is to be deleted what may name the patient: its name, its message, its order."""
        job_id, blank = measure_id(scan_id), {"name": "", "message": ""}
        with self._retrying:
            if self._store.job(job_id) is None:
                return
            job = self._store.update_job(job_id, **blank)
            if job.name or job.message:  # it has ended, and the store changes only what waits again
                self._store.update_job(job_id, state="waiting", **blank)
                self._store.update_job(job_id, state=job.state)
        (self._data / ORDERS / f"{job_id}.json").unlink(missing_ok=True)

    def retry(self, job_id: str, actor: str) -> Job:
        """Does a failed or cancelled job again.

        Raises:
            LookupError: if there is no such job.
            ValueError: if it has neither failed nor been cancelled.
        """
        with self._retrying:  # the second click must not put a job back that runs already because of the first
            job = self._known(job_id)
            if job.state not in ("failed", "cancelled"):
                raise ValueError(
                    f"job {job_id} is {job.state}; expected one that has failed or was cancelled; wait until it has ended"
                )
            self._store.note(actor, "retried", job.scan_id, {"job": job.id, "kind": job.kind})
            return self._again(job)

    def _again(self, job: Job, **changes: Any) -> Job:
        """Puts a job that has ended into the queue as if it were new."""
        fresh: dict[str, Any] = {"stage": "", "share": 0.0, "attempts": 0, "message": "", "cancelling": False}
        job = self._store.update_job(job.id, state="waiting", began_at=None, ended_at=None, **fresh, **changes)
        if job.scan_id is not None:
            self._store.set_unmeasured(job.scan_id, "waiting", "")
        self._queue.put_again(job.id, job.kind)
        return job

    def put_lost(self) -> int:
        """Puts jobs into the queue that the store knows and the queue does not; gives how many.

        Store and queue are two databases: a process may die after it has told the one and before it tells the other.
        """
        open_jobs = self._store.jobs(states=("waiting", "running"), since="0")
        known = self._queue.jobs() if open_jobs else set()  # after the store, so that what ends meanwhile is at most done twice
        lost = [job for job in open_jobs if job.id not in known]
        for job in lost:
            self._queue.put(job.id, job.kind)
        return len(lost)

    def taken_by(self, worker: str) -> set[str]:
        """Ids of the jobs that a worker has begun and not ended."""
        return self._queue.jobs_of(worker)

    def give_back(self, worker: str) -> None:
        """Lets others do the jobs of a worker that is dead."""
        self._queue.give_back(worker)

    def drop(self, job_id: str) -> None:
        """Takes a job that has ended out of the queue."""
        self._queue.drop(job_id)

    def sweep(self, before: datetime) -> int:
        """Removes from the queue `PART` at most of what ended before a time; the store's jobs stay. Gives how many."""
        return self._queue.sweep(before)

    def close(self) -> None:
        """Gives connections back."""
        self._queue.close()

    def _order(self, kind: JobKind, paths: list[Path], actor: str, name: str, roots: Sequence[Path] = ()) -> Job:
        if not paths:
            raise ValueError(f"a job of kind {kind} got no path; expected at least one; give a file or folder")
        job = Job(uuid4().hex, kind, name or paths[0].name, "waiting", now())
        self._write(job, paths, actor, roots)
        self._store.add_job(job)
        self._store.note(actor, "ordered", None, {"job": job.id, "kind": kind, "paths": [str(path) for path in paths]})
        self._queue.put(job.id, kind)
        return job

    def _write(self, job: Job, paths: list[Path], actor: str, roots: Sequence[Path]) -> None:
        within = {"roots": [str(root.absolute()) for root in roots]} if roots else {}
        write_order(self._data, job.id, {"paths": [str(path) for path in paths], "actor": actor, **within})

    def _cancel(self, job: Job, actor: str) -> Job:
        if job.state in ENDED:
            return job
        self._store.note(actor, "cancelled", job.scan_id, {"job": job.id, "kind": job.kind})
        job = self._store.update_job(job.id, cancelling=True)
        if job.state != "waiting":
            return job
        # a worker that takes it at this very moment sees at its first stage that it has ended
        if job.scan_id is not None:
            self._store.set_unmeasured(job.scan_id, "cancelled", "")
        return self._store.update_job(job.id, state="cancelled", ended_at=now(), cancelling=False)

    def _known(self, job_id: str) -> Job:
        job = self._store.job(job_id)
        if job is None:
            raise LookupError(f"there is no job {job_id}; expected the id of one in the list of jobs")
        return job


def write_order(data: Path, job_id: str, order: dict[str, Any]) -> None:
    """What a job is to do, where its record does not say it."""
    (data / ORDERS).mkdir(parents=True, exist_ok=True)
    write_atomically(data / ORDERS / f"{job_id}.json", json.dumps(order).encode())


def read_order(data: Path, job_id: str) -> dict[str, Any]:
    """What `write_order` wrote; empty where nothing was."""
    try:
        found: dict[str, Any] = json.loads((data / ORDERS / f"{job_id}.json").read_bytes())
    except FileNotFoundError:
        return {}
    return found


def scan_id(path: Path | str, part: str) -> str:
    """The same for the same scan: by its file or folder, and which series, member or content of it."""
    # file names on Linux may hold bytes that are no UTF-8
    return uuid5(_SPACE, f"{path}\0{part}".encode(errors="backslashreplace").decode()).hex


def measure_id(scan: str) -> str:
    """Of the job that measures a scan."""
    return uuid5(_SPACE, f"measure\0{scan}").hex
