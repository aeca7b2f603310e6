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
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import results
from numpy.typing import NDArray

from endplate import measure, models
from endplate.anatomy import levels
from endplate.detection import codec, refine
from endplate.detection.chain import main_chain
from endplate.evaluation.bootstrap import interval
from endplate.evaluation.quantities import auc
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
GRADES = {"grade 2": (0.25, 0.40), "grade 3": (0.40, 2.0), "grade 2 and 3": (0.25, 2.0)}
Row = tuple[str, str, float, float, float]  # case, shape, depth, true loss, found loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", default="012", help="which folds")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows: list[Row] = []
    for number, held_out in enumerate(FOLDS):
        if str(number) not in asked.folds:
            continue
        networks = models.load(asked.runs / f"fold-{number}")
        for case in (c for c in held_out if (asked.data / c / "truth.json").exists()):
            rows += of_case(asked.data / case, networks)
    found = summary(rows)
    print(table(found))
    if asked.json:
        results.write(asked.json, found)


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
                images, points = seen(case, int(body), press, networks)
                true, read = losses(images, points, names, int(body), networks)
                rows.append((folder.name, shape, depth, true, read))
    return rows


def seen(
    case: straight_cases.StraightCase, body: int, press: deform.Compression | None, networks: models.Models
) -> tuple[list[NDArray[np.float32]], Floats]:
    """The images (channels, rows, columns) around a body, perhaps compressed, and all true points in their pixels."""
    shape = np.array(detector_samples.SHAPE)
    middle = case.points_px[body].mean((0, 1))
    first = np.round(middle - shape / 2)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1) + first
    source = press.source(grid) if press else grid
    moved = press.moved(case.points_px) if press else case.points_px
    side = np.full((int(shape[0]), 1), len(case.hu[0, 0]) // 2 + case.lateral_px[body])
    straight = networks.straight
    settings = detector_samples.Settings(offsets_mm=straight.offsets_mm, slab_mm=straight.slab_mm)
    sides = (side, *(side + mm for mm in networks.patch.beside_mm))
    return [detector_samples.sample_slabs(case.hu, source, at, 1.0, settings) for at in sides], moved - first


def losses(
    images: list[NDArray[np.float32]], points: Floats, names: list[str], body: int, networks: models.Models
) -> tuple[float, float]:
    """Loss of the body by its true points and by those found; the latter NaN where the body is missed."""
    spine: Any = SimpleNamespace(image_hu=images[0])
    bodies = main_chain(codec.decode(networks.detector(spine), networks.detection))
    if networks.refiner:
        bodies = refine.refine(images, bodies, networks.refiner, networks.patch)
    inside = [i for i, p in enumerate(points) if (p[..., 0] > 0).all() and (p[..., 0] < len(images[0][0]) - 1).all()]
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
    """Per shape and depth at the default flag; per shape and true grade also at the cut that 95 % of the untouched stay under."""
    true, read = (np.array([row[i] for row in rows]) for i in (3, 4))
    read = np.nan_to_num(read, nan=0.0)
    untouched = np.array([row[1] == "untouched" for row in rows])
    well = untouched & (true < ACTIONABLE)
    cut = float(np.quantile(read[well], 0.95))
    out: dict[str, Any] = {"made": {}, "grades": {}}
    for name in sorted({(row[1], row[2]) for row in rows}):
        chosen = np.array([(row[1], row[2]) == name for row in rows])
        group = [row for row, keep in zip(rows, chosen, strict=True) if keep]
        fractured = chosen & (true >= ACTIONABLE)
        out["made"][f"{name[0]} {name[1]:.2f}"] = {
            "n": len(group),
            "missed": int(sum(np.isnan(row[4]) for row in group)),
            "truly_fractured": int(fractured.sum()),
            "sensitivity": _share(read[fractured] >= ACTIONABLE),
            "specificity": _share(read[chosen & ~fractured] < ACTIONABLE),
            "loss_error": float(np.nanmean([abs(row[4] - row[3]) for row in group])),
            "loss_bias": float(np.nanmean([row[4] - row[3] for row in group])),
        }
    for shape in SHAPES:
        for grade, (low, high) in GRADES.items():
            chosen = np.array([row[1] == shape for row in rows]) & (true >= low) & (true < high)
            groups = _by_scan(rows, chosen, read)
            out["grades"][f"{shape}, {grade}"] = {
                "n": int(chosen.sum()),
                "sensitivity_25": _with_interval(groups, ACTIONABLE),
                "sensitivity_at_specificity_95": _with_interval(groups, cut),
            }
    sick = true >= ACTIONABLE
    labelled = [np.stack([g[:, 0], g[:, 1] >= ACTIONABLE], -1) for g in _by_scan(rows, np.ones(len(rows), bool), read, true)]
    low, high = interval(labelled, auc)
    out["all"] = {
        "n": len(rows),
        "truly_fractured": int(sick.sum()),
        "auc": auc(np.concatenate(labelled)),
        "auc_low": low,
        "auc_high": high,
        "sensitivity_25": _share(read[sick] >= ACTIONABLE),
        "specificity_25_untouched": _share(read[well] < ACTIONABLE),
        "specificity_25_all": _share(read[~sick] < ACTIONABLE),
        "cut_at_specificity_95": cut,
        "sensitivity_at_specificity_95": _share(read[sick] >= cut),
    }
    return out


def _share(hits: NDArray[np.bool_]) -> float | None:
    return float(hits.mean()) if len(hits) else None


def _by_scan(rows: list[Row], chosen: NDArray[np.bool_], *columns: Floats) -> list[Floats]:
    """Columns (n, k) of the chosen rows, scan by scan."""
    scans = np.array([row[0] for row in rows])
    table = np.stack(columns, -1)
    return [table[chosen & (scans == name)] for name in dict.fromkeys(scans) if (chosen & (scans == name)).any()]


def _with_interval(groups: list[Floats], cut: float) -> list[float] | None:
    if not groups:
        return None
    low, high = interval(groups, lambda x: float((x >= cut).mean()))
    return [float((np.concatenate(groups) >= cut).mean()), low, high]


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| made | n | missed | truly >= 25 % | flagged | specificity | loss error | bias |", f"|{'---|' * 8}"]
    for name, x in found["made"].items():
        shares = f"{share(x['sensitivity'])} | {share(x['specificity'])} | {x['loss_error']:.3f} | {x['loss_bias']:+.3f}"
        lines.append(f"| {name} | {x['n']} | {x['missed']} | {x['truly_fractured']} | {shares} |")
    x = found["all"]
    cut = f"loss >= {x['cut_at_specificity_95']:.3f}: specificity .95"
    lines += ["", f"| shape and true grade | n | flagged (loss >= .25) | flagged at {cut} |", "|---|---|---|---|"]
    for name, g in found["grades"].items():
        cells = [_ranged(g[key]) for key in ("sensitivity_25", "sensitivity_at_specificity_95")]
        lines.append(f"| {name} | {g['n']} | {cells[0]} | {cells[1]} |")
    said = f"AUC {x['auc']:.3f} ({x['auc_low']:.3f} to {x['auc_high']:.3f}); at .25 sensitivity {x['sensitivity_25']:.3f}, "
    said += f"specificity {x['specificity_25_untouched']:.3f} of the untouched; "
    return "\n".join([*lines, "", f"All {x['n']}: {said}at {cut}, sensitivity {x['sensitivity_at_specificity_95']:.3f}."])


def _ranged(value: list[float] | None) -> str:
    return "-" if value is None else f"{value[0]:.2f} ({value[1]:.2f} to {value[2]:.2f})"


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
