"""Which CT series of a study is measured.

A study holds the same patient several times: thin and thick, soft and lung kernel, axial, coronal. One of them answers the
question. The rules, the first that tells two series apart decides:

1. its headers make one stack (no gap, one spacing, a known frame);
2. it covers at least half of what the longest such series covers, so that a thin slab of ten slices never wins;
3. original, not derived;
4. axial, not a coronal or sagittal reformat;
5. thin: up to 1.5, up to 3, up to 5 mm from slice to slice, or more;
6. a soft or bone kernel, then an unknown one, then one for lung or edges;
7. the longest coverage, then the most slices, then the lowest Series Number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from endplate.errors import InputRefused
from endplate.volume.dicom_series import Series, header_stack
from endplate.volume.scan_list import FoundScan, LeftOut, ScanList
from endplate.volume.slices import normal

LEAST_COVERAGE = 0.5
STEP_BANDS_MM = (1.5, 3.0, 5.0)
"""Heights of 15 to 30 mm: 3 mm is the usual limit for reformats of the spine, 1.5 mm loses nothing."""

LEAST_AXIAL = 0.8
"""Share of the normal along the patient's axis; a gantry tilt of 30 degrees has 0.87, the nearest reformat 0.7 and less."""

# Makers' names of kernels (DICOM has no terms for them): Siemens Bl57, B70f to B90s; GE LUNG, EDGE, CHEST; Canon FC50 to FC59,
# FC80 to FC89; Philips L, YC, YD
_SHARP = re.compile(r"\b(LUNG|EDGE|CHEST|FC5\d|FC8\d|YC|YD|L|[BH][789]\d\w*|BL\d+\w*)\b", re.IGNORECASE)
# Siemens B10 to B69, Br, Bf, Bv, Qr, Hr, Hv, I and J as iterative forms; GE STANDARD, SOFT, DETAIL, BONE; Philips A to D, YA, YB;
# Canon FC01 to FC49
_PLAIN = re.compile(
    r"\b(STANDARD|SOFT|DETAIL|BONE|BONEPLUS|ABDOMEN|BODY|[BHIJ][1-6]\d\w*|[BHQ][RFVS]\d+\w*|FC[0-4]\d|A|B|C|D|YA|YB)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Choice:
    """What the user wants of studies with several CT series.

    Attributes:
        all_series: take every series.
        series: take the series with this Series Instance UID alone.
    """

    all_series: bool = False
    series: str | None = None


@dataclass(frozen=True)
class _Candidate:
    scan: FoundScan
    fault: str
    span_mm: float
    step_mm: float
    slices: int
    original: bool
    axial: bool
    kernel: str

    @property
    def kernel_rank(self) -> int:
        return 2 if _SHARP.search(self.kernel) else 0 if _PLAIN.search(self.kernel) else 1

    @property
    def band(self) -> int:
        return int(np.searchsorted(STEP_BANDS_MM, round(self.step_mm, 2)))


def chosen(found: ScanList, choice: Choice) -> ScanList:
    """The scans that are to be measured; what is passed over moves to ``not_taken``, with the reason.

    Raises:
        InputRefused: ``no_such_series`` if no series has the UID that was asked for.
    """
    if choice.series is not None:
        return _by_uid(found, choice.series)
    if choice.all_series:
        return found
    studies: dict[str, list[int]] = {}
    for n, scan in enumerate(found.scans):
        studies.setdefault(_study(scan) or f"no study {n}", []).append(n)
    kept: dict[int, FoundScan] = {}
    passed: list[LeftOut] = []
    for numbers in studies.values():
        best, others = _best([found.scans[n] for n in numbers])
        kept[numbers[best[0]]] = best[1]
        passed += others
    return replace(found, scans=tuple(kept[n] for n in sorted(kept)), not_taken=tuple(passed))


def uid_of(scan: FoundScan) -> str:
    """Series Instance UID, or nothing for what is no DICOM."""
    return "" if scan.series is None else str(scan.series.tags.get("series_instance_uid") or "")


def _name(scan: FoundScan) -> str:
    number = "?" if scan.series is None or scan.series.number is None else scan.series.number
    return f"series {number} ({uid_of(scan)})"


def _study(scan: FoundScan) -> str:
    return "" if scan.series is None else str(scan.series.tags.get("study_instance_uid") or "")


def _by_uid(found: ScanList, uid: str) -> ScanList:
    taken = tuple(scan for scan in found.scans if uid_of(scan) == uid)
    if not taken:
        known = ", ".join(uid_of(scan) for scan in found.scans[:10] if uid_of(scan)) or "none"
        raise InputRefused("no_such_series", f"no CT series has the UID {uid[:80]!r}; expected one of: {known}; give one of these")
    others = tuple(
        LeftOut(scan.path, "not_taken", f"{_name(scan)} was not asked for")
        for scan in found.scans
        if uid_of(scan) != uid and scan.series is not None
    )
    return ScanList(taken, found.skipped, (), others)


def _best(scans: Sequence[FoundScan]) -> tuple[tuple[int, FoundScan], list[LeftOut]]:
    """The best of a study's scans, with its index, and why the others are not."""
    if len(scans) == 1:
        return (0, scans[0]), []
    candidates = [_candidate(scan, scan.series) for scan in scans if scan.series is not None]
    longest = max((c.span_mm for c in candidates if not c.fault), default=0.0)
    ranked = sorted(range(len(candidates)), key=lambda n: _rank(candidates[n], longest))
    best, others = candidates[ranked[0]], [candidates[n] for n in ranked[1:]]
    passed = [LeftOut(c.scan.path, "not_taken", f"{_name(c.scan)} was not taken: {_reason(c, best, longest)}") for c in others]
    said = tuple(f"{item.reason}; --series takes it alone, --all-series takes all" for item in passed)
    taken = replace(best.scan, messages=(*best.scan.messages, *said), not_taken=tuple(item.reason for item in passed))
    return (ranked[0], taken), passed


def _rank(c: _Candidate, longest_mm: float) -> tuple[object, ...]:
    """Smaller is better; in the order of the module's rules."""
    number = c.scan.series.number if c.scan.series is not None and c.scan.series.number is not None else 1 << 31
    rules = (bool(c.fault), _is_short(c, longest_mm), not c.original, not c.axial, c.band, c.kernel_rank)
    return (*rules, -round(c.span_mm), -c.slices, number, uid_of(c.scan))


def _is_short(c: _Candidate, longest_mm: float) -> bool:
    return c.span_mm < LEAST_COVERAGE * longest_mm


def _reason(c: _Candidate, best: _Candidate, longest_mm: float) -> str:
    """The first rule by which a series is worse than the best."""
    coverage = f"covers {c.span_mm:.0f} mm against {best.span_mm:.0f} mm"
    rules = (
        (bool(c.fault) and not best.fault, c.fault),
        (_is_short(c, longest_mm) > _is_short(best, longest_mm), coverage),
        (best.original > c.original, "is derived, the other original"),
        (best.axial > c.axial, "is not axial"),
        (c.band > best.band, f"has a slice every {c.step_mm:.2f} mm against {best.step_mm:.2f} mm"),
        (c.kernel_rank > best.kernel_rank, f"kernel {c.kernel or 'not given'} against {best.kernel or 'not given'}"),
        (round(c.span_mm) < round(best.span_mm), coverage),
        (c.slices < best.slices, f"has {c.slices} slices against {best.slices}"),
    )
    return next((text for applies, text in rules if applies), f"is as good as {_name(best.scan)}, which comes first")


def _candidate(scan: FoundScan, series: Series) -> _Candidate:
    first = series.slices[0]
    original = not first.image_type or first.image_type[0].upper() != "DERIVED"
    kernel = str(series.tags.get("kernel") or "")
    try:
        stack = header_stack(series.slices)
        axis = normal(np.array(first.orientation, float))
    except InputRefused as refusal:
        return _Candidate(scan, refusal.message, 0.0, 99.0, len(series.slices), original, False, kernel)
    step = float(abs(stack.patient_from_voxel[:3, 0] @ axis))
    count = len(stack.order)
    return _Candidate(scan, "", step * count, step, count, original, bool(abs(axis[2]) >= LEAST_AXIAL), kernel)
