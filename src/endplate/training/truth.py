"""Annotated CTs as training cases: ``<case>/ct.nii.gz`` with ``truth.json`` (six points) or ``levels.json`` (body centres)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import COLUMNS, levels
from endplate.geometry.curves import Curve, through

Floats = NDArray[np.floating]
UNSTATED_LICENCE = ("tseg-example", "tseg-aorta", "itkelastix-00", "ohif-petct-0000003")
"""Cases whose data licence is not stated; ``--stated-licences-only`` leaves them out."""


@dataclass(frozen=True)
class Truth:
    """What is known of one scan, head to feet.

    Attributes:
        name: of the case.
        centres_mm: (n, 3) centres of the annotated bodies, LPS mm.
        level: (n,) level coordinates.
        levels_certain: False where the numbering may be off by one.
        points_mm: (n, 3, 2, 3) six points of each body, or None where only centres are known.
        precise: (n,) False where the points are not good to 1.5 mm.
        guide_mm: (m, 3) further points in the column, beyond the annotated bodies too.
    """

    name: str
    centres_mm: Floats
    level: Floats
    levels_certain: bool
    points_mm: Floats | None
    precise: NDArray[np.bool_]
    guide_mm: Floats

    @property
    def curve(self) -> Curve:
        """Through the bodies' centres, continued through the guide points beyond them."""
        z = self.guide_mm[:, 2]
        above = self.guide_mm[z > self.centres_mm[0, 2] + 8.0]
        below = self.guide_mm[z < self.centres_mm[-1, 2] - 8.0]
        points = np.concatenate([above, self.centres_mm, below])
        if len(points) == 1:
            points = points + np.array([[0.0, 0.0, 15.0], [0.0, 0.0, -15.0]])
        return through(points)


def read_truth(folder: Path) -> Truth:
    """The truth of a case folder."""
    if (folder / "truth.json").exists():
        return _six_points(folder.name, json.loads((folder / "truth.json").read_text()))
    content = json.loads((folder / "levels.json").read_text())
    bodies = content["bodies"]
    centres = np.array([b["centre_lps_mm"] for b in bodies], float)
    level = np.array([levels.coordinate(b["level"]) for b in bodies])
    certain = bool(content.get("levels_certain", True))
    return Truth(folder.name, centres, level, certain, None, np.zeros(len(bodies), bool), np.zeros((0, 3)))


def _six_points(name: str, content: dict[str, object]) -> Truth:
    vertebrae: list[dict[str, dict[str, object]]] = content["vertebrae"]  # type: ignore[assignment]
    points = np.array([[v["points_lps_mm"][column] for column in COLUMNS] for v in vertebrae], float)
    level = np.array([levels.coordinate(str(v["level"])) for v in vertebrae])
    precise = np.array([bool(v.get("precise", True)) for v in vertebrae])
    guide = np.array(content.get("centreline_lps_mm", []), float).reshape(-1, 3)
    guide = guide[np.argsort(-guide[:, 2])]
    return Truth(name, points.mean((1, 2)), level, bool(content.get("levels_certain", True)), points, precise, guide)


FOLDS = (
    ("lidc-0001", "tseg-example", "cmb-crc-01068", "lungfcp-0001", "hnchus-052"),
    ("crlm-1006", "nsclc-rg-r01-001", "itkelastix-00", "acrin-flt-001b", "acrin-flt-001", "rider-pilot-0117"),
    ("ohif-petct-0000003", "lidc-0314", "acrin-nsclc-042", "tseg-aorta", "acrin-flt-013", "vhf-pelvis"),
)
"""Held-out cases of the three folds: neck, chest and lumbar scans in each, both scans of one patient in one."""
