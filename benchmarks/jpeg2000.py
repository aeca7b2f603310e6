"""Reading time of a JPEG 2000 lossless series against the bare decoding of its frames, in one run on the same threads.

usage: python benchmarks/jpeg2000.py [--slices 80] [--runs 5] [--cache DIR] [--json FILE]

The series is made from the middle of the phantom of ``quantify_400.py``, encoded without loss by pylibjpeg-openjpeg. Bare decoding
has the frames in memory already, cut out of their files, and throws the values away; each codec installed is timed, in as many
threads as Endplate uses (pylibjpeg-openjpeg holds Python's lock and so keeps to one core). All are timed in turn, ``--runs`` times;
the fastest of each counts. Target: at most twice the fastest bare decoding.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import results
from pydicom.encaps import get_frame
from pydicom.uid import JPEG2000Lossless
from quantify_400 import ROOT, phantom_series, timed

Decode = Callable[[bytes], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=80)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    series = encoded_series(phantom_series(asked.cache), asked.slices, asked.cache / f"benchmark-jpeg2000-{asked.slices}")
    found = measured(series, asked.runs)
    show(found)
    if asked.json:
        results.write(asked.json, found)


def encoded_series(native: Path, count: int, folder: Path) -> Path:
    """The middle slices of a native series as JPEG 2000 lossless, encoded once."""
    if not folder.is_dir():
        files = sorted(native.iterdir())
        first = max((len(files) - count) // 2, 0)
        unfinished = folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for file in files[first : first + count]:
            data = pydicom.dcmread(file)
            data.compress(JPEG2000Lossless, generate_instance_uid=False)
            data.save_as(unfinished / file.name)
        unfinished.rename(folder)
    return folder


def measured(series: Path, runs: int) -> dict[str, Any]:
    """Fastest seconds of the reading and of each bare decoding, and whether all values agree bit for bit."""
    from endplate.volume.read import find_scans, read, read_scan

    frames = [frame_of(file) for file in sorted(series.iterdir())]
    threads = os.cpu_count() or 1
    ways: dict[str, Callable[[], Any]] = {"endplate, whole reading": lambda: read(series)}
    ways["endplate, headers only"] = lambda: find_scans(series)
    scan = find_scans(series).scans[0]
    ways["endplate, pixels only"] = lambda: read_scan(scan)
    for name, decode in codecs().items():
        ways[f"bare {name}"] = lambda decode=decode: in_threads(decode, frames, threads)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            seconds[name].append(timed(way)[0])
    best = {name: round(min(took), 4) for name, took in seconds.items()}
    bare = min(took for name, took in best.items() if name.startswith("bare"))
    identical = identical_to_pydicom(series)
    return {
        "slices": len(frames),
        "threads": threads,
        "runs": runs,
        "seconds": best,
        "reading_over_fastest_bare": round(best["endplate, whole reading"] / bare, 3),
        "identical_to_pydicom": identical,
    }


def frame_of(file: Path) -> bytes:
    return bytes(get_frame(pydicom.dcmread(file).PixelData, 0, number_of_frames=1))


def codecs() -> dict[str, Decode]:
    """The decoders of JPEG 2000 that are installed."""
    found: dict[str, Decode] = {}
    try:
        import imagecodecs

        found["imagecodecs"] = lambda frame: imagecodecs.jpeg2k_decode(frame, numthreads=1)
    except ImportError:
        pass
    try:
        import openjpeg

        found["pylibjpeg-openjpeg"] = openjpeg.decode
    except ImportError:
        pass
    return found


def in_threads(decode: Decode, frames: list[bytes], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(decode, frames):
            pass


def identical_to_pydicom(series: Path) -> bool:
    """True where Endplate's volume is pydicom's values, rescaled, in order of position."""
    from endplate.volume.read import read

    datasets = sorted((pydicom.dcmread(file) for file in series.iterdir()), key=lambda data: float(data.ImagePositionPatient[2]))
    wanted = np.stack([data.pixel_array * int(data.RescaleSlope) + int(data.RescaleIntercept) for data in datasets])
    return bool(np.array_equal(read(series).hu, wanted))


def show(found: dict[str, Any]) -> None:
    """A table in Markdown."""
    print(f"{found['slices']} slices, JPEG 2000 lossless, {found['threads']} threads, fastest of {found['runs']}\n")
    print("| | s | ms per slice |\n|---|---|---|")
    for name, seconds in found["seconds"].items():
        print(f"| {name} | {seconds:.3f} | {seconds / found['slices'] * 1000:.1f} |")
    print(f"\nReading over the fastest bare decoding: {found['reading_over_fastest_bare']:.2f} (target: at most 2).")
    print(f"Bit for bit pydicom's values: {'yes' if found['identical_to_pydicom'] else 'NO'}.")


if __name__ == "__main__":
    main()
