"""Whether new numbers are no worse than the committed ones.

usage: python benchmarks/no_worse.py COMMITTED NEW

Both are folders with ``cross-validation.json`` and, where they have been measured anew, ``warped-fractures.json``,
``rendered-twins.json`` and ``level-names.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SLACK = 0.02
"""Share by which a number may be worse: training is not deterministic across machines."""
WATCHED: dict[str, dict[tuple[str, ...], int]] = {
    "cross-validation.json": {
        ("groups", "all", "estimates", key, "value"): sign
        for key, sign in {
            "precision": 1,
            "recall": 1,
            "localisation_mm": -1,
            "keypoint_mm_mean": -1,
            "keypoint_mm_median": -1,
            "keypoint_sagittal_mm": -1,
            "height_mm": -1,
            "dG": -1,
            "level_scans": 1,
        }.items()
    },
    "warped-fractures.json": {
        ("all", "auc"): 1,
        ("all", "sensitivity_25"): 1,
        ("all", "specificity_25_untouched"): 1,
        ("all", "sensitivity_at_specificity_95"): 1,
    },
    "rendered-twins.json": {("rules", "loss >= .25", "endplate", "auc"): 1, ("rules", "G < .75", "endplate", "auc"): 1},
    "level-names.json": {("whole scans", "right"): 1, ("windows of 5", "right"): 1},
}
"""Numbers by file and place, and which way is better."""


def main(committed: Path, new: Path) -> int:
    """0 where no quantity is worse by more than the slack, else 1."""
    worse = 0
    for words, was, now, sign in pairs(committed, new):
        bad = sign * (now - was) < -SLACK * abs(was)
        worse += bad
        print(f"{words:60} {was:8.3f} -> {now:8.3f} {'WORSE' if bad else ''}")
    return int(worse > 0)


def pairs(committed: Path, new: Path) -> Iterator[tuple[str, float, float, int]]:
    """What was, what is now, and which way is better, of all numbers that both have."""
    for name, watched in WATCHED.items():
        if (committed / name).exists() and (new / name).exists():
            before, after = (json.loads((folder / name).read_text()) for folder in (committed, new))
            for place, sign in watched.items():
                was, now = at(before, place), at(after, place)
                if was is not None and now is not None:
                    yield f"{name} {' '.join(place)}", was, now, sign


def at(content: Any, place: tuple[str, ...]) -> float | None:
    for key in place:
        content = content.get(key) if isinstance(content, dict) else None
    return content


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
