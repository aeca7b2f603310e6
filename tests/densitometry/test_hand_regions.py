"""Agreement with regions placed by hand on real CTs.

``hand_regions.csv``: circles in the anterior trabecular space, placed by eye on the axial slice nearest to mid-body before the
method existed, away from cortex, vein and focal lesions; centre and radius in LPS mm, mean of the voxels whose centres lie in them.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from endplate.anatomy import COLUMNS
from endplate.anatomy.vertebra import exact
from endplate.densitometry import attenuation
from endplate.geometry import frames
from endplate.volume import Volume
from endplate.volume.read import read

pytestmark = pytest.mark.data
BIAS_HU, SPREAD_HU, WORST_HU = 8.0, 10.0, 40.0
LUMBAR_BIAS_HU, LUMBAR_WORST_HU = 6.0, 20.0
"""At T12, L1 and L2, which the rule reads."""


@dataclass(frozen=True)
class HandRegion:
    case: str
    level: str
    centre_mm: tuple[float, float, float]
    radius_mm: float
    mean_hu: float


def regions() -> list[HandRegion]:
    with Path(__file__).with_name("hand_regions.csv").open(newline="", encoding="utf-8") as lines:
        return [
            HandRegion(
                r["case"],
                r["level"],
                (float(r["x_mm"]), float(r["y_mm"]), float(r["z_mm"])),
                float(r["radius_mm"]),
                float(r["mean_hu"]),
            )
            for r in csv.DictReader(lines)
        ]


@lru_cache(maxsize=1)
def volume_of(folder: Path) -> Volume:
    return read(folder / "ct.nii.gz")


def points_of(folder: Path, level: str) -> np.ndarray:
    bodies = {b["level"]: b["points_lps_mm"] for b in json.loads((folder / "truth.json").read_text())["vertebrae"]}
    return np.array([bodies[level][column] for column in COLUMNS])


def circle_mean(volume: Volume, region: HandRegion) -> float:
    """The mean as a viewer's circle gives it: voxels of one slice."""
    k = round(float(frames.apply(volume.voxel_from_patient, np.array(region.centre_mm))[0]))
    rows, columns = np.meshgrid(*(np.arange(n) for n in volume.hu.shape[1:]), indexing="ij")
    at = frames.apply(volume.patient_from_voxel, np.stack([np.full_like(rows, k), rows, columns], -1))
    inside = np.linalg.norm(at[..., :2] - region.centre_mm[:2], axis=-1) <= region.radius_mm
    return float(volume.hu[k][inside].mean())


def test_the_tables_means_are_those_of_the_images_and_endplate_agrees(shared_data: Path) -> None:
    away = {}
    for region in regions():
        folder = shared_data / "ct" / region.case
        volume = volume_of(folder)
        assert circle_mean(volume, region) == pytest.approx(region.mean_hu, abs=0.1)
        found = attenuation(volume, exact(points_of(folder, region.level), region.level))
        assert found.reason is None, region
        away[region] = found.mean_hu - region.mean_hu
    assert len(away) == 31
    every = np.array(list(away.values()))
    assert abs(every.mean()) < BIAS_HU
    assert every.std(ddof=1) < SPREAD_HU
    assert np.abs(every).max() < WORST_HU
    lumbar = np.array([hu for region, hu in away.items() if region.level in ("T12", "L1", "L2")])
    assert abs(lumbar.mean()) < LUMBAR_BIAS_HU
    assert np.abs(lumbar).max() < LUMBAR_WORST_HU
