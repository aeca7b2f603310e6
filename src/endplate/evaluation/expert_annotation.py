"""The public six-point annotation of CTLungCa-500 (Zakharov, Pisov et al. 2023, CC BY-NC 4.0): for evaluation only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels

Floats = NDArray[np.floating]
SLICE_MM = 0.8
"""Step of the slices; not in the files, strongly suggested by the lattice on which the experts clicked."""
Reading = dict[str, Floats]
"""One reader's six points (3, 2, 3) in LPS mm by level, head to feet."""


def read_annotations(folder: Path) -> dict[str, dict[str, Reading]]:
    """Readings by patient and expert, from ``annotation/*.json`` and ``spacing.json``."""
    spacing = json.loads((folder / "spacing.json").read_text())
    found = {}
    for file in sorted((folder / "annotation").glob("*.json")):
        pixel_mm = SLICE_MM / spacing[file.stem]["dz_over_dx"]
        experts = json.loads(file.read_text())["Annotation"]
        found[file.stem] = {name: _reading(bodies, pixel_mm) for name, bodies in experts.items()}
    return found


def _reading(bodies: list[Mapping[str, Any]], pixel_mm: float) -> Reading:
    """Points are clicked as [row (to posterior), column, slice (to the feet)]; levels are written Th5 or T5."""
    voxels = {str(b["type"]).replace("Th", "T"): np.array(b["segments"], float) for b in bodies}
    scale = np.array([pixel_mm, pixel_mm, -SLICE_MM])
    return {name: voxels[name][..., [1, 0, 2]] * scale for name in sorted(voxels, key=levels.order)}


def consensus(readings: Mapping[str, Reading], without: str | None = None) -> Reading:
    """Mean points of the levels that all experts, but for one left out, have listed."""
    chosen = [reading for name, reading in readings.items() if name != without]
    shared = [level for level in chosen[0] if all(level in other for other in chosen)]
    return {level: np.mean([reading[level] for reading in chosen], axis=0) for level in shared}
