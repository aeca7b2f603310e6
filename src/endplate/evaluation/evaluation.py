"""All scans together, thin and thick slices apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from endplate import __version__
from endplate.evaluation.bootstrap import SEED, Estimate, estimates
from endplate.evaluation.calibrate import Calibration, calibrate_errors
from endplate.evaluation.cases import Case
from endplate.evaluation.quantities import counts, mean, pool
from endplate.evaluation.scan_score import ScanScore, score

SCHEMA = "endplate-evaluation/1"
THICK_MM = 3.0
"""Above this distance of the slices a scan is reported apart."""
WORDS = {
    "all": "all scans",
    "thin": f"slices <= {THICK_MM:.0f} mm",
    "thick": f"slices > {THICK_MM:.0f} mm",
    "unknown": "spacing unknown",
}


@dataclass(frozen=True)
class Group:
    """Some of the scans.

    Attributes:
        counts: scans, bodies, and those at or above the thresholds.
        estimates: by the keys of ``quantities.QUANTITIES``.
    """

    counts: dict[str, int]
    estimates: dict[str, Estimate]


@dataclass(frozen=True)
class Evaluation:
    """How good a set of reports is.

    Attributes:
        scores: one per scan.
        groups: ``all`` and, where they differ, ``thin``, ``thick`` and ``unknown`` by distance of the slices.
        calibration: of the points' standard deviations; None where the reports give none.
        resamples: of the bootstrap.
    """

    scores: tuple[ScanScore, ...]
    groups: dict[str, Group]
    calibration: Calibration | None
    resamples: int

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON; None where a number does not exist."""
        return {
            "schema": SCHEMA,
            "software": __version__,
            "bootstrap": {"over": "patients", "resamples": self.resamples, "seed": SEED},
            "groups": {name: _plain(asdict(group)) for name, group in self.groups.items()},
            "calibration": _plain(asdict(self.calibration)) if self.calibration else None,
            "cases": {s.name: _plain(case_row(s)) for s in self.scores},
        }


def evaluate_cases(cases: Sequence[Case], resamples: int = 2000) -> Evaluation:
    """Scores every case and estimates every quantity.

    Args:
        cases: at least one.
        resamples: of the bootstrap over patients.
    """
    scores = tuple(score(case) for case in cases)
    groups = {name: Group(counts(pool(chosen)), estimates(chosen, resamples)) for name, chosen in _groups(scores).items()}
    errors = [s.samples["height_error_sd"] for s in scores]
    calibration = calibrate_errors(errors) if any(map(len, errors)) else None
    return Evaluation(scores, groups, calibration, resamples)


def _groups(scores: Sequence[ScanScore]) -> dict[str, list[ScanScore]]:
    parts: dict[str, list[ScanScore]] = {"thin": [], "thick": [], "unknown": []}
    for s in scores:
        parts["unknown" if math.isnan(s.slice_mm) else "thick" if s.slice_mm > THICK_MM else "thin"].append(s)
    filled = {name: chosen for name, chosen in parts.items() if chosen}
    return {"all": list(scores), **(filled if len(filled) > 1 else {})}


def case_row(s: ScanScore) -> dict[str, Any]:
    """One scan in a few numbers; NaN where one does not exist."""
    of = s.samples
    return {
        "has_report": s.has_report,
        "slice_mm": s.slice_mm,
        "true": len(of["hit_true"]),
        "found": len(of["hit_found"]),
        "matched": int(of["hit_true"].sum()),
        "localisation_mm": mean(of["localisation_mm"]),
        "localisation_missing": mean(of["localisation_missing"]),
        "keypoint_mm": mean(of["keypoint_mm"]),
        "height_mm": mean(np.abs(of["height_difference_mm"])),
        "dG": mean(of["index_error"]),
        "levels_right": mean(of["level_right"]),
        "worst_loss_true": float(of["patient_true"][0]),
        "worst_loss_found": float(of["patient_found"][0]),
        "missed": list(s.missed),
        "extra": list(s.extra),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
