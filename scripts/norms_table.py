"""Estimates the default norms from annotated CTs and writes the table that ships.

usage: python scripts/norms_table.py ../shared/data/ct
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from endplate.anatomy import levels
from endplate.morphometry.estimate import convention, estimate
from endplate.morphometry.heights import heights, ratios
from endplate.morphometry.norms import EXPERTS, Norms, shipped
from endplate.training.truth import read_truth

NAME = "ct-keypoints-1"
FOLDER = Path(__file__).parents[1] / "src" / "endplate" / "morphometry" / "tables"


def bodies_of(data: Path) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[str]]:
    """Ratios (n, 2) and levels of every precise body; none of them has lost 20 % of its height by the experts' norms."""
    truths = [read_truth(file.parent) for file in sorted(data.glob("*/truth.json"))]
    every = np.concatenate([ratios(heights(t.points_mm[t.precise])) for t in truths if t.points_mm is not None])
    return every, [levels.nearest(x) for t in truths for x in t.level[t.precise]]


def table(data: Path) -> tuple[Norms, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The norms and the convention's factors."""
    every, names = bodies_of(data)
    return estimate(NAME, every, names, shipped(EXPERTS)), convention(every, names, shipped(EXPERTS))


def text(norms: Norms, factor: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """The CSV file."""
    total = sum(n.bodies for n in norms.levels.values())
    lines = [
        "# endplate norms, version 1, in the convention of the points that the shipped networks learnt from",
        f"# source: {total} bodies of 13 CTs annotated for endplate (bodies: how many at each level), by scripts/norms_table.py",
        f"# well-founded levels: {EXPERTS} (100 chest CTs) times the convention, Ha/Hp x {factor[0]:.3f}, Hm/Hp x {factor[1]:.3f}",
        "# weak levels: the bodies themselves beside two of the older table; spreads and posterior heights are the older table's",
        "level,ha_hp,ha_hp_sd,hm_hp,hm_hp_sd,hp_mm,weak,bodies",
    ]
    for level, n in norms.levels.items():
        tall = "" if np.isnan(n.hp_mm) else f"{n.hp_mm:.1f}"
        lines.append(f"{level},{n.ha_hp:.3f},{n.ha_hp_sd:.3f},{n.hm_hp:.3f},{n.hm_hp_sd:.3f},{tall},{int(n.weak)},{n.bodies}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (FOLDER / f"{NAME}.csv").write_text(text(*table(Path(sys.argv[1]))))
