"""Patients as the experts saw them: the consensus of 100 annotated chest CTs, rendered, quantified, and held against the experts.

usage: python benchmarks/rendered_twins.py EXPERTS [--models DIR] [--jobs 2] [--patients 100] [--json OUT]

EXPERTS is ``../shared/data/experts`` (CC BY-NC 4.0, evaluation only). Each patient's consensus (the experts' mean points) becomes a
phantom with random tissues, disease and scanner, so the mix of shapes and fractures is real and the image is not. The weights
have seen other phantoms, and none of these spines. A patient is positive where the worst vertebra of the consensus is, by four
rules; endplate's score is the worst vertebra of its report by the same rule. Beside it each expert stands against the consensus
of the others. Losses are by the experts' norms on all sides, since the points are in their convention.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import results

from endplate import measure, models, pipeline
from endplate.anatomy import levels
from endplate.anatomy.vertebra import exact
from endplate.evaluation.bootstrap import interval
from endplate.evaluation.expert_annotation import Reading, consensus, read_annotations
from endplate.evaluation.matching import match, within_annotation
from endplate.evaluation.quantities import auc
from endplate.morphometry.norms import EXPERTS, shipped
from endplate.phantom.phantom import Phantom
from endplate.phantom.randomise import Ranges, draw
from endplate.phantom.render import render

NORMS = shipped(EXPERTS)
RULES = {"G < .80": ("index", 0.20), "G < .75": ("index", 0.25), "loss >= .20": ("loss", 0.20), "loss >= .25": ("loss", 0.25)}
Scores = dict[str, float]  # a patient's worst by 1 - G and by loss, which both rise with the deformity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experts", type=Path)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    annotations = read_annotations(asked.experts)
    chosen = list(annotations)[: asked.patients]
    with ProcessPoolExecutor(asked.jobs) as pool:
        work = ((number, consensus(annotations[name]), asked.models) for number, name in enumerate(chosen))
        twins = list(pool.map(of_patient, work))
    truth = [worst(consensus(annotations[name])) for name in chosen]
    found = summary(truth, twins, list(leave_one_out([annotations[name] for name in chosen])))
    print(table(found))
    if asked.json:
        results.write(asked.json, found)


def of_patient(work: tuple[int, Reading, Path | None]) -> dict[str, Any]:
    """Renders and quantifies one patient; the worst of the report, and how far its points are off."""
    number, reading, folder = work
    phantom = twin(number, reading)
    result = pipeline.quantify_volume(phantom.volume, models.load(folder, threads=1), pipeline.Settings(norms=NORMS))
    seen = [v for v in result.report.vertebrae if v.complete and v.assessable]
    true = np.array([v.points_mm for v in phantom.vertebrae if v.level in reading and v.complete])
    names = [v.level for v in phantom.vertebrae if v.level in reading and v.complete]
    points = np.array([[p.anterior, p.middle, p.posterior] for p in (v.points_lps_mm for v in seen)], float).reshape(-1, 3, 2, 3)
    inside = within_annotation(points, true)
    kept = [v for v, keep in zip(seen, inside, strict=True) if keep]
    pairs = match(points[inside], true)
    apart = points[inside][pairs[:, 0]] - true[pairs[:, 1]]
    return {
        "scores": {
            "index": max((1 - v.genant_index for v in kept), default=0.0),
            "loss": max((v.loss or 0.0 for v in kept), default=0.0),
        },
        "true": len(true),
        "found": len(kept),
        "matched": len(pairs),
        "points_mm": np.linalg.norm(apart, axis=-1).ravel().tolist(),
        "names_right": bool(len(pairs)) and all(kept[i].level == names[j] for i, j in pairs),
        "slice_mm": float(phantom.volume.spacing_mm[0]),
    }


def twin(number: int, reading: Reading) -> Phantom:
    """A chest CT of one consensus; tissues, wear and scanner are drawn at random."""
    rng = np.random.default_rng(10_000_000 + number)
    drawn = draw(rng, Ranges(fractured=0.0, metal=0.0))
    places = [levels.coordinate(name) for name in reading]
    habitus = replace(drawn.anatomy.habitus, roll_deg=0.0)
    view = (places[0] - 0.8, places[-1] + 0.8)
    slice_mm = float(rng.choice([0.8, 1.0, 1.25, 2.0, 2.5]))
    scanner = replace(drawn.scanner, view=view, slice_mm=slice_mm, thickness_mm=0.0, field_mm=(330.0, 300.0), pixel_mm=0.8)
    bodies = [exact(points, name) for name, points in reading.items()]
    return render(bodies, replace(drawn.anatomy, habitus=habitus), scanner, number, drawn.shape)


def worst(reading: Reading) -> Scores:
    """A reader's worst vertebra by both rules."""
    names = list(reading)
    findings = [f for f in measure(np.array([reading[n] for n in names]), names, norms=NORMS) if f.assessable]
    return {"index": max(1 - f.genant_index for f in findings), "loss": max(f.loss for f in findings)}


def leave_one_out(patients: list[dict[str, Reading]]) -> Iterator[tuple[int, Scores, Scores]]:
    """Patient, one expert, and the consensus of the others, on the levels that both have."""
    for number, readings in enumerate(patients):
        for name, reading in readings.items():
            others = consensus(readings, without=name)
            shared = [level for level in reading if level in others]
            yield number, worst({n: reading[n] for n in shared}), worst({n: others[n] for n in shared})


def summary(truth: list[Scores], twins: list[dict[str, Any]], experts: list[tuple[int, Scores, Scores]]) -> dict[str, Any]:
    """ROC AUC by rule, with 95 % intervals over patients, and the twins' points."""
    rules = {}
    for rule, (which, cut) in RULES.items():
        ours = [np.array([[x["scores"][which], float(t[which] >= cut)]]) for t, x in zip(truth, twins, strict=True)]
        by_patient: dict[int, list[list[float]]] = {}
        for number, one, others in experts:
            by_patient.setdefault(number, []).append([one[which], float(others[which] >= cut)])
        theirs = [np.array(rows) for rows in by_patient.values()]
        rules[rule] = {
            "positive_patients": int(sum(rows[0, 1] for rows in ours)),
            "endplate": _auc(ours),
            "expert_against_the_others": _auc(theirs),
        }
    total = {key: sum(x[key] for x in twins) for key in ("true", "found", "matched")}
    points = np.concatenate([x["points_mm"] for x in twins])
    return {
        "patients": len(twins),
        "rules": rules,
        "precision": total["matched"] / total["found"],
        "recall": total["matched"] / total["true"],
        "points_mm": float(points.mean()),
        "names_right": float(np.mean([x["names_right"] for x in twins])),
    }


def _auc(groups: list[Any]) -> dict[str, float]:
    low, high = interval(groups, auc)
    return {"auc": auc(np.concatenate(groups)), "low": low, "high": high}


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    rows = ["| patient is positive by | positive | endplate on the twin | one expert against the others |", "|---|---|---|---|"]
    for rule, x in found["rules"].items():
        cells = [f"{y['auc']:.3f} ({y['low']:.3f} to {y['high']:.3f})" for y in (x["endplate"], x["expert_against_the_others"])]
        rows.append(f"| {rule} | {x['positive_patients']} | {' | '.join(cells)} |")
    said = f"{found['patients']} twins: precision {found['precision']:.3f}, recall {found['recall']:.3f}, "
    return "\n".join([*rows, "", f"{said}points {found['points_mm']:.2f} mm, all names right in {found['names_right']:.0%}."])


if __name__ == "__main__":
    main()
