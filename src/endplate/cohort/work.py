"""One scan as a task that travels to another process or machine, and what it answers."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from endplate import __version__, pipeline
from endplate.cohort import ledger, status
from endplate.cohort.pool import Lost, Pool
from endplate.cohort.run import FAULT, Destination, run
from endplate.cohort.status import FAILED, WORKER_DIED, Status
from endplate.cohort.worklist import Job
from endplate.errors import InputRefused, ModelUnusable
from endplate.models import Models, load
from endplate.renderings import TRACEBACK
from endplate.report.table import write_atomically


@dataclass(frozen=True)
class Recipe:
    """How to measure.

    Attributes:
        models: folder of the weights; None for the shipped ones.
        threads: of the networks in each process; 0 takes all cores.
        settings: of the pipeline.
    """

    models: Path | None
    threads: int
    settings: pipeline.Settings


@dataclass(frozen=True)
class Task:
    """One scan to measure.

    Attributes:
        job: which.
        destination: where to; its folder is an absolute path that every worker sees.
        recipe: how.
    """

    job: Job
    destination: Destination
    recipe: Recipe


@dataclass(frozen=True)
class Orders:
    """What is to be done with the scans of a cohort.

    Attributes:
        destination: where results go.
        recipe: how to measure.
        retry_failed: measure again what was refused, failed or lost in an earlier run.
    """

    destination: Destination
    recipe: Recipe
    retry_failed: bool = False


def work(task: Task) -> Status:
    """Measures one scan and writes its result, in whatever process this is.

    Raises:
        ModelUnusable: if the weights are damaged, or are others than the results are to be made with.
        OSError: if the output cannot be written.
    """
    destination = task.destination
    networks = _networks(task.recipe.models, task.recipe.threads)
    here = {stage: identity.sha256 for stage, identity in networks.identities.items()}
    if (__version__, here) != (destination.maker.software, destination.maker.models):
        raise ModelUnusable(
            "wrong_model",
            f"this worker has endplate {__version__} with other weights or of another version than the command "
            f"({destination.maker.software}); install the same on every machine",
        )
    status.begin(destination.out, task.job.name)
    try:
        (outcome,) = run([task.job], destination, networks, task.recipe.settings)
    except (ModelUnusable, OSError):
        raise  # no scan could be measured
    except Exception as error:  # where not even the fault could be written as a result, such as in the picture
        return _failed(task, error)
    attempt = status.last_attempt(destination.out, task.job.name)
    found = status.of_report(task.job.name, outcome.report, outcome.seconds, attempt.attempts if attempt else 1)
    return replace(found, earlier=outcome.earlier)


def measured(jobs: Iterable[Job], orders: Orders, pool: Pool) -> Iterator[Status]:
    """What became of every scan, each once, as it is ready or found to be done before; jobs are drawn as workers become free.

    Args:
        jobs: from `worklist` or `stream`.
        orders: what is to be done with them.
        pool: where.

    Raises:
        ModelUnusable: if the weights turn out to be damaged.
        OSError: if the output cannot be written.
    """
    before: deque[Status] = deque()
    for found in pool.map(work, _tasks(jobs, orders, before)):
        while before:
            yield before.popleft()
        yield _lost(found) if isinstance(found, Lost) else found
    yield from before


def _tasks(jobs: Iterable[Job], orders: Orders, done_before: deque[Status]) -> Iterator[Task]:
    """What is to be measured, or lacks a rendering; of what is done, the status is put aside."""
    for job in jobs:
        before = None if orders.destination.overwrite else status.status(job, orders.destination)
        again = before is not None and orders.retry_failed and before.state in FAILED
        lacking = ledger.missing(orders.destination.out / job.name, orders.destination.further)
        if before is not None and before.state not in ("waiting", "running") and not again and not lacking:
            done_before.append(replace(before, earlier=True))
        else:
            yield Task(job, replace(orders.destination, overwrite=orders.destination.overwrite or again), orders.recipe)


def _lost(lost: Lost) -> Status:
    """Writes the result of a scan whose worker died, so that it has its row and does not kill the next run too."""
    where = lost.task.job.origin.path
    remedy = "try --retry-failed --workers 1, with more memory if it ran out"
    return _without(lost.task, WORKER_DIED, f"{lost.reason}, while it measured {where}; {remedy}")


def _failed(task: Task, error: Exception) -> Status:
    """Writes the result of a scan on which endplate failed, with the traceback beside it."""
    trace = Path(task.job.name) / TRACEBACK
    found = _without(task, FAULT, f"endplate failed on this scan ({type(error).__name__}: {error}); please report it with {trace}")
    write_atomically(task.destination.out / trace, "".join(traceback.format_exception(error)).encode())
    return found


def _without(task: Task, code: str, reason: str) -> Status:
    """Writes a result without measurements: a refusal, whose reason is not the input."""
    refused = replace(task.job, refusal=InputRefused(code, reason))
    networks = _networks(task.recipe.models, task.recipe.threads)
    (outcome,) = run([refused], replace(task.destination, overwrite=True), networks, task.recipe.settings)
    attempt = status.last_attempt(task.destination.out, task.job.name)
    return status.of_report(task.job.name, outcome.report, outcome.seconds, attempt.attempts if attempt else 0)


@cache
def _networks(folder: Path | None, threads: int) -> Models:
    """Loaded once per process."""
    return load(folder, threads)
