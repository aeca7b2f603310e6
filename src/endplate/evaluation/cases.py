"""Pairs of report and truth, from files of anyone who writes these keys (``report.json``, ``truth.json``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.anatomy.vertebra import COLUMNS
from endplate.errors import InputRefused

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Prediction:
    """What a report says of the n complete vertebrae of one scan.

    Attributes:
        points_mm: (n, 3, 2, 3) column x endplate x LPS mm.
        points_sd_mm: (n, 3, 2) standard deviations; NaN where the report gives none.
        level: n names, None where unknown.
        loss_interval_95: (n, 2) of the level-normalised loss; NaN where not given.
        centreline_mm: (m, 3) course of the column, LPS mm.
        slice_mm: distance of the slices; NaN where unknown.
    """

    points_mm: Floats
    points_sd_mm: Floats
    level: tuple[str | None, ...]
    loss_interval_95: Floats
    centreline_mm: Floats
    slice_mm: float

    def chosen(self, keep: NDArray[np.bool_]) -> Prediction:
        """The vertebrae (n,) to keep."""
        names = tuple(name for name, kept in zip(self.level, keep, strict=True) if kept)
        intervals = self.loss_interval_95[keep]
        return Prediction(self.points_mm[keep], self.points_sd_mm[keep], names, intervals, self.centreline_mm, self.slice_mm)


@dataclass(frozen=True)
class Truth:
    """What is known of the n annotated vertebrae of one scan, n >= 1.

    Attributes:
        points_mm: (n, 3, 2, 3) column x endplate x LPS mm.
        level: n names.
        precise: (n,) False where the points are not good to 1.5 mm.
        levels_certain: False where the numbering may be off by one.
    """

    points_mm: Floats
    level: tuple[str, ...]
    precise: NDArray[np.bool_]
    levels_certain: bool


@dataclass(frozen=True)
class Case:
    """One scan, which also stands for one patient.

    Attributes:
        name: folder name of its truth.
        prediction: of its report; without vertebrae where there is no report.
        truth: annotated.
        has_report: False where no report was found; all its vertebrae count as missed.
    """

    name: str
    prediction: Prediction
    truth: Truth
    has_report: bool = True


def read_cases(reports: Path, truth: Path) -> tuple[Case, ...]:
    """Every ``TRUTH/CASE/truth.json`` with its report, by name.

    A report lies at ``REPORTS/CASE.json``, ``REPORTS/CASE/report.json`` or ``REPORTS/CASE/**/report.json``.

    Raises:
        InputRefused: if there is no truth, or a file cannot be read.
    """
    found = sorted(truth.glob("*/truth.json"))
    if not found:
        raise InputRefused("no_truth", f"{truth} holds no CASE/truth.json; give the folder of annotated cases")
    return tuple(_case(reports, file) for file in found)


def _case(reports: Path, truth_file: Path) -> Case:
    name = truth_file.parent.name
    places = (reports / f"{name}.json", reports / name / "report.json", *sorted((reports / name).glob("**/report.json")))
    file = next((f for f in places if f.is_file()), None)
    prediction = _loaded(file, prediction_of) if file else prediction_of({})
    return Case(name, prediction, _loaded(truth_file, truth_of), file is not None)


def _loaded(file: Path, kind: Any) -> Any:
    try:
        return kind(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"missing key {error}" if isinstance(error, KeyError) else error
        expected = "expected vertebrae[] with level and points_lps_mm (anterior, middle, posterior: superior, inferior point)"
        raise InputRefused("bad_case", f"{file}: {what}; {expected}; write it again or take it away") from None


def prediction_of(content: Mapping[str, Any]) -> Prediction:
    """The prediction in the content of a ``report.json``; bodies cut by the field of view are left out."""
    whole = [v for v in content.get("vertebrae", ()) if v.get("complete", True)]
    sd = [_pairs(v["points_sd_mm"]) if v.get("points_sd_mm") else np.full((3, 2), np.nan) for v in whole]
    intervals = [v.get("loss_interval_95") or (np.nan, np.nan) for v in whole]
    spacing = (content.get("source") or {}).get("spacing_mm")
    return Prediction(
        np.array([_pairs(v["points_lps_mm"]) for v in whole], float).reshape(-1, 3, 2, 3),
        np.array(sd, float).reshape(-1, 3, 2),
        tuple(v.get("level") for v in whole),
        np.array(intervals, float).reshape(-1, 2),
        np.array(content.get("centreline_lps_mm") or [], float).reshape(-1, 3),
        float(spacing[0]) if spacing else float("nan"),
    )


def truth_of(content: Mapping[str, Any]) -> Truth:
    """The truth in the content of a ``truth.json``.

    Raises:
        ValueError: if it holds no vertebra or an unknown level.
    """
    vertebrae = content["vertebrae"]
    if not vertebrae:
        raise ValueError("no vertebra is annotated")
    names = tuple(str(v["level"]) for v in vertebrae)
    for name in names:
        levels.coordinate(name)
    points = np.array([_pairs(v["points_lps_mm"]) for v in vertebrae], float).reshape(-1, 3, 2, 3)
    precise = np.array([bool(v.get("precise", True)) for v in vertebrae])
    return Truth(points, names, precise, bool(content.get("levels_certain", True)))


def _pairs(columns: Mapping[str, Any]) -> list[Any]:
    """Anterior, middle, posterior; the keys may be shortened to A, M, P."""
    return [columns[name] if name in columns else columns[name[0].upper()] for name in COLUMNS]
