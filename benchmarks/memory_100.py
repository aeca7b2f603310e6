"""Resident memory over 100 scans in one process: after a warm-up of ten it must not grow by more than 50 MB.

usage: python benchmarks/memory_100.py [--scans 100] [--slices 100] [--series DIR ...] [--cache DIR] [--json FILE]

Each scan goes from files to report and picture, as in a cohort. Left to itself the benchmark takes four windows of ``--slices``
slices in turn from the phantom of ``quantify_400.py``, so that no scan has the shape and the place of the one before it. The last
scan's picture and result are let go before memory is read. Exit status 1 where memory grows beyond the limit.
"""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import results
from quantify_400 import ROOT, phantom_series

if TYPE_CHECKING:
    from endplate.models import Models

WARM_UP, LIMIT_MIB = 10, 50.0 * 1e6 / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=100)
    parser.add_argument("--slices", type=int, default=100)
    parser.add_argument("--series", type=Path, nargs="*", help="scans of your own instead of the phantom's windows")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        series = asked.series or windows(phantom_series(asked.cache), asked.slices, Path(folder))
        found = grown(series, asked.scans)
    print(f"{asked.scans} scans, {found['seconds']:.0f} s: {found['after_warm_up_mib']:.0f} MiB after {WARM_UP}, ", end="")
    print(f"{found['at_the_end_mib']:.0f} MiB at the end, most in between {found['most_mib']:.0f} MiB")
    print(f"growth {found['growth_mib']:+.1f} MiB (target: below {LIMIT_MIB:.1f} MiB)")
    if asked.json:
        results.write(asked.json, found)
    return int(found["growth_mib"] >= LIMIT_MIB)


def windows(series: Path, slices: int, folder: Path) -> list[Path]:
    """Folders of links to stretches of a series, of slightly different lengths."""
    files, made = sorted(series.iterdir()), []
    for n in range(4):
        count = slices - 5 * n
        first = n * (len(files) - slices) // 3
        window = folder / f"window-{n}"
        window.mkdir()
        for file in files[first : first + count]:
            (window / file.name).symlink_to(file.resolve())
        made.append(window)
    return made


def grown(series: list[Path], scans: int) -> dict[str, Any]:
    """Resident memory after each scan, MiB."""
    from endplate import models

    networks, began = models.load(), perf_counter()
    resident: list[float] = []
    for n in range(scans):
        once(series[n % len(series)], networks)
        gc.collect()
        resident.append(round(resident_mib(), 1))
        if (n + 1) % 10 == 0:
            print(f"{n + 1:5d} scans {resident[-1]:8.1f} MiB", file=sys.stderr)
    after = resident[min(WARM_UP, scans) - 1 :]
    return {
        "scans": scans,
        "seconds": round(perf_counter() - began, 1),
        "after_warm_up_mib": after[0],
        "at_the_end_mib": after[-1],
        "most_mib": max(after),
        "growth_mib": round(max(after[-10:]) - max(resident[:WARM_UP]), 1),
        "resident_mib": resident,
    }


def once(series: Path, networks: Models) -> None:
    """One scan from files to files."""
    from endplate import pipeline
    from endplate.volume.read import read

    result = pipeline.quantify_volume(read(series), networks)
    with TemporaryDirectory() as out:
        pipeline.write_result(result, Path(out))


def resident_mib() -> float:
    """Resident set size of this process, from the kernel, Linux."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
