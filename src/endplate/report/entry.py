"""One vertebra in ``report.json``: an entry and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Columns:
    """A number for each of the three heights.

    Attributes:
        anterior: of the anterior column.
        middle: of the middle column.
        posterior: of the posterior column.
    """

    anterior: float
    middle: float
    posterior: float


@dataclass(frozen=True)
class PointPairs:
    """LPS mm of the six points; superior point first.

    Attributes:
        anterior: superior, inferior.
        middle: superior, inferior.
        posterior: superior, inferior.
    """

    anterior: tuple[Point, Point]
    middle: tuple[Point, Point]
    posterior: tuple[Point, Point]


@dataclass(frozen=True)
class SpreadPairs:
    """Standard deviation in mm of the six points along the spine; superior point first.

    Attributes:
        anterior: superior, inferior.
        middle: superior, inferior.
        posterior: superior, inferior.
    """

    anterior: tuple[float, float]
    middle: tuple[float, float]
    posterior: tuple[float, float]


@dataclass(frozen=True)
class Ratios:
    """Ratios of heights, with z-scores against the level's norm.

    Attributes:
        ha_hp: anterior to posterior.
        hm_hp: middle to posterior.
        ha_hp_z: z-score; None where not assessable.
        hm_hp_z: z-score; None where not assessable.
        hp_expected: posterior height to that expected from the neighbours; None without enough of them.
    """

    ha_hp: float
    hm_hp: float
    ha_hp_z: float | None
    hm_hp_z: float | None
    hp_expected: float | None


@dataclass(frozen=True)
class Density:
    """Attenuation of a body's trabecular bone.

    Attributes:
        mean_hu: mean of the region.
        sd_hu: standard deviation in it.
        area_mm2: of the region, in the mid-plane of the body.
    """

    mean_hu: float
    sd_hu: float
    area_mm2: float


@dataclass(frozen=True)
class Entry:
    """One vertebra.

    Attributes:
        level: name, or None where unknown.
        level_confidence: probability of the name.
        score: confidence that this is a vertebral body.
        complete: False where the field of view cuts it.
        assessable: whether loss and grade mean something.
        reason: why not.
        points_lps_mm: the six points.
        points_sd_mm: their standard deviations.
        heights_mm: the three heights.
        ratios: of the heights.
        genant_index: raw G = min / max height.
        loss: level-normalised height loss.
        loss_interval_95: its interval.
        grade: Genant grade 0 to 3.
        grade_probability: of the grades 0 to 3.
        shape: wedge, biconcave or crush.
        flag: the default flag.
        weak_norm: True where the level's norm rests on few bodies.
        hu: attenuation of its trabecular bone; None where not measured.
        hu_reason: why not.
        set_by_reader: whether a reader added it, or changed its points or name.
    """

    level: str | None
    level_confidence: float
    score: float
    complete: bool
    assessable: bool
    reason: str | None
    points_lps_mm: PointPairs
    points_sd_mm: SpreadPairs
    heights_mm: Columns
    ratios: Ratios
    genant_index: float
    loss: float | None
    loss_interval_95: tuple[float, float] | None
    grade: int | None
    grade_probability: tuple[float, float, float, float] | None
    shape: Literal["wedge", "biconcave", "crush"] | None
    flag: str | None
    weak_norm: bool
    hu: Density | None = None
    hu_reason: str | None = None
    set_by_reader: bool = False
