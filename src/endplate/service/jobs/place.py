"""What a worker works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from endplate.models import Models, load
from endplate.service.jobs.orders import Jobs
from endplate.service.jobs.progress import Watch
from endplate.service.keeping import Store


@dataclass(frozen=True)
class Place:
    """A worker's.

    Attributes:
        store: of the service.
        data: the service's folder.
        worker: whose.
        jobs: to order more.
        weights: folder of the networks; the shipped ones if None.
        threads: of the networks; 0 takes all cores.
        watch: sees what is being done.
    """

    store: Store
    data: Path
    worker: str
    jobs: Jobs
    weights: Path | None = None
    threads: int = 0
    watch: Watch = field(default_factory=Watch)

    @cached_property
    def models(self) -> Models:
        """The networks, loaded once."""
        return load(self.weights, self.threads)

    def folder(self, scan_id: str) -> Path:
        """Of a scan's results."""
        return self.data / "scans" / scan_id


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        message: what was left out, or why there is no measurement.
        scans: how many scans there are now.
    """

    message: str = ""
    scans: int = 0
