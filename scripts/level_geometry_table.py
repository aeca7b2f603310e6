"""Estimates the bodies' shapes level by level from annotated CTs and writes the table that ships.

usage: python scripts/level_geometry_table.py ../shared/data/ct
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from endplate.anatomy import levels
from endplate.labelling.geometry_evidence import FEATURES, PATIENTS, TABLE
from endplate.training.level_shapes import estimate, measured

FOLDER = Path(__file__).parents[1] / "src" / "endplate" / "labelling" / "tables"


def text(data: Path) -> str:
    """The CSV file."""
    scans = measured(data)
    shapes = estimate(scans)
    at = np.concatenate([level[np.isfinite(seen[:, 0])] for seen, level in scans.values()])
    lines = [
        "# endplate shapes by level, version 1: expected, and standard deviation of a body around its patient's course",
        f"# source: {len(at)} precise bodies of {len(scans)} CTs annotated for endplate, by scripts/level_geometry_table.py",
        "# height: log posterior height; depth: log depth; spacing: log distance to the next centre (all in log mm); tilt in rad",
        "# levels without bodies take the nearest level's numbers; the last row: standard deviation between patients",
        f"level,{','.join(f'{f},{f}_sd' for f in FEATURES)},bodies",
    ]
    for i, (name, expected, spread) in enumerate(zip(levels.USUAL, shapes.expected, shapes.spread, strict=True), 1):
        numbers = [f"{m:.4f},{s:.4f}" for m, s in zip(expected, spread, strict=True)]
        lines.append(f"{name},{','.join(numbers)},{int((at == i).sum())}")
    lines.append(f"{PATIENTS},{','.join(f',{s:.4f}' for s in shapes.between)},{len(scans)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{TABLE}.csv").write_text(text(Path(sys.argv[1])))
