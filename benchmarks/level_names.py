"""Are the names right as often as the report says? Whole scans and parts of them, by networks that did not see them.

usage: python benchmarks/level_names.py RUNS DATA [--sweep] [--json OUT]

RUNS holds ``fold-0`` ...; DATA is ``../shared/data`` (``ct`` and ``coarse``). Every scan with certain names is read whole and cut
to windows of 5 and of 8 neighbouring vertebrae. What is expected of the bodies' shapes is estimated from the other patients.
``--sweep`` shows how the log loss of "all names right" depends on the temperature (endplate.labelling.codec.Settings), each scan
counting once, whatever the number of its windows.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import results
from numpy.typing import NDArray

from endplate import models, pipeline
from endplate.anatomy import Vertebra, levels
from endplate.labelling import name
from endplate.localisation.localise import NoSpine
from endplate.training.level_shapes import estimate_without, measured
from endplate.training.truth import FOLDS, Truth, read_truth
from endplate.volume import Volume
from endplate.volume.files import read_nifti

Floats = NDArray[np.floating]
WINDOWS = (5, 8)
NEAR_MM = 8.0


@dataclass(frozen=True)
class Sight:
    """One scan or window: what was found and read, and what it is.

    Attributes:
        scan: its name.
        window: how many vertebrae it was cut to; 0 for the whole scan.
        vertebrae: found.
        evidence: (n, 25) log-probabilities.
        true: true names of those that lie near an annotated centre, else None.
        temperature: of the network that read it.
    """

    scan: str
    window: int
    vertebrae: list[Vertebra]
    evidence: Floats
    true: list[str | None]
    temperature: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    sights = list(all_sights(asked.runs, asked.data))
    found = summary(sights)
    print(table(found))
    for line in wrong(sights):
        print(line)
    if asked.sweep:
        sweep(sights)
    if asked.json:
        results.write(asked.json, found)


def all_sights(runs: Path, data: Path) -> Iterator[Sight]:
    annotated = measured(data / "ct")
    for number, held_out in enumerate(FOLDS):
        networks = models.load(runs / f"fold-{number}")
        for case in held_out:
            folder = next(p for p in (data / "ct" / case, data / "coarse" / case) if p.exists())
            truth = read_truth(folder)
            if truth.levels_certain:
                held = replace(networks, shapes=estimate_without(annotated, case))
                volume = read_nifti(folder / "ct.nii.gz")
                for window, part in [(0, volume), *windows(volume, truth)]:
                    seen = pipeline.find(part, held)
                    if not isinstance(seen, NoSpine):
                        true = true_names(seen.vertebrae, truth)
                        yield Sight(case, window, seen.vertebrae, seen.level_evidence, true, networks.labelling.temperature)


def windows(volume: Volume, truth: Truth) -> Iterator[tuple[int, Volume]]:
    """Slices around so many neighbouring bodies, in steps of half as many."""
    gap = np.abs(np.diff(truth.centres_mm[:, 2])).mean() if len(truth.centres_mm) > 1 else 20.0
    for count in WINDOWS:
        for first in range(0, len(truth.centres_mm) - count + 1, count // 2):
            z = truth.centres_mm[first : first + count, 2]
            yield count, between(volume, z.min() - gap * 0.55, z.max() + gap * 0.55)


def between(volume: Volume, low_mm: float, high_mm: float) -> Volume:
    """The slices of an axial volume between two heights."""
    along, start = volume.patient_from_voxel[2, 0], volume.patient_from_voxel[2, 3]
    k = np.sort((np.array([low_mm, high_mm]) - start) / along)
    first, last = max(int(np.floor(k[0])), 0), min(int(np.ceil(k[1])) + 1, len(volume.hu))
    matrix = volume.patient_from_voxel.copy()
    matrix[:3, 3] += matrix[:3, 0] * first
    return Volume(np.ascontiguousarray(volume.hu[first:last]), matrix, volume.source)


def true_names(vertebrae: list[Vertebra], truth: Truth) -> list[str | None]:
    apart = np.linalg.norm(np.array([v.centre_mm for v in vertebrae])[:, None] - truth.centres_mm[None], axis=-1)
    return [levels.nearest(truth.level[row.argmin()]) if row.min() < NEAR_MM else None for row in apart]


def judged(sight: Sight, temperature: float | None = None) -> tuple[bool, float, str, str]:
    """Whether all known names are right, the confidence, and the first vertebra as it is and as it was called."""
    labelling = name.name_levels(sight.vertebrae, sight.evidence, None, temperature or sight.temperature)
    called = {id(v.points_mm): v.level for v in labelling.vertebrae}
    pairs = [(t, called.get(id(v.points_mm), "S1")) for v, t in zip(sight.vertebrae, sight.true, strict=True) if t]
    first = pairs[0] if pairs else ("-", "-")
    return bool(pairs) and all(t == c for t, c in pairs), labelling.confidence, first[0], str(first[1])


def summary(sights: list[Sight]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for window, words in [(0, "whole scans"), *((w, f"windows of {w}") for w in WINDOWS)]:
        some = [judged(s) for s in sights if s.window == window]
        right, said = np.array([x[0] for x in some], float), np.array([x[1] for x in some])
        sure = said >= 0.8
        out[words] = {
            "n": len(some),
            "scans": len({s.scan for s in sights if s.window == window}),
            "right": float(right.mean()),
            "confidence_said": float(said.mean()),
            "said_sure": float(sure.mean()),
            "right_where_sure": float(right[sure].mean()) if sure.any() else None,
            "right_where_unsure": float(right[~sure].mean()) if (~sure).any() else None,
        }
    return out


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = [
        "| | n | scans | all names right | confidence said | said sure (>= .8) | right where sure | right where not |",
        f"|{'---|' * 8}",
    ]
    for words, x in found.items():
        where = [f"{x[k]:.2f}" if x[k] is not None else "-" for k in ("right_where_sure", "right_where_unsure")]
        shares = f"{x['right']:.2f} | {x['confidence_said']:.2f} | {x['said_sure']:.2f}"
        lines.append(f"| {words} | {x['n']} | {x['scans']} | {shares} | {' | '.join(where)} |")
    return "\n".join(lines)


def wrong(sights: list[Sight]) -> Iterator[str]:
    for s in sights:
        right, confidence, true, called = judged(s)
        if not right:
            yield f"wrong: {s.scan}, window {s.window}: {true} called {called}, confidence {confidence:.2f}"


def loss_of(sights: list[Sight], temperature: float) -> tuple[float, float]:
    """Mean log loss of "all names right", and share right, each scan counting once."""
    by_scan: dict[str, list[tuple[float, bool]]] = {}
    for s in sights:
        right, confidence, *_ = judged(s, temperature)
        p = np.clip(confidence, 0.01, 0.99)
        by_scan.setdefault(s.scan, []).append((float(-np.log(p if right else 1 - p)), right))
    per_scan = [np.mean(rows, axis=0) for rows in by_scan.values()]
    loss, share = np.mean(per_scan, axis=0)
    return float(loss), float(share)


def sweep(sights: list[Sight]) -> None:
    for temperature in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0):
        loss, share = loss_of(sights, temperature)
        print(f"temperature {temperature:.1f}: log loss {loss:.3f}, right {share:.3f}")


if __name__ == "__main__":
    main()
