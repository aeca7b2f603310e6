"""``endplate evaluate``: reports against six-point truth, as a table, JSON and pictures."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from endplate.cli import exit_codes

if TYPE_CHECKING:
    from rich.table import Table

    from endplate.evaluation import Evaluation
    from endplate.evaluation.bootstrap import Estimate
    from endplate.evaluation.scan_score import ScanScore

WIDE = 180
"""Columns of the tables where the output is no terminal."""


def evaluate(reports: Path, truth: Path, *, out: Path | None = None, resamples: int = 2000) -> int:
    """Compare reports with annotated truth.

    Args:
        reports: folder with CASE.json or CASE/report.json, such as the output folder of ``endplate quantify``.
        truth: folder with CASE/truth.json.
        out: folder for evaluation.json and the pictures keypoints.svg, heights.svg, roc.svg, calibration.svg.
        resamples: of the bootstrap over patients that gives the 95 % intervals; 0 gives none.
    """
    from rich.console import Console

    from endplate.evaluation import evaluate_cases, read_cases

    if resamples < 0:
        print(f"endplate: --resamples {resamples} is below 0; give 0 for none, or 2000", file=sys.stderr)
        return exit_codes.USAGE
    evaluation = evaluate_cases(read_cases(reports, truth), resamples)
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(_scans(evaluation))
    console.print(_summary(evaluation))
    for line in _remarks(evaluation):
        console.print(line, markup=False, highlight=False)
    if out is not None:
        _write(evaluation, out)
    return exit_codes.OK


def _write(evaluation: Evaluation, out: Path) -> None:
    import json

    from endplate.evaluation.pictures import pictures
    from endplate.report.table import write_atomically

    out.mkdir(parents=True, exist_ok=True)
    drawn = pictures(evaluation)
    for name, svg in drawn.items():
        write_atomically(out / name, svg.encode())
    content = json.dumps(evaluation.to_dict(), indent=1, allow_nan=False) + "\n"
    write_atomically(out / "evaluation.json", content.encode())
    print(", ".join(str(out / name) for name in ("evaluation.json", *drawn)))


def _table(*heads: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    return table


def _scans(evaluation: Evaluation) -> Table:
    from endplate.evaluation.evaluation import case_row

    table = _table(
        "scan", "slices mm", "true", "found", "hit", "column mm", "points mm", "|dH| mm", "|dG|", "levels", "missed / extra"
    )
    table.columns[-1].justify, table.columns[-1].no_wrap = "left", False
    for s in evaluation.scores:
        row = case_row(s)
        numbers = [_number(row["slice_mm"]), *(str(row[k]) for k in ("true", "found", "matched"))]
        numbers += [_number(row["localisation_mm"]), _number(row["keypoint_mm"]), _number(row["height_mm"]), _number(row["dG"], 3)]
        table.add_row(s.name, *numbers, "-" if math.isnan(row["levels_right"]) else f"{row['levels_right']:.0%}", _words(s))
    return table


def _words(s: ScanScore) -> str:
    if not s.has_report:
        return "no report"
    return f"{' '.join(s.missed) or '-'} / {' '.join(name or '?' for name in s.extra) or '-'}"


def _summary(evaluation: Evaluation) -> Table:
    """One row per quantity, two columns per group of scans: value with interval, n."""
    from endplate.evaluation.evaluation import WORDS
    from endplate.evaluation.quantities import QUANTITIES

    groups = evaluation.groups
    table = _table("quantity", *(head for name in groups for head in (WORDS[name], "n")))
    table.add_row("scans", *(cell for group in groups.values() for cell in ("", str(group.counts["cases"]))))
    table.add_row("annotated bodies", *(cell for group in groups.values() for cell in ("", str(group.counts["vertebrae"]))))
    for q in QUANTITIES:
        found = [group.estimates[q.key] for group in groups.values()]
        if any(e.n and not math.isnan(e.value) for e in found):
            unit = ", mm" if q.unit == "mm" else ""
            table.add_row(q.words + unit, *(cell for e in found for cell in (_estimate(e, 2 if unit else 3), str(e.n))))
    return table


def _estimate(e: Estimate, digits: int) -> str:
    if not e.n or math.isnan(e.value):
        return "-"
    interval = f"  ({e.low:.{digits}f} to {e.high:.{digits}f})" if math.isfinite(e.low) else ""
    return f"{e.value:.{digits}f}{interval}"


def _remarks(evaluation: Evaluation) -> list[str]:
    said = ["In brackets: 95 % intervals over patients. One without width says that nothing failed here, not that nothing can."]
    absent = [s.name for s in evaluation.scores if not s.has_report]
    if absent:
        said.append(f"No report for {', '.join(absent)}: all their vertebrae count as missed.")
    if not evaluation.groups["all"].counts["positives_20"]:
        said.append(
            "No body of the truth has lost 20 % of its height: these scans say nothing of sensitivity, and there is no ROC."
        )
    if (c := evaluation.calibration) is not None:
        hold = f"The heights' 95 % intervals hold {c.coverage_before:.1%} of {c.n} heights"
        said.append(f"{hold}; with the detector's scale_factor x {c.factor:.2f} they would hold 95 %.")
    return said


def _number(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
