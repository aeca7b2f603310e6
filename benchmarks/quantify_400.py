"""Time of each stage and peak memory for a chest CT of 400 slices, 512 x 512, as a DICOM series.

usage: python benchmarks/quantify_400.py [--models DIR] [--threads N] [--warm 3] [--cache DIR]

The series is a phantom, made once and kept outside git. Each time is also given as a ratio to simple references measured in the
same run on the same files: SimpleITK reading the series, and scipy.ndimage.zoom reducing the volume to 4 mm. The files are read
once before, so that they are in the operating system's cache.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from endplate.models import Models

ROOT = Path(__file__).resolve().parents[1]
SLICES, SIZE = 400, 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--warm", type=int, default=3, help="runs in the warm process; the fastest counts")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure, asked.models, asked.threads, asked.warm)))
        return
    series = phantom_series(asked.cache)
    for file in series.iterdir():
        file.read_bytes()
    report(fresh(asked, series), child(asked, series), references(series))
    seconds, _ = timed(lambda: subprocess.run([sys.executable, "-m", "endplate", "--help"], stdout=subprocess.DEVNULL, check=True))
    print(f"`endplate --help`: {seconds:.2f} s.")


def phantom_series(cache: Path) -> Path:
    """A phantom of 400 slices of 512 x 512, rendered once."""
    from endplate import phantom as phantoms
    from endplate.anatomy import levels
    from endplate.phantom.dicom import write_series

    folder = cache / f"benchmark-{SLICES}x{SIZE}"
    if not (folder / "truth.json").is_file():
        vertebrae = phantoms.spine(levels.USUAL[1:], phantoms.SpineShape())
        scanner = phantoms.ScannerSettings((6.5, 22.6), 0.75, 1.0, field_mm=(SIZE * 0.75, SIZE * 0.75))
        made = phantoms.render(vertebrae, scanner=scanner, seed=400)
        write_series(trimmed(made), folder)
    return folder / "series"


def trimmed(phantom: Any) -> Any:
    """The phantom cut to exactly 400 slices of 512 x 512."""
    from dataclasses import replace

    volume = phantom.volume
    if any(have < want for have, want in zip(volume.hu.shape, (SLICES, SIZE, SIZE), strict=True)):
        raise SystemExit(f"the phantom has {volume.hu.shape} voxels, fewer than {(SLICES, SIZE, SIZE)}")
    return replace(phantom, volume=replace(volume, hu=volume.hu[:SLICES, :SIZE, :SIZE]))


def fresh(asked: argparse.Namespace, series: Path) -> dict[str, float]:
    """Wall time and peak memory of ``endplate quantify`` as a process of its own, pictures and tables included."""
    options = ["--threads", str(asked.threads)] + (["--models", str(asked.models)] if asked.models else [])
    with TemporaryDirectory() as out:
        start = perf_counter()
        command = [sys.executable, "-m", "endplate", "quantify", str(series), "--out", out, *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - start
    if status:
        raise SystemExit(f"endplate quantify ended with status {os.waitstatus_to_exitcode(status)}")
    return {"wall_s": wall, "peak_mib": usage.ru_maxrss / 1024}


def child(asked: argparse.Namespace, series: Path) -> dict[str, Any]:
    """Measures the stages in one process that stays."""
    command = [sys.executable, __file__, "--measure", str(series), "--threads", str(asked.threads), "--warm", str(asked.warm)]
    command += ["--models", str(asked.models)] if asked.models else []
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(series: Path, folder: Path | None, threads: int, warm: int) -> dict[str, Any]:
    """The first and the fastest later run in this process: seconds by stage, wall time, peak memory."""
    from endplate import models

    networks = models.load(folder, threads)
    runs = [once(series, networks) for _ in range(1 + warm)]
    return {"first": runs[0], "warm": min(runs[1:], key=lambda r: r["wall_s"])}


def once(series: Path, networks: Models) -> dict[str, Any]:
    """One scan from files to files."""
    from endplate import pipeline
    from endplate.volume.read import read

    start = perf_counter()
    reading, volume = timed(lambda: read(series))
    result = pipeline.quantify_volume(volume, networks)
    with TemporaryDirectory() as out:
        writing, _ = timed(lambda: pipeline.write_result(result, Path(out)))
    stages = {"read": reading} | dict(result.report.timing_s) | {"write": writing}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall_s": perf_counter() - start, "stages_s": stages, "peak_mib": peak}


def references(series: Path) -> dict[str, float]:
    """Seconds for what a plain script would do."""
    import SimpleITK as sitk
    from scipy import ndimage

    reader = sitk.ImageSeriesReader()
    files = reader.GetGDCMSeriesFileNames(str(series))
    reader.SetFileNames(files)
    read, image = timed(reader.Execute)
    array, zoom = sitk.GetArrayFromImage(image), [step / 4.0 for step in image.GetSpacing()[::-1]]
    linear, _ = timed(lambda: ndimage.zoom(array, zoom, order=1))
    cubic, _ = timed(lambda: ndimage.zoom(array, zoom))
    return {"SimpleITK read": read, "scipy zoom to 4 mm, linear": linear, "scipy zoom to 4 mm, cubic": cubic}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = perf_counter()
    result = work()
    return perf_counter() - start, result


def report(process: dict[str, float], found: dict[str, Any], simple: dict[str, float]) -> None:
    """A table in Markdown: seconds, and how many times as long as each reference."""
    print(f"{SLICES} slices of {SIZE} x {SIZE}\n")
    print(f"| | s | {' | '.join(f'/ {name}' for name in simple)} |\n|---|---|{'---|' * len(simple)}")
    first, warm = found["first"], found["warm"]
    timed_steps = {f"stage: {name}": seconds for name, seconds in warm["stages_s"].items()}
    whole = {"**warm process**": warm["wall_s"], "first run of a process": first["wall_s"], "**fresh process**": process["wall_s"]}
    for name, seconds in (timed_steps | whole | simple).items():
        print(f"| {name} | {seconds:.2f} | {' | '.join(f'{seconds / other:.2f}' for other in simple.values())} |")
    print(f"\nPeak memory: fresh process {process['peak_mib']:.0f} MiB, warm process {warm['peak_mib']:.0f} MiB.")


if __name__ == "__main__":
    main()
