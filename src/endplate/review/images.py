"""The images of a review on disk: the straightened spine, and the box of the scan around it for planes as scanned.

A folder of images takes 4 MB (three vertebrae in a short field) to 50 MB (a whole column): per 100 mm of column a third of a MB of
straightened spine, and 5 to 7 MB of box. No result needs it, and `images_from_source` makes it again while the scan is there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import COLUMNS, Vertebra
from endplate.errors import InputRefused
from endplate.geometry import frames
from endplate.geometry.curves import Curve, through
from endplate.localisation.localise import Centreline
from endplate.localisation.refit import refit
from endplate.report.report import Report
from endplate.report.report import Source as ReportSource
from endplate.report.table import replaced, write_atomically
from endplate.review import planes
from endplate.review.document import points_of
from endplate.review.planes import Which
from endplate.review.rows import rows
from endplate.straightening import Settings, straighten
from endplate.volume import Volume
from endplate.volume.read import find_scans, read_scan
from endplate.volume.scan_list import FoundScan

Floats = NDArray[np.floating]
SCHEMA: Literal["endplate-review-images/1"] = "endplate-review-images/1"
INFO, STRAIGHT, CONTEXT = "images.json", "straight.npy", "context.npy"
GRID = Settings(pixel_mm=0.8, margin_mm=28.0, offsets_mm=tuple(float(r) for r in range(-15, 16, 3)))
_EVERY = 2
"""A report's course has a point every 2 mm, the localiser's, which `refit` is made for, one every 4 mm."""

MOST_MM = 1500.0
"""Longer than any column, and than any patient's trunk."""


@dataclass(frozen=True)
class ReviewImages:
    """What `read_images` finds.

    Attributes:
        info: the content of ``images.json``, schema ``endplate-review-images/1``.
        straight: Hounsfield units (channels, rows, columns); channels from the patient's right to the left.
        context: Hounsfield units (z, y, x) of the box: head to feet, front to back, the patient's right to the left.
    """

    info: dict[str, Any]
    straight: NDArray[np.int16]
    context: NDArray[np.int16]


def write_images(volume: Volume, report: Report, folder: Path) -> None:
    """Write the images of a review: ``straight.npy``, ``context.npy``, and ``images.json``, whose presence means that all is there.

    Args:
        volume: the scan.
        report: of this scan, with at least one vertebra.
        folder: where to; made if it is not there.

    Raises:
        ValueError: if the report has no vertebrae, its course is no spine's, or they lie outside the volume.
        OSError: if a file cannot be written.
    """
    curve, points = course(report), _points(report)
    along = curve.at(np.linspace(0.0, curve.length_mm, 50))
    box = planes.box_around(np.concatenate([points.reshape(-1, 3), along]), volume)
    spine = straighten(volume, curve, GRID)
    straight = planes.to_int16(spine.image_hu)
    info = {
        "schema": SCHEMA,
        "straight": {"shape": list(straight.shape), "offsets_mm": list(spine.offsets_mm), "rows": rows(spine)},
        "context": box.facts,
    }
    folder.mkdir(parents=True, exist_ok=True)
    # whatever happens from here on, no images.json speaks of files that are not its own
    (folder / INFO).unlink(missing_ok=True)
    _save(folder / STRAIGHT, straight)
    _save(folder / CONTEXT, planes.resampled(volume, box))
    write_atomically(folder / INFO, json.dumps(info, allow_nan=False).encode())


def _save(path: Path, image: NDArray[np.int16]) -> None:
    with replaced(path) as part, part.open("wb") as stream:
        np.save(stream, image, allow_pickle=False)


def read_images(folder: Path) -> ReviewImages | None:
    """The images in a folder, as memory maps; None where they are not, or not wholly, there."""
    try:
        info = json.loads((folder / INFO).read_bytes())
        if info["schema"] != SCHEMA:
            return None
        straight, context = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in (STRAIGHT, CONTEXT))
        fits = [*straight.shape] == info["straight"]["shape"] and context.shape == planes.box_of(info["context"]).shape
        whole = fits and straight.ndim == 3 and straight.dtype == context.dtype == np.dtype("<i2")
        return ReviewImages(info, straight, context) if whole else None
    except (OSError, EOFError, ValueError, KeyError, TypeError, OverflowError):
        return None


def plane(images: ReviewImages, which: Which, at_mm: float) -> tuple[NDArray[np.int16], dict[str, Any]]:
    """The plane of the scan nearest to a place in LPS mm, and where its pixels lie (`planes.cut`).

    Raises:
        ValueError: if ``which`` is no plane, or the place is not finite.
    """
    return planes.cut(images.context, planes.box_of(images.info["context"]), which, at_mm)


def images_from_source(report: Report, folder: Path) -> None:
    """Read the scan that a report is of once more, and write its images.

    Args:
        report: with at least one vertebra, of a scan that lies where it lay.
        folder: where to.

    Raises:
        InputRefused: if the files are gone, cannot be read, or are another scan (``other_scan``).
        ValueError: as `write_images`.
    """
    course(report)
    volume = read_scan(_scan(report.source))
    _check_same(report, volume)
    write_images(volume, report, folder)


def course(report: Report) -> Curve:
    """The column's course through the bodies, and up to `refit`'s reach beyond them along the report's own.

    The report's own may go astray beyond the last body: it passes through everything that was found, also what was not named.

    Raises:
        ValueError: if the report has no vertebrae, or they are no column.
    """
    points = _points(report)
    centres = points.mean((1, 2))
    line = centres[np.argsort(-centres[:, 2])] if len(centres) > 1 else points[0, 1]
    if not _is_course(line):
        found = f"the {len(points)} vertebrae do not follow one another from head to feet over at most {MOST_MM:.0f} mm"
        raise ValueError(f"{found}; check their places")
    centreline = np.array(report.centreline_lps_mm, float).reshape(-1, 3)[::_EVERY]
    if len(centreline) < 2 or not _is_course(centreline):
        return through(line)
    nothing = np.zeros(len(centreline))
    bodies = [Vertebra(body, np.zeros((3, 2)), None, 0.0) for body in points]
    return refit(Centreline(centreline, nothing, nothing), bodies)


def _is_course(line: Floats) -> bool:
    """Whether points (n, 3) run from head to feet, none twice, and not too far."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    return bool(np.isfinite(line).all() and (steps > 0).all() and line[0, 2] > line[-1, 2] and steps.sum() <= MOST_MM)


def _points(report: Report) -> Floats:
    """The six points of every vertebra (n, 3, 2, 3), LPS mm."""
    if not report.vertebrae:
        raise ValueError(f"the report of {report.source.name} has no vertebrae: there is nothing to show; expected at least one")
    points = np.array([points_of(entry.points_lps_mm) for entry in report.vertebrae], float)
    assert points.shape[1:] == (len(COLUMNS), 2, 3)
    if not np.abs(points).max() < 1e5:
        raise ValueError(f"a point of the report of {report.source.name} lies beyond 100 m, or nowhere; expected LPS mm")
    return points


def _scan(source: ReportSource) -> FoundScan:
    """The scan that a report names; its path is the scan's own, so that there is one, or several in one zip or folder."""
    if not source.path:
        raise InputRefused("no_scan", f"{source.name} is {source.kind} and was never a file; give its CT as a file")
    scans = find_scans(Path(source.path)).scans
    if source.series_instance_uid:
        uid = source.series_instance_uid
        scans = tuple(s for s in scans if s.series is not None and s.series.tags.get("series_instance_uid") == uid)
    if len(scans) > 1:
        # a name may have been made longer where others clashed with it
        scans = tuple(s for s in scans if source.name.endswith(s.name))
    if len(scans) != 1:
        wanted = source.series_instance_uid or source.name
        raise InputRefused("other_scan", f"{source.path} holds {len(scans)} scans {wanted}; expected one; put its files back")
    return scans[0]


def _check_same(report: Report, volume: Volume) -> None:
    source, points = report.source, _points(report)
    shape, spacing = tuple(volume.hu.shape), tuple(round(float(step), 4) for step in volume.spacing_mm)
    if source.shape_vox is not None and tuple(source.shape_vox) != shape:
        raise _other(source, f"{shape} voxels", f"{tuple(source.shape_vox)}")
    if source.spacing_mm is not None and not np.allclose(source.spacing_mm, spacing, rtol=0, atol=2e-4):
        raise _other(source, f"voxels of {spacing} mm", f"{tuple(source.spacing_mm)} mm")
    voxels = frames.apply(volume.voxel_from_patient, points.mean((1, 2)))
    if ((voxels < -0.5) | (voxels > np.array(shape) - 0.5)).any():
        raise _other(source, "no voxels where the report has vertebrae", "a scan around them")


def _other(source: ReportSource, found: str, expected: str) -> InputRefused:
    return InputRefused(
        "other_scan", f"{source.path} has {found}; expected {expected} as in the report: it is another scan now; measure it anew"
    )
