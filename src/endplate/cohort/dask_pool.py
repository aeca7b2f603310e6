"""Tasks on the workers of a Dask cluster: one per worker thread at a time, each tried again once if its worker dies."""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from endplate.cohort.pool import Lost
from endplate.errors import ClusterUnusable

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed import Client, Future

WAIT_S = 15.0
"""For a scheduler to answer; one that is there does so at once."""
TRIES = 2
_LOOK_S = 1.0
"""How often new workers are looked for while all known ones are busy."""
_INSTALL = "install it: pip install 'endplate[cohort]'"
_PREFIX = "endplate"


class DaskPool:
    """A `endplate.cohort.pool.Pool` whose tasks run on the workers of a Dask cluster.

    As many tasks are with the cluster as it has worker threads, no more: none waits behind another on a worker, hence a worker
    that dies takes along only what it was doing, and a generator of tasks is drawn only as fast as results come.

    As a context it closes the client, and ends the Slurm jobs that were started for it.

    Args:
        client: connected to the scheduler (`connect`, `slurm`).
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        cluster = self._client.cluster
        self._client.close()
        if cluster is not None:
            cluster.close()

    @property
    def workers(self) -> int:
        """Worker threads that are there now; those of Slurm come one by one."""
        return sum(self._client.nthreads().values())

    def map(self, function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any | Lost]:
        """Results in the order in which they are ready; `Lost` for a task whose worker died twice.

        An exception of the function is raised here, and what is not done yet is taken back.

        Raises:
            ClusterUnusable: ``cluster_lost`` if the connection to the scheduler breaks.
        """
        _threads(self._client)  # it must be there
        _leave_retries_to_us(self._client)
        run = _Run(self._client, function)
        try:
            yield from run.results(iter(tasks))
        finally:
            run.close()


class _Run:
    """The tasks of one call of `DaskPool.map` that are with the cluster."""

    def __init__(self, client: Client, function: Callable[[Any], Any]) -> None:
        self._client = client
        self._function = function
        self._name = f"{_PREFIX}-{uuid.uuid4().hex}"
        self._count = 0
        self._ready: SimpleQueue[Future] = SimpleQueue()
        self._running: dict[str, tuple[Future, Any, int]] = {}

    def results(self, tasks: Iterator[Any]) -> Iterator[Any | Lost]:
        """Until no task is left; a slot that is free is filled before the next result is waited for."""
        self._fill(tasks)
        while self._running:
            try:
                future = self._ready.get(timeout=_LOOK_S)
            except Empty:
                self._fill(tasks)
                continue
            settled = list(self._settled(future))
            self._fill(tasks)  # so that no worker idles while the caller looks at the result
            yield from settled

    def close(self) -> None:
        """Takes back what runs."""
        futures = [future for future, _, _ in self._running.values()]
        self._running.clear()
        if futures and self._client.status == "running":
            self._client.cancel(futures, force=True)

    def _fill(self, tasks: Iterator[Any]) -> None:
        slots = _threads(self._client)
        while len(self._running) < slots:
            for task in tasks:
                self._submit(task, 1)
                break
            else:
                return

    def _submit(self, task: Any, attempt: int) -> None:
        self._count += 1
        key = f"{self._name}-{self._count}"
        future = self._client.submit(self._function, task, key=key, pure=False, retries=0)
        self._running[key] = (future, task, attempt)
        future.add_done_callback(self._ready.put)

    def _settled(self, future: Future) -> Iterator[Any | Lost]:
        """The result of a finished task; nothing if it is tried again."""
        from distributed import KilledWorker

        _, task, attempt = self._running.pop(future.key)
        if future.cancelled():
            raise _lost_connection(self._client)
        error = future.exception() if future.status == "error" else None
        result = future.result() if error is None else None
        future.release()
        if isinstance(error, KilledWorker):
            if attempt < TRIES:
                self._submit(task, attempt + 1)
            else:
                worker = error.last_worker.address if error.last_worker is not None else "a worker"
                yield Lost(task, f"its worker died {TRIES} times, the last at {worker}; see the log of that worker")
        elif error is not None:
            raise error
        else:
            yield result


def connect(scheduler: str, wait_s: float = WAIT_S) -> Client:
    """A client of a scheduler that runs already.

    Args:
        scheduler: its address, such as ``tcp://10.0.0.5:8786``.
        wait_s: how long it may take to answer, in seconds.

    Raises:
        ClusterUnusable: ``cohort_missing`` or ``cluster_unreachable``.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterUnusable("cohort_missing", f"--scheduler needs distributed, which is not installed; {_INSTALL}") from error
    try:
        return Client(scheduler, timeout=wait_s, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        found = f"no Dask scheduler answers at {scheduler!r} within {wait_s:g} s"
        remedy = "start one with 'dask scheduler' and give the address that it prints"
        raise ClusterUnusable("cluster_unreachable", f"{found}; expected one such as tcp://10.0.0.5:8786; {remedy}") from error


def slurm(jobs: int, **options: Any) -> Client:
    """A client of a scheduler in this process, whose workers are Slurm jobs; they end with the pool, or soon after this process.

    Args:
        jobs: how many to ask for.
        options: as `slurm_cluster`.

    Raises:
        ClusterUnusable: ``cohort_missing`` or ``no_slurm``.
    """
    if shutil.which("sbatch") is None:
        found = f"--slurm {jobs}: sbatch is not on this machine"
        raise ClusterUnusable("no_slurm", f"{found}; expected a login node of a Slurm cluster; log in to one, or use --scheduler")
    cluster = slurm_cluster(**options)
    cluster.scale(jobs=jobs)
    from distributed import Client

    return Client(cluster, set_as_default=False)


def slurm_cluster(cores: int = 4, memory: str = "12GB", **options: Any) -> SLURMCluster:
    """Describes the Slurm jobs without asking for one yet; ``job_script()`` shows what Slurm would get.

    Args:
        cores: of a job; each runs a process with one thread, hence holds the models once.
        memory: of a job, all its processes together; 3 GB for each are plenty.
        options: further ones of dask-jobqueue, such as ``queue`` (partition), ``walltime`` (``"08:00:00"``), ``account``.

    Raises:
        ClusterUnusable: ``cohort_missing``.
    """
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise ClusterUnusable("cohort_missing", f"--slurm needs dask-jobqueue, which is not installed; {_INSTALL}") from error
    given = {name: value for name, value in options.items() if value is not None}
    plain = {"processes": cores, "python": sys.executable, "job_name": _PREFIX, "worker_extra_args": ["--no-dashboard"]}
    # status pages on a free port of this machine alone
    scheduler = {"dashboard": False, "dashboard_address": "127.0.0.1:0", **given.pop("scheduler_options", {})}
    return SLURMCluster(cores=cores, memory=memory, scheduler_options=scheduler, **{**plain, **given})


def _threads(client: Client) -> int:
    """How many tasks the workers can do at a time; 1 where none has come yet, so that the first to come finds work."""
    try:
        if client.status == "running":
            return max(1, sum(client.nthreads().values()))
    except OSError:  # between the end of the connection and its notice
        pass
    raise _lost_connection(client)


def _leave_retries_to_us(client: Client) -> None:
    """Makes the scheduler give our tasks back at their worker's first death, where it would kill three more workers by itself.

    The class is local, so that it travels by value: a scheduler needs no endplate. It heeds the keys of this module alone.
    """
    from distributed import SchedulerPlugin

    prefix = f"{_PREFIX}-"

    class GivenBack(SchedulerPlugin):  # type: ignore[misc]
        name = "endplate-given-back"
        idempotent = True

        def __init__(self) -> None:
            self.scheduler: Any = None

        async def start(self, scheduler: Any) -> None:
            self.scheduler = scheduler

        def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
            if finish == "processing" and isinstance(key, str) and key.startswith(prefix):
                self.scheduler.tasks[key].suspicious = self.scheduler.allowed_failures

    client.register_plugin(GivenBack())


def _lost_connection(client: Client) -> ClusterUnusable:
    address = client.scheduler.address if client.scheduler is not None else "the scheduler"
    found = f"the connection to {address} broke"
    return ClusterUnusable("cluster_lost", f"{found}; finished scans are kept; start the scheduler again and repeat the command")
