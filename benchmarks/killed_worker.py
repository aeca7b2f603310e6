"""The review service's worker killed with SIGKILL at random moments: results, duplicates, losses.

usage: python benchmarks/killed_worker.py [--jobs 50] [--kills 20] [--workers 1] [--seed 1] [--json FILE] [--data ../shared/data/ct]

The scans are two real CTs of ``--data``, if it is there, and small phantoms. The workers are started, and started again, as
``endplate serve`` does it. Each kill falls on a random worker at a random moment of the work: when so many scans are measured, and
up to a second later; several may fall on one scan.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import results

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
SHAPES, REAL = 4, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; SQLite if left out")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "ct")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = killed(asked, Path(folder))
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    if asked.json:
        results.write(asked.json, found)


def killed(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Orders, kills, waits, and counts."""
    from endplate.service.jobs import Staff, start_workers
    from working_service import environment, service

    os.environ.update(environment())
    real = scans(asked, folder / "scans")
    chance, began, stages = random.Random(asked.seed), time.perf_counter(), Counter[str]()
    moments = sorted(chance.randrange(asked.jobs) for _ in range(asked.kills))
    with service(folder / "data", asked.database) as here:
        workers = start_workers(Staff(here.data, asked.database, workers=asked.workers))
        here.jobs.order_find([folder / "scans"], "benchmark")
        for moment in moments:
            while measured(here) < moment:
                time.sleep(0.02)
            time.sleep(chance.uniform(0.0, 1.0))
            while not (alive := workers.processes):
                time.sleep(0.02)
            running = here.store.jobs(states=("running",))
            stages.update([job.stage or "begin" for job in running] or ["idle"])
            os.kill(chance.choice(alive), signal.SIGKILL)
            while len(workers.processes) == len(alive) and workers.processes == alive:
                time.sleep(0.02)
            print(f"killed with {measured(here)} of {asked.jobs} measured", file=sys.stderr)
        while not here.scans() or not here.ended():
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        workers.stop()
        return {
            "jobs": asked.jobs,
            "of_these_real": real,
            "kills": asked.kills,
            "workers": asked.workers,
            "database": "postgresql" if asked.database else "sqlite",
            "stage_when_killed": dict(stages.most_common()),
            **counted(here),
            "seconds_with_kills": round(seconds, 1),
            "load_of_the_machine": round(os.getloadavg()[0], 1),
        }


def counted(here: Any) -> dict[str, Any]:
    """What came of it."""
    from endplate.review.images import read_images

    folders = [path for path in (here.data / "scans").iterdir() if not path.name.startswith(".")]
    times = here.actions("measured")
    return {
        "results": len([scan for scan in here.scans() if scan.status == "measured"]),
        "scans_by_status": dict(Counter(scan.status for scan in here.scans())),
        "jobs_by_state": dict(Counter(job.state for job in here.measurements())),
        "measured_more_than_once": sum(count - 1 for count in times.values()),
        "never_measured": len({scan.id for scan in here.scans()} - set(times)),
        "folders_of_results": len(folders),
        "of_these_with_whole_images": sum(read_images(folder / "images") is not None for folder in folders),
        "half_written_at_the_end": here.leftovers(),
        "orders_lost": here.jobs.put_lost(),
        "scans_by_attempts": {str(k): v for k, v in sorted(Counter(job.attempts for job in here.measurements()).items())},
    }


def measured(here: Any) -> int:
    return sum(here.actions("measured").values())


def scans(asked: argparse.Namespace, folder: Path) -> int:
    """Small phantoms of a few shapes under many names, and real CTs; gives how many of these."""
    from small_scans import write_small

    real = sorted(asked.data.glob("*/ct.nii.gz"), key=lambda path: path.stat().st_size)[:REAL]
    folder.mkdir(parents=True)
    for number, path in enumerate(real):
        shutil.copy(path, folder / f"scan-{number * asked.jobs // REAL:03d}-real.nii.gz")
    for number in range(asked.jobs - len(real)):
        path = folder / f"scan-{number:03d}.nii.gz"
        if number < SHAPES:
            write_small(path, seed=number)
        else:
            shutil.copy(folder / f"scan-{number % SHAPES:03d}.nii.gz", path)
    return len(real)


if __name__ == "__main__":
    main()
