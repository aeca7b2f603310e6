"""Time and memory of whole scans of 100, 400 and 1,600 slices of 512 x 512, by stage, in one run.

usage: python benchmarks/linear.py [--slices 100 400 1600] [--runs 3] [--threads N] [--cache DIR] [--json FILE]

The series are made in a temporary folder from the phantom of ``quantify_400.py`` and deleted again: its slices from head to feet,
then back up, and so on, 1 mm apart, so that the column runs on without a break. Sizes take turns, ``--runs`` times, each in a
process of its own after a scan to warm up; the fastest scan of each counts. The largest wants 0.9 GB of disk and 2 GB of memory.
Seconds of processor time are given as well: on a machine that others share they tell more than those of the clock.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import pydicom
import results
from pydicom.uid import generate_uid
from quantify_400 import ROOT, once, phantom_series


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, nargs="+", default=[100, 400, 1600])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(twice(asked.measure, asked.threads)))
        return
    with TemporaryDirectory() as folder:
        series = {count: repeated(phantom_series(asked.cache), count, Path(folder, str(count))) for count in asked.slices}
        runs = [{count: measured(files, asked.threads) for count, files in series.items()} for _ in range(asked.runs)]
    best = {str(count): min((run[count] for run in runs), key=lambda one: one["wall_s"]) for count in asked.slices}
    show(best)
    if asked.json:
        results.write(asked.json, {"runs": asked.runs, "slices": best})


def repeated(series: Path, count: int, folder: Path) -> Path:
    """A series of ``count`` slices: those of the given one down, up, down, with places of their own."""
    files = sorted(
        series.iterdir(), key=lambda file: -float(pydicom.dcmread(file, stop_before_pixels=True).ImagePositionPatient[2])
    )
    folder.mkdir()
    uid, turn = generate_uid(), 2 * len(files) - 2
    for k in range(count):
        within = k % turn
        data = pydicom.dcmread(files[within if within < len(files) else turn - within])
        data.SeriesInstanceUID, data.SOPInstanceUID, data.InstanceNumber = uid, generate_uid(), k + 1
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        data.ImagePositionPatient = [*data.ImagePositionPatient[:2], -1.0 * k]
        data.save_as(folder / f"{k:05d}.dcm")
    return folder


def measured(series: Path, threads: int) -> dict[str, Any]:
    """The second scan of a process of its own, so that the peak of memory is its own too."""
    command = [sys.executable, __file__, "--measure", str(series), "--threads", str(threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def twice(series: Path, threads: int) -> dict[str, Any]:
    from endplate import models

    networks = models.load(None, threads)
    once(series, networks)
    before = process_time()
    found = once(series, networks)
    return {**found, "processor_s": process_time() - before, "reading_processor_s": reading(series)}


def reading(series: Path) -> dict[str, float]:
    """Seconds of processor time, all threads, for headers and for pixels."""
    from endplate.volume.read import find_scans, read_scan

    start = process_time()
    scan = find_scans(series).scans[0]
    between = process_time()
    read_scan(scan)
    return {"headers": between - start, "pixels": process_time() - between}


def show(best: dict[str, dict[str, Any]]) -> None:
    """Tables in Markdown: seconds, and milliseconds per slice."""
    print(f"| | {' | '.join(f'{count} slices, s (ms per slice)' for count in best)} |\n|---|{'---|' * len(best)}")
    for name in next(iter(best.values()))["stages_s"]:
        print(f"| {name} | {' | '.join(cell(one['stages_s'].get(name, 0.0), count) for count, one in best.items())} |")
    print(f"| **whole** | {' | '.join(cell(one['wall_s'], count) for count, one in best.items())} |")
    peaks = [f"{one['peak_mib']:.0f}" for one in best.values()]
    print(f"| processor time | {' | '.join(cell(one['processor_s'], count) for count, one in best.items())} |")
    for what in ("headers", "pixels"):
        row = [cell(one["reading_processor_s"][what], count) for count, one in best.items()]
        print(f"| processor time of reading {what} | {' | '.join(row)} |")
    print(f"| peak memory, MiB | {' | '.join(peaks)} |")


def cell(seconds: float, count: str) -> str:
    return f"{seconds:.2f} ({seconds / int(count) * 1000:.2f})"


if __name__ == "__main__":
    main()
