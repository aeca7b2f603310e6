"""A DICOM series: its slices chosen, put in order and read as one volume.

What happens to slices that do not form one plain stack:

| found | done |
|---|---|
| the same SOP Instance twice | one is used, with a message |
| several orientations, matrices or pixel spacings | the largest set is used, the others are named |
| two slices at one position, equal pixels | one is used, with a message |
| several acquisitions over one range (phases, repeats) | the largest is used, the others are named |
| other slices at one position | refused, ``overlapping_slices`` |
| a gap | refused, ``missing_slices``; up to three stray slices (10 %) beyond a gap are left out with a message |
| small irregularities of spacing | interpolated to even spacing, with a message |
| a change of spacing | refused, ``uneven_spacing`` |
| gantry tilt | kept as a shear of the affine, with a message |
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused
from endplate.volume import slices as geometry
from endplate.volume.dicom_headers import DicomFile, DicomSlice
from endplate.volume.dicom_pixels import hounsfield_slices, same_pixels
from endplate.volume.hounsfield import MOST_VOXELS
from endplate.volume.plausibility import check_plausible
from endplate.volume.volume import Source, Volume

FEWEST_SLICES = 3

Slices = tuple[DicomSlice, ...]


@dataclass(frozen=True)
class Series:
    """The CT slices that share a Series Instance UID, in no order.

    Attributes:
        folder: the deepest folder that holds all its files.
        slices: at least one.
        number: Series Number, or None.
        tags: facts for the report.
    """

    folder: Path
    slices: Slices
    number: int | None = None
    tags: dict[str, str | float | int | None] = field(default_factory=dict)


def series_of(files: Sequence[DicomFile]) -> list[Series]:
    """Groups files by Study and Series Instance UID, in order of first appearance."""
    groups: dict[Hashable, list[DicomFile]] = {}
    for file in files:
        groups.setdefault((file.tags["study_instance_uid"], file.series_instance_uid), []).append(file)
    return [_series(group) for group in groups.values()]


def read_series(series: Series, name: str = "scan") -> Volume:
    """The volume of a series.

    Raises:
        InputRefused: as the table above says, and ``too_few_slices``, ``truncated``, ``codec_missing``, ``not_hounsfield``.
    """
    chosen, messages = choose_slices(series.slices)
    stack = geometry.stack(_positions(chosen), _array(chosen[0].orientation), _array(chosen[0].pixel_spacing_mm))
    hu = hounsfield_slices([chosen[i] for i in stack.order])
    if not stack.is_even:
        hu = geometry.even(hu, stack.place)
    source = Source("dicom", str(series.folder), name, dict(series.tags), messages + stack.messages)
    volume = Volume(hu, stack.patient_from_voxel, source)
    check_plausible(volume, name)
    return volume


def header_stack(found: Slices) -> geometry.Stack:
    """The stack that headers alone promise: the largest set of one plane, one slice per position, no pixels read.

    Raises:
        InputRefused: ``too_few_slices``, ``too_large``, or as `endplate.volume.slices.stack`.
    """
    alike, _ = _largest(found, _plane)
    extra = {i for group in geometry.doubled(_along(alike)) for i in group[1:]}
    apart = tuple(s for i, s in enumerate(alike) if i not in extra)
    _check_count(apart)
    return geometry.stack(_positions(apart), _array(apart[0].orientation), _array(apart[0].pixel_spacing_mm))


def choose_slices(found: Slices) -> tuple[Slices, tuple[str, ...]]:
    """One stack's worth of slices, no two at one position, and messages on those left out.

    Raises:
        InputRefused: ``too_few_slices``, ``overlapping_slices``, ``too_large``.
    """
    _check_count(found)
    once = tuple({(s.sop_instance_uid or str(s.path), s.frame, s.position_mm): s for s in reversed(found)}.values())[::-1]
    messages: tuple[str, ...] = ()
    if len(once) < len(found):
        messages = (f"{len(found) - len(once)} files repeat another file of the series and were left out",)
    alike, left_out = _largest(once, _plane)
    if left_out:
        messages += (f"the series holds several orientations, matrices or pixel spacings; the largest set is used, not {left_out}",)
    _check_count(alike)
    apart, more = _one_per_position(alike)
    _check_count(apart)
    return apart, messages + more


def _series(files: list[DicomFile]) -> Series:
    slices = tuple(s for file in files for s in file.slices)
    folders = {s.path.parent for s in slices}
    folder = next(f for f in (min(folders), *min(folders).parents) if all(other.is_relative_to(f) for other in folders))
    return Series(folder, slices, files[0].series_number, files[0].tags)


def _check_count(slices: Slices) -> None:
    if len(slices) < FEWEST_SLICES:
        found = f"{slices[0].path.name} and its series make {len(slices)} parallel CT slices"
        raise InputRefused("too_few_slices", f"{found}; expected at least {FEWEST_SLICES}; give the folder of the whole series")
    voxels = len(slices) * slices[0].format.rows * slices[0].format.columns
    if voxels > MOST_VOXELS:
        raise InputRefused("too_large", f"the series holds {voxels:,} voxels; expected at most {MOST_VOXELS:,}; give a part of it")


def _plane(image: DicomSlice) -> Hashable:
    """What slices of one stack share."""
    spacing = tuple(round(v, 4) for v in image.pixel_spacing_mm)
    return image.format.rows, image.format.columns, spacing, tuple(round(v, 3) + 0.0 for v in image.orientation)


def _largest(slices: Slices, key: Callable[[DicomSlice], Hashable]) -> tuple[Slices, str]:
    """The most numerous group by key (the first of equals), and the sizes of the others in words."""
    groups: dict[Hashable, list[DicomSlice]] = {}
    for image in slices:
        groups.setdefault(key(image), []).append(image)
    ranked = sorted(groups.values(), key=len, reverse=True)
    return tuple(ranked[0]), ", ".join(f"{len(group)} slices such as {group[0].path.name}" for group in ranked[1:])


def _one_per_position(slices: Slices) -> tuple[Slices, tuple[str, ...]]:
    along = _along(slices)
    doubled = geometry.doubled(along)
    if not doubled and not _interleaved(slices, along):
        return slices, ()
    if doubled and all(same_pixels(slices[group[0]], slices[i]) for group in doubled for i in group[1:]):
        extra = {i for group in doubled for i in group[1:]}
        return tuple(s for i, s in enumerate(slices) if i not in extra), (f"{len(extra)} duplicate slices were left out",)
    kept, said = _one_of_several(slices, along, doubled)
    if not kept:
        first = slices[doubled[0][0] if doubled else 0]
        raise InputRefused(
            "overlapping_slices",
            f"{len(doubled)} positions hold several slices with different pixels, such as {first.path.name} at "
            f"{np.round(first.position_mm, 2).tolist()}; expected one slice per position; give one acquisition at a time",
        )
    return kept, said


def _one_of_several(slices: Slices, along: NDArray[np.floating], doubled: list[list[int]]) -> tuple[Slices, tuple[str, ...]]:
    """The largest of several volumes over one range, if the headers tell them apart; else nothing.

    It must reach over half the range, so that a rotation of an axial scan is never taken for the scan. Runs of instance
    numbers are but a guess, and good only where the largest leaves no position out.
    """
    positions = len(slices) - sum(len(group) - 1 for group in doubled)
    ways = (
        ("acquisitions", _acquisition, 0),
        ("image types", _image_type, 0),
        ("runs of instance numbers", _runs(slices), positions),
    )
    for what, key, fewest in ways:
        kept, left_out = _largest(slices, key)
        kept_mm = _along(kept)
        enough = len(kept) >= max(fewest, FEWEST_SLICES) and np.ptp(kept_mm) >= 0.5 * np.ptp(along)
        if left_out and enough and not geometry.doubled(kept_mm):
            return kept, (f"the series holds several {what} over the same range; the largest is used, not {left_out}",)
    return (), ()


def _interleaved(slices: Slices, along: NDArray[np.floating]) -> bool:
    """True where whole acquisitions cover the same range, even though no two slices share a position."""
    ranges: dict[int | None, list[float]] = {}
    for image, at in zip(slices, along, strict=True):
        ranges.setdefault(image.acquisition, []).append(float(at))
    spans = sorted((min(r), max(r)) for r in ranges.values() if len(r) >= FEWEST_SLICES)
    return any(
        min(high, next_high) - next_low > 0.5 * min(high - low, next_high - next_low)
        for (low, high), (next_low, next_high) in pairwise(spans)
    )


def _acquisition(image: DicomSlice) -> Hashable:
    return image.acquisition


def _image_type(image: DicomSlice) -> Hashable:
    return image.image_type


def _runs(slices: Slices) -> Callable[[DicomSlice], Hashable]:
    """Numbers the runs of instances within which the position moves on in one direction."""
    ordered = sorted(slices, key=lambda s: s.instance)
    steps = np.diff(_along(tuple(ordered)))
    back = np.sign(steps) != np.sign(np.median(steps))
    run = {id(image): int(n) for image, n in zip(ordered, np.concatenate([[0], np.cumsum(back)]), strict=True)}
    return lambda image: run[id(image)]


def _along(slices: Slices) -> NDArray[np.floating]:
    return np.asarray(_positions(slices) @ geometry.normal(_array(slices[0].orientation)))


def _positions(slices: Slices) -> NDArray[np.floating]:
    return np.array([s.position_mm for s in slices], float)


def _array(values: tuple[float, ...]) -> NDArray[np.floating]:
    return np.array(values, float)
