"""Quantify every annotated CT with networks that did not see it, and score the reports.

usage: python benchmarks/cross_validate.py RUNS DATA OUT [--json FILE]

RUNS holds one folder per fold, ``fold-0`` ..., each with ``localiser/`` and ``detector/`` trained without the fold's cases
(``endplate.training.truth.FOLDS``). DATA is ``../shared/data/ct``. What is expected of the bodies' shapes at each level is
estimated from the other patients as well. Reports go to OUT/<case>/report.json, pictures beside them.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import results

from endplate import models, pipeline
from endplate.evaluation import evaluate_cases, read_cases
from endplate.training.level_shapes import estimate_without, measured
from endplate.training.truth import FOLDS
from endplate.volume.files import read_nifti


def main() -> None:
    """Run all folds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("runs", "data", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    annotated = measured(arguments.data)
    for number, held_out in enumerate(FOLDS):
        networks = models.load(arguments.runs / f"fold-{number}")
        for case in (c for c in held_out if (arguments.data / c / "truth.json").exists()):
            held = replace(networks, shapes=estimate_without(annotated, case))
            result = pipeline.quantify_volume(read_nifti(arguments.data / case / "ct.nii.gz"), held)
            pipeline.write_result(result, arguments.out / case)
            print(f"fold {number}: {case}: {len(result.report.vertebrae)} vertebrae, {result.report.timing_s}", flush=True)
    if arguments.json:
        results.write(arguments.json, evaluate_cases(read_cases(arguments.out, arguments.data)).to_dict())


if __name__ == "__main__":
    main()
