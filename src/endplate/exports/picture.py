"""The overview of a reviewed report: the reader's points on the image that the review was made on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.exports.reviewed_scan import ExportInput
from endplate.geometry.curves import Curve
from endplate.report.report import Report
from endplate.straightening import StraightSpine


def picture(reviewed: Report, spine: StraightSpine | None) -> bytes:
    """The overview as a PNG; without a straightened spine, its words and its table alone."""
    from endplate.report.figure import overview_png

    return overview_png(reviewed, spine)


def straight_spine(straight_hu: NDArray[np.integer], info: Mapping[str, Any]) -> StraightSpine:
    """The straightened spine of a review's images, with its middle channel alone.

    Args:
        straight_hu: (channels, rows, columns), Hounsfield units.
        info: what ``images.json`` says of them under ``straight``: ``offsets_mm`` and ``rows`` (`endplate.review.rows`).
    """
    rows, offsets = info["rows"], np.array(info["offsets_mm"], float)
    middle = int(np.argmin(np.abs(offsets)))
    origins = np.array(rows["origin"], float)
    # a row is a pixel further along the curve than the one before it: they are its knots
    curve = Curve(np.arange(len(origins)) * rows["pixel_mm"], origins)
    image = np.asarray(straight_hu[middle : middle + 1], np.float32)
    return StraightSpine(image, curve, (0.0, rows["first_mm"]), rows["pixel_mm"], (float(offsets[middle]),))


def overview_of(scan: ExportInput) -> bytes:
    """The overview for ``overview.png`` and for DICOM: never the model's points or words beside a reader's decision."""
    if scan.review is None and scan.overview_png:
        return scan.overview_png
    return picture(scan.reviewed, scan.spine)


def page_picture_of(scan: ExportInput) -> bytes:
    """The overview from which the page cuts the spine; empty where no picture shows what the page says."""
    if scan.spine is not None:
        return overview_of(scan)
    from endplate.report.panels import has_panels

    # an overview without a place for the spine would be shown whole, with words that tell of no review
    shown = scan.review is None or (scan.same_bodies and has_panels(scan.overview_png))
    return scan.overview_png if shown else b""
