"""Each stage against what a plain script would do, in one run, with the ratio; and scans per hour and core.

usage: python benchmarks/stages.py [--runs 5] [--threads N] [--cache DIR] [--json FILE]

The scan is the phantom of ``quantify_400.py``: 400 native DICOM slices of 512 x 512, in the operating system's cache. Stage and
references take turns ``--runs`` times, and the fastest of each counts. Results of a stage and of its reference are compared, so
that the ratio is one of equal work:

- read: SimpleITK's series reader, its pixels as an array; values must be equal.
- coarse: ``scipy.ndimage.zoom`` of the volume to 4 mm, of order 1 and of order 3, its default. Neither averages over a block, so
  values differ by noise; what is given is the correlation over the grid that all share.
- straighten: the whole box of all slabs at once, in float64, from a float64 copy of the volume; the largest difference in HU.

Scans per hour and core: whole scans, files to report and picture, in a process held on one core with one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import results
from numpy.typing import NDArray
from quantify_400 import ROOT, measure, phantom_series, timed

if TYPE_CHECKING:
    from endplate.geometry.curves import Curve
    from endplate.straightening import Settings
    from endplate.volume import Volume

Way = Callable[[], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one-core", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(json.dumps(measure(asked.one_core, None, 1, asked.runs)["warm"]))
        return
    series = phantom_series(asked.cache)
    for file in series.iterdir():
        file.read_bytes()
    found = {"runs": asked.runs, "cores": os.cpu_count(), "stages": stages(series, asked), "one_core": one_core(series, asked.runs)}
    show(found)
    if asked.json:
        results.write(asked.json, found)


def stages(series: Path, asked: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Seconds of each stage and of its references, and how their results agree."""
    from endplate import models, straightening
    from endplate.localisation.localise import NoSpine, localise
    from endplate.volume.axes import along_patient
    from endplate.volume.read import read
    from endplate.volume.resampling import coarse

    loaded = models.load(None, asked.threads)
    volume = along_patient(read(series))
    line = localise(volume, loaded.localiser, loaded.localisation)
    if isinstance(line, NoSpine):
        raise SystemExit(f"no spine in the phantom: {line.reason}")
    curve, grid, step = line.curve, loaded.straight, loaded.localisation.spacing_mm
    read_ways = {"endplate": lambda: read(series).hu, "SimpleITK": lambda: by_simpleitk(series)}
    coarse_ways = {
        "endplate": lambda: coarse(volume, step).hu,
        "zoom, order 1": lambda: zoomed(volume, step, 1),
        "zoom, order 3": lambda: zoomed(volume, step, 3),
    }
    straight_ways = {
        "endplate": lambda: straightening.straighten(volume, curve, grid).image_hu,
        "naive": lambda: naively_straight(volume, curve, grid),
    }
    return {
        "read": compared(read_ways, asked.runs, largest_difference),
        "coarse": compared(coarse_ways, asked.runs, correlation),
        "straighten": compared(straight_ways, asked.runs, largest_difference),
    }


def compared(ways: Mapping[str, Way], runs: int, agreement: Callable[[Any, Any], dict[str, float]]) -> dict[str, Any]:
    """Ways in turn: fastest seconds of each, ratio of Endplate's to each reference's, agreement of the values."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    last: dict[str, Any] = {}
    for _ in range(runs):
        for name, way in ways.items():
            took, last[name] = timed(way)
            seconds[name].append(took)
    best = {name: round(min(took), 4) for name, took in seconds.items()}
    others = [name for name in ways if name != "endplate"]
    return {
        "seconds": best,
        "ratio": {name: round(best["endplate"] / best[name], 3) for name in others},
        "agreement": {name: agreement(last["endplate"], last[name]) for name in others},
    }


def by_simpleitk(series: Path) -> NDArray[Any]:
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
    return sitk.GetArrayFromImage(reader.Execute())


def zoomed(volume: Volume, step_mm: float, order: int) -> NDArray[Any]:
    """The whole volume reduced by scipy, head to feet and from right to left as the localiser wants it."""
    from scipy import ndimage

    small = ndimage.zoom(volume.hu, volume.spacing_mm / step_mm, output=np.float32, order=order)
    direction = np.sign(np.diag(volume.patient_from_voxel[:3, :3][::-1]))
    return np.asarray(small[tuple(slice(None, None, int(turn)) for turn in direction * (-1, 1, 1))])


def naively_straight(volume: Volume, curve: Curve, grid: Settings) -> NDArray[Any]:
    """Slabs along the curve in one go, from a float64 copy of the whole volume."""
    from scipy import ndimage

    from endplate.geometry import bases, frames

    s = np.arange(-grid.margin_mm, curve.length_mm + grid.margin_mm + 1e-6, grid.pixel_mm)
    t = np.arange(-grid.anterior_mm, grid.posterior_mm + 1e-6, grid.pixel_mm)
    r = np.add.outer(np.array(grid.offsets_mm), np.array(grid.slab_mm)).ravel()
    _, posterior, left = bases.basis(curve, s)
    at = curve.at(s)[:, None, None] + t[:, None, None] * posterior[:, None, None] + r[:, None] * left[:, None, None]
    voxels = np.moveaxis(frames.apply(volume.voxel_from_patient, at), -1, 0)
    box = ndimage.map_coordinates(volume.hu.astype(float), voxels, order=1, cval=-1024.0)
    return box.reshape(len(s), len(t), len(grid.offsets_mm), len(grid.slab_mm)).mean(-1).transpose(2, 0, 1)


def largest_difference(one: NDArray[Any], other: NDArray[Any]) -> dict[str, float]:
    difference = np.abs(np.asarray(one, float) - other)
    return {"largest_difference_hu": float(difference.max()), "share_above_0_01_hu": float((difference > 0.01).mean())}


def correlation(one: NDArray[Any], other: NDArray[Any]) -> dict[str, float]:
    shared = tuple(slice(0, min(a, b)) for a, b in zip(one.shape, other.shape, strict=True))
    return {"correlation": round(float(np.corrcoef(one[shared].ravel(), other[shared].ravel())[0, 1]), 4)}


def one_core(series: Path, runs: int) -> dict[str, Any]:
    """The fastest whole scan of a process that is held on one core."""
    command = [sys.executable, __file__, "--one-core", str(series), "--runs", str(runs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "scans_per_hour": round(3600 / found["wall_s"])}


def show(found: dict[str, Any]) -> None:
    """A table in Markdown."""
    print(f"Fastest of {found['runs']} in turn, {found['cores']} cores\n")
    print("| stage | s | reference | s | ratio | agreement |\n|---|---|---|---|---|---|")
    for stage, of in found["stages"].items():
        for name, ratio in of["ratio"].items():
            agreement = ", ".join(f"{what.replace('_', ' ')} {value:.4g}" for what, value in of["agreement"][name].items())
            print(f"| {stage} | {of['seconds']['endplate']:.3f} | {name} | {of['seconds'][name]:.3f} | {ratio:.2f} | {agreement} |")
    one = found["one_core"]
    print(f"\nOne core: {one['wall_s']:.2f} s per scan, {one['scans_per_hour']} scans per hour and core.")
    print(", ".join(f"{name} {seconds:.2f} s" for name, seconds in one["stages_s"].items()))


if __name__ == "__main__":
    main()
