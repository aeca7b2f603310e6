"""The rules and norms of measuring as plain numbers, for the page: the browser grades by these, no number is typed twice."""

from __future__ import annotations

import math
from typing import Any

from endplate.anatomy import levels
from endplate.morphometry import expected, genant, spread
from endplate.morphometry.heights import LEAST_MM
from endplate.morphometry.measure import PLAUSIBLE_DEPTH_MM, PLAUSIBLE_MM
from endplate.morphometry.norms import LevelNorm, Norms
from endplate.report.sentence import UNCERTAIN_LEVEL
from endplate.review.apply import READER_SD_MM
from endplate.review.edits import UNMOVED_MM

SCHEMA = "endplate-rules/1"


def rules(norms: Norms) -> dict[str, Any]:
    """What ``web/rules/*.js`` measure by: plain types, ready for JSON; null stands for a number that is not known.

    Args:
        norms: the table of the report that is reviewed.
    """
    return {
        "schema": SCHEMA,
        "norms": norms.name,
        "levels": {name: _level(name, norms) for name in levels.ALL},
        "unknown": _norm(norms.unknown),
        "least_mm": LEAST_MM,
        "plausible_mm": PLAUSIBLE_MM,
        "plausible_depth_mm": PLAUSIBLE_DEPTH_MM,
        "neighbours": {
            "reach": expected.REACH,
            "least": expected.MIN_NEIGHBOURS,
            "ratio_loss": expected.RATIO_LOSS_OF_SUSPECT,
            "posterior_loss": expected.POSTERIOR_LOSS_OF_SUSPECT,
        },
        "genant": {
            "loss": genant.LOSS_OF_GRADE,
            "names": genant.GRADE_NAMES,
            "shapes": genant.SHAPE_OF_COLUMN,
            "crushed": genant.CRUSHED_BEHIND,
            "flags": [genant.FLAGS[grade] for grade in range(len(genant.GRADE_NAMES))],
        },
        "spread": _spread(),
        "uncertain_level": UNCERTAIN_LEVEL,
        "reader_sd_mm": READER_SD_MM,
        "unmoved_mm": UNMOVED_MM,
    }


def _spread() -> dict[str, Any]:
    return {
        "nodes": spread.NODES.tolist(),
        "weights": spread.WEIGHTS.tolist(),
        "finest": spread.FINEST,
        "halvings": spread.HALVINGS,
        "cdf_step": spread.CDF_STEP,
        "cdf_series": spread.CDF_SERIES,
        "cdf_farthest": spread.CDF_FARTHEST,
        "least_posterior_mm": spread.LEAST_POSTERIOR_MM,
        "least_left": spread.LEAST_LEFT,
        "least_sd_mm": spread.LEAST_SD_MM,
        "quantiles": spread.quantiles(),
        "nothing": spread.NOTHING,
    }


def _level(name: str, norms: Norms) -> dict[str, Any]:
    norm = norms.of(name)
    return {"place": levels.coordinate(name), "norm": None if norm is None else _norm(norm)}


def _norm(norm: LevelNorm) -> dict[str, Any]:
    return {
        "ha_hp": norm.ha_hp,
        "ha_hp_sd": norm.ha_hp_sd,
        "hm_hp": norm.hm_hp,
        "hm_hp_sd": norm.hm_hp_sd,
        "hp_mm": norm.hp_mm if math.isfinite(norm.hp_mm) else None,
        "weak": norm.weak,
    }
