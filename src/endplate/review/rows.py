"""The straightened image's rows in the patient, so that the page maps points both ways without the curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.geometry import bases
from endplate.straightening import StraightSpine

DECIMALS = 6


def rows(spine: StraightSpine) -> dict[str, Any]:
    """For each image row where the curve passes and which way is posterior and left: plain types, ready for JSON.

    ``web/rules/straight.js`` takes points (row, column, lateral mm) to LPS mm and back with it: a row's plane holds the points
    ``origin + (first_mm + column * pixel_mm) * posterior + lateral * left``.
    """
    count = spine.image_hu.shape[1]
    s = np.arange(count) * spine.pixel_mm + spine.first_mm[0]
    _, posterior, left = bases.basis(spine.curve, s)
    return {
        "pixel_mm": spine.pixel_mm,
        "first_mm": spine.first_mm[1],
        "origin": spine.curve.at(s).round(DECIMALS).tolist(),
        "posterior": posterior.round(DECIMALS + 2).tolist(),
        "left": left.round(DECIMALS + 2).tolist(),
    }
