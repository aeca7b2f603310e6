"""Fractures made on real CTs by a warp with exactly known points: how many are found, per shape and depth.

usage: python benchmarks/warped_fractures.py RUNS DATA [--json OUT]

RUNS holds ``fold-0`` ... with networks that did not see the fold's cases; DATA is ``../shared/data/ct``. In the straightened
image of each held-out scan one body after another is compressed (``endplate.training.deform``), detector and refiner of the fold
read it, and the loss that ``endplate.measure`` gives for the points found is held against that of the warped true points. The
centre line and the names are given, and heights are taken in the image, so this tests the points and the rule, not the localiser
or the naming. The same kind of warp makes the fractures of the training, of other patients.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate import measure, models
from endplate.anatomy import levels
from endplate.detection import codec, refine
from endplate.detection.chain import main_chain
from endplate.training import deform, detector_samples, straight_cases
from endplate.training.truth import FOLDS, read_truth
from endplate.volume.files import read_nifti

Floats = NDArray[np.floating]
DEPTHS = (0.0, 0.35, 0.5)
SHAPES = {
    "wedge": lambda depth: deform.Loss(depth, 0.6 * depth, 0.0, 0.8),
    "biconcave": lambda depth: deform.Loss(0.2 * depth, depth, 0.1 * depth, 0.6),
    "crush": lambda depth: deform.Loss(depth, depth, 0.9 * depth, 0.6),
}
ACTIONABLE = 0.25
Row = tuple[str, str, float, float, float]  # case, shape, depth, true loss, found loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows: list[Row] = []
    for number, held_out in enumerate(FOLDS):
        networks = models.load(asked.runs / f"fold-{number}")
        for case in (c for c in held_out if (asked.data / c / "truth.json").exists()):
            rows += of_case(asked.data / case, networks)
    found = summary(rows)
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


def of_case(folder: Path, networks: models.Models) -> list[Row]:
    """Every precise body of a scan, untouched and compressed."""
    truth = read_truth(folder)
    case = straight_cases.from_truth(read_nifti(folder / "ct.nii.gz"), truth)
    names = [levels.nearest(x) for x in truth.level]
    rows = []
    for body in np.flatnonzero(case.precise):
        for depth in DEPTHS:
            for shape in SHAPES if depth else ("untouched",):
                press = deform.compression(case.points_px, int(body), SHAPES[shape](depth)) if depth else None
                image, points = seen(case, int(body), press, networks)
                true, read = losses(image, points, names, int(body), networks)
                rows.append((folder.name, shape, depth, true, read))
    return rows


def seen(
    case: straight_cases.StraightCase, body: int, press: deform.Compression | None, networks: models.Models
) -> tuple[NDArray[np.float32], Floats]:
    """The image (channels, rows, columns) around a body, perhaps compressed, and all true points in its pixels."""
    shape = np.array(detector_samples.SHAPE)
    middle = case.points_px[body].mean((0, 1))
    first = np.round(middle - shape / 2)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1) + first
    source = press.source(grid) if press else grid
    moved = press.moved(case.points_px) if press else case.points_px
    side = np.full((int(shape[0]), 1), len(case.hu[0, 0]) // 2 + case.lateral_px[body])
    straight = networks.straight
    settings = detector_samples.Settings(offsets_mm=straight.offsets_mm, slab_mm=straight.slab_mm)
    return detector_samples._sample_slabs(case.hu, source, side, 1.0, settings), moved - first


def losses(image: NDArray[np.float32], points: Floats, names: list[str], body: int, networks: models.Models) -> tuple[float, float]:
    """Loss of the body by its true points and by those found; the latter NaN where the body is missed."""
    spine: Any = SimpleNamespace(image_hu=image)
    bodies = main_chain(codec.decode(networks.detector(spine), networks.detection))
    if networks.refiner:
        bodies = refine.refine(image, bodies, networks.refiner, networks.patch)
    inside = [i for i, p in enumerate(points) if (p[..., 0] > 0).all() and (p[..., 0] < len(image[0]) - 1).all()]
    centres = np.array([b.centre_px for b in bodies]).reshape(-1, 2)
    pairs = [(i, int(np.linalg.norm(centres - points[i].mean((0, 1)), axis=1).argmin())) for i in inside if len(bodies)]
    tall = {i: np.linalg.norm(points[i][:, 0] - points[i][:, 1], axis=-1).mean() for i in inside}
    hits = [(i, j) for i, j in pairs if np.linalg.norm(centres[j] - points[i].mean((0, 1))) < tall[i] / 2]
    true = measured(points[inside], [names[i] for i in inside], inside.index(body))
    which = [i for i, _ in hits]
    if body not in which:
        return true, float("nan")
    read = np.array([bodies[j].points_px for _, j in hits])
    return true, measured(read, [names[i] for i in which], which.index(body))


def measured(points_px: Floats, names: list[str], index: int) -> float:
    """Loss of one of several bodies (n, 3, 2, 2) in pixels of 1 mm."""
    flat = np.concatenate([np.zeros((*points_px.shape[:-1], 1)), points_px[..., ::-1] * (1.0, -1.0)], -1)
    return float(measure(flat, names)[index].loss)


def summary(rows: list[Row]) -> dict[str, Any]:
    """Sensitivity per shape and depth at the default flag, specificity of untouched bodies, AUC."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[f"{row[1]} {row[2]:.2f}"].append(row)
    out: dict[str, Any] = {}
    for name, group in sorted(groups.items()):
        true, read = (np.array([row[i] for row in group]) for i in (3, 4))
        flagged, fractured = np.nan_to_num(read, nan=0.0) >= ACTIONABLE, true >= ACTIONABLE
        out[name] = {
            "n": len(group),
            "missed": int(np.isnan(read).sum()),
            "truly_fractured": int(fractured.sum()),
            "sensitivity": float(flagged[fractured].mean()) if fractured.any() else None,
            "specificity": float((~flagged[~fractured]).mean()) if (~fractured).any() else None,
            "loss_error": float(np.nanmean(np.abs(read - true))),
        }
    true, read = (np.array([row[i] for row in rows]) for i in (3, 4))
    read = np.nan_to_num(read, nan=0.0)
    sick, well = read[true >= ACTIONABLE], read[true < ACTIONABLE]
    wins = (sick[:, None] > well[None]).mean() + 0.5 * (sick[:, None] == well[None]).mean()
    out["all"] = {
        "n": len(rows),
        "truly_fractured": len(sick),
        "auc": float(wins),
        "sensitivity": float((sick >= ACTIONABLE).mean()),
        "specificity": float((well < ACTIONABLE).mean()),
    }
    return out


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    head = "| made | n | missed | truly >= 25 % | sensitivity | specificity | loss error |\n|---|---|---|---|---|---|---|"
    lines = [
        f"| {name} | {x['n']} | {x['missed']} | {x['truly_fractured']} | {share(x['sensitivity'])} | "
        f"{share(x['specificity'])} | {x['loss_error']:.3f} |"
        for name, x in found.items()
        if name != "all"
    ]
    x = found["all"]
    end = f"All {x['n']}: AUC {x['auc']:.3f}, sensitivity {x['sensitivity']:.3f}, specificity {x['specificity']:.3f}."
    return "\n".join([head, *lines, "", end])


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
