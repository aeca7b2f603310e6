"""A cohort killed with SIGKILL at random moments and resumed: rows, duplicates, losses, and scans per hour per core.

usage: python benchmarks/cohort_kill.py [--scans 200] [--kills 5] [--workers 2] [--seed 1] [--json FILE] [--data ../shared/data/ct]

The scans are the real CTs of ``--data``, if it is there, and small phantoms under different names (an input is known by its path).
The command and all its workers are one process group, which is killed as a whole; nobody can clean up. The rate is that of the
phantoms alone in a further run that nobody kills, start-up included.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import results

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
SHAPES = 4
"""So many different phantoms."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=200)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate-scans", type=int, default=40, help="phantoms of the run that is not killed; 0 leaves it out")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "ct")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = killed(asked, Path(folder)) | (rate(asked, Path(folder)) if asked.rate_scans else {})
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    if asked.json:
        results.write(asked.json, found)


def killed(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Runs, kills, resumes, and counts."""
    inputs, out, chance = folder / "scans", folder / "out", random.Random(asked.seed)
    real = real_scans(asked.data, inputs)
    phantoms(inputs, asked.scans - real)
    # each kill falls somewhere within its own part of the work
    moments = [round(asked.scans * (turn + chance.random()) / (asked.kills + 1)) for turn in range(asked.kills)]
    began, done_at_kill, half_written = time.perf_counter(), [], 0
    for moment in moments:
        process = start(inputs, out, asked.workers)
        while finished(out) < moment and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 1.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done_at_kill.append(finished(out))
        half_written += sum(entry.is_dir() and entry.name != ".cohort" for entry in out.glob(".*"))
        print(f"killed with {done_at_kill[-1]} of {asked.scans} done", file=sys.stderr)
    code = start(inputs, out, asked.workers).wait()
    counts = rows(out / "scans.csv", "path")
    wanted = {str(path.resolve()) for path in inputs.iterdir()}
    return {
        "scans": asked.scans,
        "of_these_real": real,
        "workers": asked.workers,
        "done_when_killed": done_at_kill,
        "half_written_folders_left_by_kills": half_written,
        "half_written_folders_at_the_end": sum(entry.name != ".cohort" for entry in out.glob(".*")),
        "rows": sum(counts.values()),
        "duplicates": sum(count - 1 for count in counts.values()),
        "lost": len(wanted - set(counts)),
        "status": dict(rows(out / "scans.csv", "status")),
        "duplicate_vertebrae": sum(count - 1 for count in rows(out / "findings.csv", "scan", "level").values()),
        "exit_code": code,
        "seconds_with_kills": round(time.perf_counter() - began, 1),
    }


def rate(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Scans per hour and core of small phantoms."""
    inputs, out = folder / "rate", folder / "rate-out"
    phantoms(inputs, asked.rate_scans)
    began = time.perf_counter()
    start(inputs, out, asked.workers).wait()
    seconds = time.perf_counter() - began
    cores = min(asked.workers, len(os.sched_getaffinity(0)))
    return {
        "rate_scans": asked.rate_scans,
        "rate_seconds": round(seconds, 1),
        "scans_per_hour_per_core": round(finished(out) / seconds * 3600 / cores),
        "load_of_the_machine_before_and_during": round(os.getloadavg()[0], 1),
    }


def start(inputs: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    """The command as a process group of its own."""
    command = [sys.executable, "-m", "endplate", "cohort", str(inputs), "--out", str(out), "--workers", str(workers)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, start_new_session=True, stdout=quiet, stderr=quiet)


def real_scans(data: Path, inputs: Path) -> int:
    """Copies the real CTs; gives how many."""
    inputs.mkdir(parents=True)
    found = sorted(data.glob("*/ct.nii.gz"))
    for path in found:
        shutil.copy(path, inputs / f"real-{path.parent.name}.nii.gz")
    return len(found)


def phantoms(inputs: Path, count: int) -> None:
    """Small phantoms, a few shapes under many names."""
    from small_scans import write_small

    inputs.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = inputs / f"phantom-{number:04d}.nii.gz"
        if number < SHAPES:
            write_small(path, seed=number)
        else:
            shutil.copy(inputs / f"phantom-{number % SHAPES:04d}.nii.gz", path)


def finished(out: Path) -> int:
    return len(list(out.glob("[!.]*/run.json")))


def rows(table: Path, *columns: str) -> Counter[Any]:
    """How many rows have which values."""
    with table.open(newline="") as stream:
        found = [tuple(row[column] for column in columns) for row in csv.DictReader(stream)]
    return Counter(values[0] if len(columns) == 1 else values for values in found)


if __name__ == "__main__":
    main()
