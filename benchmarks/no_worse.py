"""Whether new weights are no worse than the committed ones, from two ``evaluation.json``.

usage: python benchmarks/no_worse.py COMMITTED NEW
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

BETTER = {
    "precision": 1,
    "recall": 1,
    "localisation_mm": -1,
    "keypoint_mm_mean": -1,
    "keypoint_mm_median": -1,
    "height_mm": -1,
    "dG": -1,
    "level_scans": 1,
}
"""Which way is better."""
SLACK = 0.02
"""Share by which a number may be worse: training is not deterministic across machines."""


def main(committed: Path, new: Path) -> int:
    """0 where no quantity is worse by more than the slack, else 1."""
    before, after = (json.loads(p.read_text())["groups"]["all"]["estimates"] for p in (committed, new))
    worse = 0
    for key, sign in BETTER.items():
        was, now = before[key]["value"], after[key]["value"]
        bad = sign * (now - was) < -SLACK * abs(was)
        worse += bad
        print(f"{key:20} {was:8.3f} -> {now:8.3f} {'WORSE' if bad else ''}")
    return int(worse > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
