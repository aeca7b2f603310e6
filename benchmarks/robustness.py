"""What happens to accuracy, and to what the report says of its own confidence, when a scan gets worse or unusual.

usage: python benchmarks/robustness.py RUNS DATA [--only WORD] [--jobs 2] [--json OUT]

RUNS holds ``fold-0`` ... and ``all``; DATA is ``../shared/data/ct``. Two series of sweeps:
real CTs with thin slices, read by the networks that did not see them, made worse by arithmetic with exactly known truth (thicker
slices, noise, kernel, smaller field of view, the patient turned, another order of storage); and phantoms, of unseen seeds, for what
cannot be added to an image (thin slices, arms, scoliosis, metal, contrast). Wherever accuracy falls, confidence ought to fall.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import results
from numpy.typing import NDArray
from scipy import ndimage

from endplate import models, pipeline
from endplate.evaluation.cases import Case, prediction_of, truth_of
from endplate.evaluation.quantities import pool
from endplate.evaluation.scan_score import ScanScore, score
from endplate.phantom.phantom import Phantom
from endplate.phantom.randomise import Draw, Ranges, draw, render_draw
from endplate.phantom.settings import BodySettings
from endplate.training.level_shapes import Measured, estimate_without, measured
from endplate.training.truth import FOLDS
from endplate.volume import Volume
from endplate.volume.files import read_nifti

Floats = NDArray[np.floating]
THIN = ("lidc-0314", "nsclc-rg-r01-001", "lungfcp-0001", "tseg-aorta", "itkelastix-00", "lidc-0001", "cmb-crc-01068")
SEEDS = range(6)
Scan = tuple[Volume, dict[str, Any]]  # with its truth.json
Change = Callable[[Scan], Scan]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    work = [(name, case, asked.runs, asked.data) for name in REAL for case in THIN if asked.only in name]
    work += [(name, str(seed), asked.runs, asked.data) for name in MADE for seed in SEEDS if asked.only in name]
    with ProcessPoolExecutor(asked.jobs) as processes:
        rows = list(processes.map(of_one, work))
    found = {name: summary([row for task, row in zip(work, rows, strict=True) if task[0] == name]) for name, *_ in work}
    print(table(found))
    if asked.json:
        results.write(asked.json, found)


# ---- real scans made worse


def as_it_is(scan: Scan) -> Scan:
    return scan


def thicker(slice_mm: float) -> Change:
    """Means over slices of that thickness, as far apart; a scan whose slices are thicker stays as it is."""

    def change(scan: Scan) -> Scan:
        volume, truth = scan
        step = volume.spacing_mm[0]
        count = int(len(volume.hu) * step / slice_mm)
        if slice_mm <= step or count < 3:
            return scan
        middle = (np.arange(count) + 0.5) * slice_mm / step - 0.5
        low = (middle - slice_mm / step / 2)[:, None]
        share = np.minimum(low + slice_mm / step, np.arange(len(volume.hu)) + 0.5) - np.maximum(
            low, np.arange(len(volume.hu)) - 0.5
        )
        share = np.maximum(share, 0.0)
        hu = np.tensordot(share / share.sum(1, keepdims=True), volume.hu.astype(np.float32), 1)
        matrix = volume.patient_from_voxel.copy()
        matrix[:3, 3] += matrix[:3, 0] * middle[0]
        matrix[:3, 0] *= slice_mm / step
        return Volume(np.round(hu).astype(np.int16), matrix, volume.source), truth

    return change


def noisier(sd_hu: float) -> Change:
    def change(scan: Scan) -> Scan:
        volume, truth = scan
        rng = np.random.default_rng(7)
        hu = np.empty_like(volume.hu)
        for k, image in enumerate(volume.hu):
            grain = ndimage.gaussian_filter(rng.standard_normal(image.shape, np.float32), 0.7)
            hu[k] = np.clip(image + sd_hu * grain / grain.std(), -1024, 3071)
        return replace(volume, hu=hu), truth

    return change


def filtered(blur_mm: float, sharpening: float) -> Change:
    """Another kernel: blurred in the slices, or with an overshoot at edges."""

    def change(scan: Scan) -> Scan:
        volume, truth = scan
        sigma = (0.0, *(max(blur_mm, 0.8) / np.asarray(volume.spacing_mm[1:])))
        soft = ndimage.gaussian_filter(volume.hu.astype(np.float32), sigma)
        hu = soft if blur_mm else volume.hu + sharpening * (volume.hu - soft)
        return replace(volume, hu=np.clip(np.round(hu), -1024, 3071).astype(np.int16)), truth

    return change


def five_bodies(scan: Scan) -> Scan:
    """Slices from above the first to below the last of five vertebrae in the middle of the annotation."""
    volume, truth = scan
    bodies = truth["vertebrae"]
    first = max((len(bodies) - 5) // 2, 0)
    kept = bodies[first : first + 5]
    z = np.array([p[2] for v in kept for column in v["points_lps_mm"].values() for p in column])
    along = volume.patient_from_voxel[2, 0]
    k = (np.array([z.min() - 4.0, z.max() + 4.0]) - volume.patient_from_voxel[2, 3]) / along
    low, high = max(int(np.floor(k.min())), 0), min(int(np.ceil(k.max())) + 1, len(volume.hu))
    matrix = volume.patient_from_voxel.copy()
    matrix[:3, 3] += matrix[:3, 0] * low
    return Volume(np.ascontiguousarray(volume.hu[low:high]), matrix, volume.source), {**truth, "vertebrae": kept}


def narrow(scan: Scan) -> Scan:
    """A reconstruction of 16 cm around the spine."""
    volume, truth = scan
    centre = np.mean([p for v in truth["vertebrae"] for c in v["points_lps_mm"].values() for p in c], axis=0)
    voxel = volume.voxel_from_patient[:3, :3] @ centre + volume.voxel_from_patient[:3, 3]
    half = 80.0 / np.asarray(volume.spacing_mm[1:])
    low = np.maximum(np.round(voxel[1:] - half).astype(int), 0)
    high = np.round(voxel[1:] + half).astype(int)
    matrix = volume.patient_from_voxel.copy()
    matrix[:3, 3] += matrix[:3, 1] * low[0] + matrix[:3, 2] * low[1]
    return Volume(np.ascontiguousarray(volume.hu[:, low[0] : high[0], low[1] : high[1]]), matrix, volume.source), truth


def turned(axis: int, degrees: float) -> Change:
    """The patient lies turned about x (nods), y (leans) or z (rolls), the voxels with him."""

    def change(scan: Scan) -> Scan:
        volume, truth = scan
        angle = np.deg2rad(degrees)
        i, j = [a for a in range(3) if a != axis]
        turn = np.eye(4)
        turn[[i, j], [i, j]], turn[i, j], turn[j, i] = np.cos(angle), -np.sin(angle), np.sin(angle)
        bodies = [
            {**v, "points_lps_mm": {c: (np.array(p) @ turn[:3, :3].T).tolist() for c, p in v["points_lps_mm"].items()}}
            for v in truth["vertebrae"]
        ]
        return replace(volume, patient_from_voxel=turn @ volume.patient_from_voxel), {**truth, "vertebrae": bodies}

    return change


def stored(order: tuple[int, int, int], flipped: tuple[int, ...]) -> Change:
    """The same patient with the array's axes in another order or direction, and the matrix to match."""

    def change(scan: Scan) -> Scan:
        volume, truth = scan
        matrix = volume.patient_from_voxel.copy()
        for axis in flipped:
            matrix[:3, 3] += matrix[:3, axis] * (volume.hu.shape[axis] - 1)
            matrix[:3, axis] *= -1
        hu = np.flip(volume.hu, flipped).transpose(order)
        return Volume(np.ascontiguousarray(hu), matrix[:, [*order, 3]], volume.source), truth

    return change


REAL: dict[str, Change] = {
    "real: as it is": as_it_is,
    "real: slices 2.5 mm": thicker(2.5),
    "real: slices 5 mm": thicker(5.0),
    "real: noise +20 HU": noisier(20.0),
    "real: noise +40 HU": noisier(40.0),
    "real: noise +80 HU": noisier(80.0),
    "real: smooth kernel": filtered(1.2, 0.0),
    "real: sharp kernel": filtered(0.0, 1.0),
    "real: field of 5 vertebrae": five_bodies,
    "real: field of 16 cm": narrow,
    "real: nods 20 degrees": turned(0, 20.0),
    "real: leans 20 degrees": turned(1, 20.0),
    "real: rolls 20 degrees": turned(2, 20.0),
    "real: flipped slices": stored((0, 1, 2), (0,)),
    "real: flipped rows and columns": stored((0, 1, 2), (1, 2)),
    "real: stored as sagittal": stored((2, 0, 1), (0,)),
}


# ---- phantoms


def plain(seed: int) -> Draw:
    """A chest to loin without implants, 1.25 mm, arms up, nearly straight."""
    drawn = draw(np.random.default_rng(20_000_000 + seed), Ranges(fractured=0.0, metal=0.0))
    scanner = replace(
        drawn.scanner, view=(7.4, 21.6), slice_mm=1.25, thickness_mm=0.0, pixel_mm=0.8, field_mm=(340.0, 300.0), noise_hu=15.0
    )
    habitus = replace(drawn.anatomy.habitus, arms="up", port=False, roll_deg=0.0)
    blood = replace(drawn.anatomy.tissue, blood=45.0, organ=60.0)
    shape = replace(drawn.shape, scoliosis_deg=0.0)
    anatomy = replace(drawn.anatomy, habitus=habitus, tissue=blood)
    return replace(drawn, shape=shape, scanner=scanner, anatomy=anatomy, turn_deg=(0.0, 0.0, 0.0))


def sliced(mm: float) -> Callable[[Draw], Draw]:
    return lambda d: replace(d, scanner=replace(d.scanner, slice_mm=mm))


def bowed(cobb_deg: float) -> Callable[[Draw], Draw]:
    return lambda d: replace(d, shape=replace(d.shape, scoliosis_deg=cobb_deg))


def arms_down(d: Draw) -> Draw:
    habitus = replace(d.anatomy.habitus, arms="down")
    return replace(d, anatomy=replace(d.anatomy, habitus=habitus), scanner=replace(d.scanner, streaks_hu=60.0))


def with_contrast(d: Draw) -> Draw:
    return replace(d, anatomy=replace(d.anatomy, tissue=replace(d.anatomy.tissue, blood=300.0, organ=120.0)))


def with_metal(d: Draw) -> Draw:
    """Screws and rods from T11 to L1."""
    bodies = {name: replace(d.anatomy.body(name), screws=True) for name in ("T11", "T12", "L1")}
    return replace(d, anatomy=replace(d.anatomy, bodies={**d.anatomy.bodies, **bodies}))


def with_cement(d: Draw) -> Draw:
    bodies: dict[str, BodySettings] = {name: replace(d.anatomy.body(name), cement=True) for name in ("T8", "T12")}
    return replace(d, anatomy=replace(d.anatomy, bodies={**d.anatomy.bodies, **bodies}))


MADE: dict[str, Callable[[Draw], Draw]] = {
    "phantom: 1.25 mm, arms up, no contrast": lambda d: d,
    "phantom: slices 0.6 mm": sliced(0.6),
    "phantom: slices 2.5 mm": sliced(2.5),
    "phantom: slices 5 mm": sliced(5.0),
    "phantom: arms down": arms_down,
    "phantom: contrast 300 HU": with_contrast,
    "phantom: Cobb 40 degrees": bowed(40.0),
    "phantom: screws T11 to L1": with_metal,
    "phantom: cement in T8 and T12": with_cement,
}


# ---- measuring


@cache
def _networks(folder: Path) -> models.Models:
    return models.load(folder, threads=1)


@cache
def _annotated(data: Path) -> dict[str, Measured]:
    return measured(data)


def of_one(task: tuple[str, str, Path, Path]) -> dict[str, Any]:
    """One change of one scan: its score, and what the report says of its confidence."""
    name, case, runs, data = task
    if name in REAL:
        fold = next(i for i, held_out in enumerate(FOLDS) if case in held_out)
        truth = json.loads((data / case / "truth.json").read_text())
        volume, truth = REAL[name]((read_nifti(data / case / "ct.nii.gz"), truth))
        networks = replace(_networks(runs / f"fold-{fold}"), shapes=estimate_without(_annotated(data), case))
    else:
        phantom: Phantom = render_draw(MADE[name](plain(int(case))))
        volume, truth, networks = phantom.volume, phantom.truth(), _networks(runs / "all")
    report = pipeline.quantify_volume(volume, networks).report
    seen = [v for v in report.vertebrae if v.complete]
    spreads = [np.hypot(*pair) for v in seen for pair in (v.points_sd_mm.anterior, v.points_sd_mm.middle, v.points_sd_mm.posterior)]
    return {
        "score": score(Case(case, prediction_of(report.to_dict()), truth_of(truth))),
        "height_sd_mm": spreads,
        "names_confidence": report.levels.confidence if report.levels else 0.0,
        "assessable": [v.assessable for v in seen],
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    scores: list[ScanScore] = [row["score"] for row in rows]
    samples = pool(scores)
    reach = 1.96
    return {
        "scans": len(rows),
        "recall": float(samples["hit_true"].mean()),
        "precision": float(samples["hit_found"].mean()) if len(samples["hit_found"]) else 0.0,
        "column_mm": float(samples["localisation_mm"].mean()),
        "points_sagittal_mm": float(samples["sagittal_mm"].mean()),
        "points_lateral_mm": float(samples["lateral_mm"].mean()),
        "heights_mm": float(np.abs(samples["height_difference_mm"]).mean()),
        "height_sd_said_mm": float(np.mean([x for row in rows for x in row["height_sd_mm"]])),
        "heights_in_95": float((samples["height_error_sd"] <= reach).mean()),
        "assessable": float(np.mean([x for row in rows for x in row["assessable"]])),
        "names_right": float(np.nanmean(samples["scan_right"])) if len(samples["scan_right"]) else float("nan"),
        "names_confidence": float(np.mean([row["names_confidence"] for row in rows])),
    }


HEADS = {
    "scans": ("n", ".0f"),
    "recall": ("recall", ".3f"),
    "precision": ("precision", ".3f"),
    "points_sagittal_mm": ("points, sagittal mm", ".2f"),
    "heights_mm": ("heights mm", ".2f"),
    "height_sd_said_mm": ("their sd as said", ".2f"),
    "heights_in_95": ("in 95 % interval", ".2f"),
    "names_right": ("names right", ".2f"),
    "names_confidence": ("confidence said", ".2f"),
}


def table(found: dict[str, dict[str, float]]) -> str:
    """Markdown."""
    return "\n".join(_lines(found))


def _lines(found: dict[str, dict[str, float]]) -> Iterator[str]:
    yield f"| sweep | {' | '.join(head for head, _ in HEADS.values())} |"
    yield f"|{'---|' * (len(HEADS) + 1)}"
    for name, x in found.items():
        yield f"| {name} | {' | '.join(format(x[key], style) for key, (_, style) in HEADS.items())} |"


if __name__ == "__main__":
    main()
