"""How far the points' deviations must be widened for their intervals to keep their word, and how well that carries over.

usage: python benchmarks/spread.py RUNS DATA [--write]

RUNS holds ``fold-0`` ...; DATA is ``../shared/data/ct``. Every scan is read by networks that did not see it, with deviations as
the refiner gives them. Three constants of endplate.detection.refine.Settings are fitted to the heights' errors: scale_factor
(what the refiner sees), floor_mm (what no picture shows), slice_share (per mm between the slices): their proportions by likelihood
of a normal error, their size so that the 95 % intervals hold 95 % of the heights. Beside the coverage of this fit stands that of
each scan under the fit to the others. ``--write`` puts the constants into every refiner's config.json under RUNS.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from endplate import models, pipeline
from endplate.evaluation.cases import Case, prediction_of, truth_of
from endplate.evaluation.scan_score import score
from endplate.training.truth import FOLDS
from endplate.volume.files import read_nifti

Floats = NDArray[np.floating]
REACH = NormalDist().inv_cdf(0.975)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    scans = heights_of(asked.runs, asked.data)
    found = fit(list(scans.values()))
    print(f"scale_factor {found[0]:.3f}, floor_mm {found[1]:.3f}, slice_share {found[2]:.3f}")
    inside = []
    for name, rows in scans.items():
        others = fit([other for key, other in scans.items() if key != name])
        kept = np.abs(rows[:, 0]) <= REACH * deviation(rows, others)
        inside.append(kept)
        print(f"{name:20} error {np.abs(rows[:, 0]).mean():.2f} mm, sd {deviation(rows, found).mean():.2f}, held {kept.mean():.2f}")
    print(f"held of each scan under the fit to the others: {np.concatenate(inside).mean():.3f} of {sum(map(len, inside))}")
    if asked.write:
        for file in asked.runs.glob("*/refiner/config.json"):
            config = json.loads(file.read_text())
            constants = dict(zip(("scale_factor", "floor_mm", "slice_share"), map(float, found.round(3)), strict=True))
            config["patch"].update(constants)
            file.write_text(json.dumps(config, indent=1) + "\n")


def heights_of(runs: Path, data: Path) -> dict[str, Floats]:
    """Rows (n, 3) by scan: error of a height, deviation as seen, distance of the slices."""
    found = {}
    for number, held_out in enumerate(FOLDS):
        networks = models.load(runs / f"fold-{number}")
        bare = replace(networks, patch=replace(networks.patch, scale_factor=1.0, floor_mm=0.0, slice_share=0.0))
        for case in (c for c in held_out if (data / c / "truth.json").exists()):
            report = pipeline.quantify_volume(read_nifti(data / case / "ct.nii.gz"), bare).report
            truth = truth_of(json.loads((data / case / "truth.json").read_text()))
            sharp = score(Case(case, prediction_of(report.to_dict()), truth)).precise
            error, seen = (sharp.found_mm - sharp.true_mm).ravel(), sharp.sd_mm.ravel()
            found[case] = np.stack([error, seen, np.full(len(error), report.source.spacing_mm[0])], -1)
    return found


def deviation(rows: Floats, constants: Floats) -> Floats:
    """Standard deviation (n,) of heights; each rests on two points."""
    a, floor, share = constants
    total: Floats = np.sqrt((a * rows[:, 1]) ** 2 + 2.0 * (floor**2 + (share * rows[:, 2]) ** 2))
    return total


def fit(scans: list[Floats]) -> Floats:
    """The three constants; each scan counts once."""
    rows = np.concatenate(scans)
    weight = np.concatenate([np.full(len(s), 1.0 / max(len(s), 1)) for s in scans])

    def surprise(logs: Floats) -> float:
        sd = deviation(rows, np.exp(logs))
        return float((weight * (np.log(sd) + rows[:, 0] ** 2 / (2 * sd**2))).sum())

    best = minimize(surprise, np.log([1.0, 0.3, 0.1]), method="Nelder-Mead", options={"maxiter": 4000})
    constants = np.exp(best.x)
    units = np.sort(np.abs(rows[:, 0]) / deviation(rows, constants))
    rank = min(int(np.ceil((len(units) + 1) * 0.95)), len(units)) - 1
    return constants * units[rank] / REACH


if __name__ == "__main__":
    main()
