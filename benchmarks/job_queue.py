"""What the durable queue of the review service costs: to import, to order, to take up and finish jobs that do nothing, to be idle.

usage: python benchmarks/job_queue.py [--jobs 200] [--workers 1] [--database URL] [--json FILE]

A job that does nothing is a ``measure`` whose scan is not there: all of the queue's and the store's part, none of the pipeline's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import results

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
IDLE_S = 20.0
IMPORT = """
import time, psutil, sqlalchemy
memory, began = psutil.Process().memory_info().rss, time.process_time()
import dbos
print(time.process_time() - began, (psutil.Process().memory_info().rss - memory) / 1e6)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; SQLite if left out")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = imported() | measured(asked, Path(folder))
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    if asked.json:
        results.write(asked.json, found)


def imported() -> dict[str, Any]:
    """Beside SQLAlchemy, which the store needs anyhow."""
    runs = [subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True).stdout for _ in range(5)]
    seconds, megabytes = zip(*(map(float, run.split()) for run in runs), strict=True)
    return {"import_cpu_seconds": round(min(seconds), 3), "import_megabytes": round(min(megabytes), 1)}


def measured(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from working_service import service, wait

    with service(folder / "data", asked.database) as here:
        began = time.perf_counter()
        workers = [psutil.Process(here.worker().pid) for _ in range(asked.workers)]
        start = time.perf_counter() - began
        before = [sum(w.cpu_times()[:2]) for w in workers]
        time.sleep(IDLE_S)
        idle = [(sum(w.cpu_times()[:2]) - b) / IDLE_S for w, b in zip(workers, before, strict=True)]
        took = [alone(here, number) for number in range(20)]
        began = time.perf_counter()
        for number in range(asked.jobs):
            order(here, 100 + number)
        ordered = time.perf_counter() - began
        wait(here.ended)
        return {
            "workers": asked.workers,
            "database": "postgresql" if asked.database else "sqlite",
            "seconds_until_ready": round(start, 1),
            "megabytes_of_an_idle_worker": round(max(w.memory_info().rss for w in workers) / 1e6),
            "idle_share_of_a_core": round(max(idle), 4),
            "milliseconds_until_taken_median": round(1000 * statistics.median(took)),
            "milliseconds_until_taken_longest": round(1000 * max(took)),
            "orders_per_second": round(asked.jobs / ordered, 1),
            "jobs_per_second": round(asked.jobs / (time.perf_counter() - began), 1),
            "load_of_the_machine": round(os.getloadavg()[0], 1),
        }


def alone(here: Any, number: int) -> float:
    """Seconds from an order until a worker that has nothing to do takes it."""
    from working_service import wait

    job_id = order(here, number)
    wait(here.ended)
    job = here.job(job_id)
    return (datetime.fromisoformat(job.began_at) - datetime.fromisoformat(job.added_at)).total_seconds()


def order(here: Any, number: int) -> str:
    from endplate.service.jobs.orders import measure_id, now
    from endplate.service.records import Job

    scan = f"{number:032x}"
    here.jobs.order_measure(scan, "nothing", Job("0" * 32, "find", "nothing", "done", now()))
    return measure_id(scan)


if __name__ == "__main__":
    main()
