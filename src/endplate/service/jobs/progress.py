"""How far a job is, told to the store at each stage; the same moments are where it can be stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from time import monotonic

from endplate.service.keeping import Store

SHARES = {
    "read": 0.0,
    "localise": 0.15,
    "straighten": 0.25,
    "detect": 0.3,
    "label": 0.5,
    "measure": 0.6,
    "densitometry": 0.62,
    "write": 0.65,
    "images": 0.7,
}
"""Of a scan's time that is over when a stage begins, as of three real CTs of 2 to 6 s; `straighten` and `detect` come twice."""


class Cancelled(Exception):
    """Somebody asked for the job's end."""


class Stopping(Exception):
    """The worker ends in order and gives the job back."""


@dataclass
class Watch:
    """What a worker is at, for its thread that looks after the one that works.

    Attributes:
        job_id: what it does now; None between jobs.
        sign_at: monotonic seconds of the last sign of progress.
        patience: how many times the time limit the present stage may take.
        stopping: set where the worker is to end.
        given_back: set once the job is back in the queue.
    """

    job_id: str | None = None
    sign_at: float = 0.0
    patience: float = 1.0
    stopping: threading.Event = field(default_factory=threading.Event)
    given_back: threading.Event = field(default_factory=threading.Event)

    def begin(self, job_id: str) -> None:
        """A job begins."""
        self.sign()
        self.job_id = job_id

    def end(self) -> None:
        """A job has ended."""
        self.job_id = None

    def sign(self, patience: float = 1.0) -> None:
        """There is progress."""
        self.patience, self.sign_at = patience, monotonic()

    def is_overdue(self, limit_s: float) -> bool:
        """Whether the job has given no sign for longer than it may."""
        return self.job_id is not None and monotonic() - self.sign_at > limit_s * self.patience


class Progress:
    """Of one job.

    Args:
        store: is told.
        job_id: which.
        watch: sees that there is progress.
    """

    def __init__(self, store: Store, job_id: str, watch: Watch) -> None:
        self._store, self._job_id, self._watch = store, job_id, watch
        self._share = 0.0

    def stage(self, name: str) -> None:
        """A stage of a measurement begins.

        Raises:
            Cancelled: if somebody has asked for it.
            Stopping: if the worker is to end.
        """
        self.tell(name, SHARES.get(name, self._share))

    def tell(self, stage: str, share: float, patience: float = 1.0) -> None:
        """So much of the job is done; raises as `stage`.

        Args:
            stage: what comes now.
            share: of the whole job, from 0 to 1; never shown to go back.
            patience: how many times the time limit it may take.
        """
        self._watch.sign(patience)
        self._share = max(share, self._share)
        job = self._store.update_job(self._job_id, stage=stage, share=round(self._share, 3))
        if job.cancelling or job.state != "running":
            raise Cancelled
        if self._watch.stopping.is_set():
            raise Stopping
