"""The evaluation as pictures: SVG, written by hand, without a plotting library."""

from __future__ import annotations

from endplate.evaluation.evaluation import Evaluation
from endplate.evaluation.pictures.agreement import heights_svg
from endplate.evaluation.pictures.intervals import calibration_svg
from endplate.evaluation.pictures.levels import keypoints_svg
from endplate.evaluation.pictures.roc import roc_svg


def pictures(evaluation: Evaluation) -> dict[str, str]:
    """SVG documents by file name; a picture that would be empty is left out."""
    drawn = {
        "keypoints.svg": keypoints_svg(evaluation),
        "heights.svg": heights_svg(evaluation),
        "roc.svg": roc_svg(evaluation),
        "calibration.svg": calibration_svg(evaluation),
    }
    return {name: svg for name, svg in drawn.items() if svg is not None}
