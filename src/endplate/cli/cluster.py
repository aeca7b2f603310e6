"""Where a cohort is measured: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter

if TYPE_CHECKING:
    from endplate.cohort.pool import Pool


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Where the workers are.

    Attributes:
        workers: processes of this machine; 0 takes one per core.
        scheduler: use the Dask cluster with this scheduler in place of this machine, such as tcp://10.0.0.5:8786.
        slurm: use as many Slurm jobs in place of this machine.
        slurm_cores: of a job; each runs a worker.
        slurm_memory: of a job, all its workers together.
        slurm_queue: partition; Slurm's default if left out.
        slurm_walltime: longest time of a job.
    """

    workers: int = 0
    scheduler: str | None = None
    slurm: int = 0
    slurm_cores: int = 4
    slurm_memory: str = "12GB"
    slurm_queue: str | None = None
    slurm_walltime: str = "08:00:00"

    @property
    def mistake(self) -> str | None:
        """What is wrong with the numbers and their combination, or None."""
        for name, value in (("--workers", self.workers), ("--slurm", self.slurm)):
            if value < 0:
                return f"{name} {value} is no number of workers; expected 0 or more"
        if sum((bool(self.workers), self.scheduler is not None, bool(self.slurm))) > 1:
            return "--workers, --scheduler and --slurm each say where the work is done; give one of them"
        return None

    @property
    def is_here(self) -> bool:
        """Whether the work is done on this machine."""
        return self.scheduler is None and not self.slurm

    @property
    def words(self) -> str:
        """Which workers these are."""
        if self.is_here:
            count = self.workers or len(os.sched_getaffinity(0))
            return "1 worker" if count == 1 else f"{count} workers"
        return f"{self.slurm} Slurm jobs" if self.slurm else f"the cluster at {self.scheduler}"

    @contextmanager
    def pool(self, threads: int, cores: int) -> Iterator[Pool]:
        """The workers, for as long as they are needed.

        Args:
            threads: of the networks in each worker.
            cores: of this machine.

        Raises:
            ClusterUnusable: if no cluster is to be had.
        """
        if self.is_here:
            from endplate.cohort.local_pool import LocalPool

            yield LocalPool(self.workers or cores, threads)
            return
        from endplate.cohort import dask_pool

        options = {"queue": self.slurm_queue, "walltime": self.slurm_walltime}
        client = (
            dask_pool.slurm(self.slurm, cores=self.slurm_cores, memory=self.slurm_memory, **options)
            if self.slurm
            else dask_pool.connect(self.scheduler or "")
        )
        with dask_pool.DaskPool(client) as pool:  # ends the Slurm jobs as well
            yield pool
