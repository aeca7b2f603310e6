"""The measured accuracy as Markdown, from ``benchmarks/results/*.json`` into README.md and MODEL_CARD.md.

usage: python scripts/accuracy_table.py         writes both pages; a test compares them
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
RESULTS = BENCHMARKS / "results"
OTHERS = {
    "fractures": "warped_fractures",
    "twins": "rendered_twins",
    "robustness": "robustness",
    "names": "level_names",
}
"""Mark in MODEL_CARD.md and the benchmark that gives its table."""
ROWS = (
    ("precision", "detection precision", 3),
    ("recall", "detection recall", 3),
    ("localisation_mm", "column, mean in the axial plane, mm", 2),
    ("keypoint_mm_mean", "points, mean, mm", 2),
    ("keypoint_mm_median", "points, median, mm", 2),
    ("keypoint_sagittal_mm", "points in the sagittal plane, mean, mm", 2),
    ("keypoint_lateral_mm", "points from left to right, mean, mm", 2),
    ("height_mm", "heights, mean difference, mm", 2),
    ("dG", "Genant index, mean difference", 3),
    ("level_scans", "all names right, share of scans", 2),
    ("specificity_25", "specificity per vertebra, loss >= 25 %", 3),
    ("height_coverage_95", "heights in their 95 % interval", 2),
    ("loss_coverage_95", "losses in their 95 % interval", 2),
)
GROUPS = (("all", "all scans"), ("thin", "slices <= 3 mm"), ("thick", "slices > 3 mm"))


def summary(content: dict[str, Any]) -> str:
    """Quantities with 95 % intervals and n, one column per group."""
    lines = ["| | " + " | ".join(name for _, name in GROUPS) + " |", "|---|" + "---|" * len(GROUPS)]
    scans = [str(content["groups"][g]["counts"]["cases"]) for g, _ in GROUPS]
    bodies = [str(content["groups"][g]["counts"]["vertebrae"]) for g, _ in GROUPS]
    lines += ["| scans, annotated bodies | " + " | ".join(f"{s}, {b}" for s, b in zip(scans, bodies, strict=True)) + " |"]
    for key, words, digits in ROWS:
        cells = [estimate(content["groups"][g]["estimates"][key], digits) for g, _ in GROUPS]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def estimate(found: dict[str, Any], digits: int) -> str:
    """Value, interval and n."""
    if found["value"] is None:
        return "-"
    value, low, high = (f"{found[k]:.{digits}f}" if found[k] is not None else "-" for k in ("value", "low", "high"))
    return f"{value} ({low} to {high}), n {found['n']}"


def cases(content: dict[str, Any]) -> str:
    """One row per scan."""
    head = ("scan", "slices mm", "true", "found", "hit", "column mm", "points mm", "heights mm", "G", "names right")
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---|" * (len(head) - 1)]
    for name, row in content["cases"].items():
        numbers = [f"{row['slice_mm']:.2f}", *(str(row[k]) for k in ("true", "found", "matched"))]
        numbers += [number(row[k]) for k in ("localisation_mm", "keypoint_mm", "height_mm")] + [number(row["dG"], 3)]
        right = row["levels_right"]
        lines.append(f"| {name} | " + " | ".join([*numbers, "-" if right is None else f"{right:.0%}"]) + " |")
    return "\n".join(lines)


def number(value: float | None, digits: int = 2) -> str:
    """Rounded, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def written(page: str, mark: str, table: str) -> str:
    """The page with the table between ``<!-- mark -->`` and ``<!-- /mark -->``."""
    before, rest = page.split(f"<!-- {mark} -->")
    _, after = rest.split(f"<!-- /{mark} -->")
    return f"{before}<!-- {mark} -->\n{table}\n<!-- /{mark} -->{after}"


def benchmark_table(module: str) -> str:
    """The table that a benchmark prints, from its committed numbers."""
    sys.path.insert(0, str(BENCHMARKS))  # benchmarks import each other by name
    try:
        content = importlib.import_module("results").read(RESULTS / f"{module.replace('_', '-')}.json")
        table: str = importlib.import_module(module).table(content)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return table


def pages() -> dict[Path, str]:
    """Both pages as they should be."""
    content = json.loads((RESULTS / "cross-validation.json").read_text())
    readme, card = ROOT / "README.md", ROOT / "MODEL_CARD.md"
    said = written(written(card.read_text(), "accuracy", summary(content)), "cases", cases(content))
    for mark, module in OTHERS.items():
        said = written(said, mark, benchmark_table(module))
    return {readme: written(readme.read_text(), "accuracy", summary(content)), card: said}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
