"""A real scheduler and real worker processes on loopback, some of them killed."""

from __future__ import annotations

import csv
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import dask_tasks
from endplate import phantom
from endplate.cohort import worklist, write_tables
from endplate.cohort.pool import Lost
from endplate.errors import ClusterUnusable
from endplate.phantom.dicom import write_series

distributed = pytest.importorskip("distributed", reason="the extra cohort is not installed")
from endplate.cohort.dask_pool import DaskPool, connect, slurm, slurm_cluster  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SCANS = 5


def started(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--no-dashboard"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def cluster(nanny: bool, folder: Path, workers: int = 2) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address and processes of a scheduler and of workers of one thread; with a nanny a killed worker comes back."""
    address = f"tcp://127.0.0.1:{free_port()}"
    processes = [started("dask_scheduler", "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1])]
    options = ("--nthreads", "1", "--host", "127.0.0.1", "--local-directory", str(folder), "--nanny" if nanny else "--no-nanny")
    processes += [started("dask_worker", address, *options) for _ in range(workers)]
    try:
        yield address, processes
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(120)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[distributed.Client]:
    """Two workers that come back when they are killed."""
    with cluster(nanny=True, folder=tmp_path_factory.mktemp("dask")) as (address, _), connect(address, 30) as client:
        client.wait_for_workers(2, timeout=60)
        yield client
        client.shutdown()


def holds_nothing(client: distributed.Client) -> bool:
    """Whether the last result is gone; futures are dropped by another thread."""
    for _ in range(1200):
        if not client.futures:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def scans(made: phantom.Phantom, tmp_path: Path) -> list[dask_tasks.Scan]:
    """Copies of one phantom as DICOM, and one that is no DICOM."""
    first = write_series(made, tmp_path / "scans" / "made").rename(tmp_path / "scans" / "ct-0")
    shutil.rmtree(tmp_path / "scans" / "made", ignore_errors=True)
    for number in range(1, SCANS - 1):
        shutil.copytree(first, tmp_path / "scans" / f"ct-{number}")
    (tmp_path / "scans" / "broken.dcm").write_text("this is no DICOM")
    truth, out = tmp_path / "truth.pickle", tmp_path / "out"
    truth.write_bytes(pickle.dumps(made.vertebrae))
    out.mkdir()
    jobs = worklist([tmp_path / "scans" / f"ct-{n}" for n in range(SCANS - 1)] + [tmp_path / "scans" / "broken.dcm"], out)
    return [dask_tasks.Scan(job, out, truth) for job in jobs]


def rows(out: Path) -> Counter[str]:
    write_tables(out)
    with (out / "scans.csv").open(newline="") as stream:
        return Counter(row["scan"] for row in csv.DictReader(stream))


def test_one_of_two_workers_is_killed_and_every_scan_is_done_exactly_once(scans: list[dask_tasks.Scan], tmp_path: Path) -> None:
    with cluster(nanny=False, folder=tmp_path / "dask") as (address, (_, *workers)), connect(address, 30) as client:
        client.wait_for_workers(2, timeout=60)
        results = []
        for result in DaskPool(client).map(dask_tasks.quantified, scans):
            results.append(result)
            if len(results) == 2:  # both workers are in the middle of a scan
                workers[0].send_signal(signal.SIGKILL)
                workers[0].wait(30)
    assert not any(isinstance(result, Lost) for result in results)
    assert Counter(name for name, _, _ in results) == {scan.job.name: 1 for scan in scans}
    assert {pid for _, _, pid in results[3:]} == {workers[1].pid}
    assert rows(scans[0].out) == {scan.job.name: 1 for scan in scans}
    with (scans[0].out / "findings.csv").open(newline="") as stream:
        found = Counter((row["scan"], row["level"]) for row in csv.DictReader(stream))
    assert set(found.values()) == {1}
    assert len({scan for scan, _ in found}) == SCANS - 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_scan_whose_worker_dies_is_tried_again_and_skipped_if_its_result_was_written(
    scans: list[dask_tasks.Scan], lasting: distributed.Client, when: str
) -> None:
    some = [dask_tasks.Scan(scan.job, scan.out, scan.truth, when if n == 1 else "") for n, scan in enumerate(scans[:3])]
    results = list(DaskPool(lasting).map(dask_tasks.quantified, some))
    assert {name: earlier for name, earlier, _ in results} == {s.job.name: s.dies == "after" for s in some}
    assert rows(scans[0].out) == {scan.job.name: 1 for scan in some}


def test_a_task_that_kills_every_worker_is_lost_after_two_tries_and_alone(lasting: distributed.Client, tmp_path: Path) -> None:
    tasks = [(tmp_path, name) for name in ("a", "b", "deadly", "c", "d", "e")]
    results = list(DaskPool(lasting).map(dask_tasks.deadly, tasks))
    lost = [result for result in results if isinstance(result, Lost)]
    assert [one.task for one in lost] == [(tmp_path, "deadly")]
    assert "died 2 times" in lost[0].reason
    assert sorted(result for result in results if isinstance(result, str)) == ["a", "b", "c", "d", "e"]
    assert sorted(file.name for file in tmp_path.glob("deadly.*")) == ["deadly.1", "deadly.2"]


def test_tasks_are_drawn_only_as_workers_become_free(lasting: distributed.Client) -> None:
    lasting.wait_for_workers(2, timeout=60)
    drawn: list[int] = []
    got: list[int] = []
    ahead: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(30):
            drawn.append(number)
            ahead.append(len(drawn) - len(got))
            yield number

    for result in DaskPool(lasting).map(dask_tasks.slow, tasks()):
        got.append(result)
    assert sorted(got) == drawn == list(range(30))
    assert max(ahead) <= 3, "one with each of the two workers, and one result on its way to the caller"


def test_no_result_stays_in_the_cluster_and_a_run_that_is_left_is_taken_back(lasting: distributed.Client) -> None:
    results = DaskPool(lasting).map(dask_tasks.slow, iter(range(1_000_000)))
    assert {next(results) for _ in range(5)} <= set(range(10))
    results.close()
    assert holds_nothing(lasting)
    assert list(DaskPool(lasting).map(dask_tasks.slow, [])) == []


def test_an_exception_of_the_function_is_raised_here(lasting: distributed.Client) -> None:
    with pytest.raises(ValueError, match="task 3"):
        list(DaskPool(lasting).map(dask_tasks.fails, range(10)))
    assert holds_nothing(lasting)


def test_a_scheduler_that_goes_away_is_an_error_and_not_a_wait(tmp_path: Path) -> None:
    with cluster(nanny=False, folder=tmp_path, workers=1) as (address, processes), connect(address, 30) as client:
        endless = DaskPool(client).map(dask_tasks.slow, iter(range(1_000_000)))
        assert next(endless) == 0
        processes[0].send_signal(signal.SIGKILL)
        with pytest.raises(ClusterUnusable, match="repeat the command") as caught:
            list(endless)
    assert caught.value.code == "cluster_lost"
    with pytest.raises(ClusterUnusable, match="repeat the command"):
        list(DaskPool(client).map(dask_tasks.slow, [1]))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nonsense://x", "10"])
def test_a_scheduler_that_cannot_be_reached_is_named(address: str) -> None:
    address = address.format(port=free_port())
    with pytest.raises(ClusterUnusable, match="expected one such as tcp://") as caught:
        connect(address, 1)
    assert caught.value.code == "cluster_unreachable"
    assert repr(address) in caught.value.message


def test_the_job_script_says_what_was_asked() -> None:
    """What Slurm would get; there is no Slurm here, so no job was ever run."""
    pytest.importorskip("dask_jobqueue")
    local = {"host": "127.0.0.1"}
    with slurm_cluster(4, "12GB", queue="short", walltime="02:30:00", account=None, scheduler_options=local) as described:
        script = described.job_script()
    for line in ("-p short", "-t 02:30:00", "--cpus-per-task=4", "--mem=12G", "-J endplate", "-n 1"):
        assert f"#SBATCH {line}\n" in script
    assert "-A" not in script
    assert "--nthreads 1 --memory-limit 2.79GiB --nworkers 4 " in script
    assert "--no-dashboard" in script
    assert sys.executable in script


def test_leaving_the_pool_ends_client_and_cluster() -> None:
    pytest.importorskip("dask_jobqueue")
    cluster = slurm_cluster(1, "3GB", scheduler_options={"host": "127.0.0.1"})
    with DaskPool(distributed.Client(cluster, set_as_default=False)) as pool:
        assert pool.workers == 0
    assert cluster.status.name == "closed"


@pytest.mark.skipif(shutil.which("sbatch") is not None, reason="there is a Slurm here")
def test_slurm_without_slurm_is_refused() -> None:
    with pytest.raises(ClusterUnusable, match="login node") as caught:
        slurm(3)
    assert caught.value.code == "no_slurm"
