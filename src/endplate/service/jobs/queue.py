"""The durable queue that orders lie in: DBOS Transact, on SQLite beside the data or on a PostgreSQL server.

Of DBOS only a little is used: a workflow has one body and no steps, for a job can be begun again from the start, and what it
gives is kept once by the store. See docs/decisions/0020.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from endplate.service.sqlite_file import write_ahead

if TYPE_CHECKING:
    from dbos import DBOSClient

QUEUE = "endplate"
WORKFLOW = "endplate_job"
APPLICATION = "endplate"
VERSION = "1"
"""Of the workflow, not of endplate: jobs that wait are done by whatever version is installed when their turn comes."""

POLL_S = 0.2
PART = 500
"""So many orders are swept at a time: a database takes only so many names in one question, and a worker has more to look after."""
ACTIVE = ("ENQUEUED", "PENDING", "DELAYED")
OVER = ("SUCCESS", "ERROR", "CANCELLED")
PRIORITY = {"find": 1, "import": 5, "measure": 10}
"""The lowest first: an upload is looked through before the scans of the last one are measured."""

Url = str


def jobs_url(data: Path, database: Url | None) -> Url:
    """Where DBOS keeps its tables: on the store's server, if that is PostgreSQL, else in a file of its own."""
    if database is not None and database.startswith("postgres"):
        return "postgresql://" + database.split("://", 1)[1]
    return f"sqlite:///{data.absolute() / 'jobs.sqlite'}"


def migrated(url: Url) -> Url:
    """The same URL, once its tables are there and up to date."""
    from dbos import DBOS

    quiet()
    path = _file(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_ahead(path)
    DBOS.migrate(url)
    return url


class Queue:
    """The end of the queue at which orders are put in; for the web process, and for workers, whose jobs order others.

    Args:
        url: of DBOS's tables, `migrated`.
    """

    def __init__(self, url: Url) -> None:
        from dbos import DBOSClient

        quiet()
        self._client: DBOSClient = DBOSClient(system_database_url=url, application_name=APPLICATION)

    def put(self, job_id: str, kind: str) -> None:
        """Orders a job; nothing happens where it is in the queue already."""
        options: Any = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": f"{job_id}-{uuid4().hex[:12]}",
            "deduplication_id": job_id,
            "duplication_policy": "return-existing",
            "priority": PRIORITY.get(kind, 10),
        }
        self._client.enqueue(options, job_id)

    def put_again(self, job_id: str, kind: str) -> None:
        """Orders a job that was ordered before; nothing happens where that order is still in the queue."""
        if not self._names(ACTIVE, prefix=f"{job_id}-"):  # DBOS forgets the deduplication of what was given back
            self.put(job_id, kind)

    def jobs(self) -> set[str]:
        """Ids of the jobs that wait or run."""
        return {name.split("-")[0] for name in self._names(ACTIVE)}

    def jobs_of(self, worker: str) -> set[str]:
        """Ids of the jobs that a worker has taken and not finished."""
        return {name.split("-")[0] for name in self._names(("PENDING",), worker)}

    def give_back(self, worker: str) -> None:
        """Lets others do what a worker has taken and not finished; it must have ended."""
        for name in self._names(("PENDING",), worker):
            self._client.resume_workflow(name, queue_name=QUEUE)

    def drop(self, job_id: str) -> None:
        """Takes a job out that is not to be done any more."""
        for name in self._names(ACTIVE, prefix=f"{job_id}-"):
            self._client.cancel_workflow(name)

    def sweep(self, before: datetime) -> int:
        """Removes orders that ended before a time, which nobody asks for any more, `PART` at most; gives how many."""
        ended = {"status": list(OVER), "completed_before": before.astimezone(UTC).isoformat(), "name": WORKFLOW}
        found = self._client.list_workflows(**ended, limit=PART, load_input=False, load_output=False)
        if found:
            self._client.delete_workflows([workflow.workflow_id for workflow in found])
        return len(found)

    def close(self) -> None:
        """Gives connections back."""
        self._client.destroy()

    def _names(self, states: Sequence[str], worker: str | None = None, prefix: str | None = None) -> list[str]:
        wanted = {"executor_id": worker, "workflow_id_prefix": prefix, "load_input": False, "load_output": False}
        found = self._client.list_workflows(status=list(states), name=WORKFLOW, **wanted)
        return [workflow.workflow_id for workflow in found]


def quiet() -> None:
    """DBOS tells of every start; what goes wrong is enough."""
    logging.getLogger("dbos").setLevel(logging.WARNING)


def _file(url: Url) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
