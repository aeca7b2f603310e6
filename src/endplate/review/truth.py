"""Signed reviews -> the ``truth.json`` that training and ``endplate evaluate`` read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from endplate.anatomy import COLUMNS
from endplate.errors import InputRefused
from endplate.morphometry.norms import SHIPPED, Norms, shipped
from endplate.report.report import Entry, Report
from endplate.review.apply import reviewed
from endplate.review.document import Review

DECIMALS = 3


@dataclass(frozen=True)
class ReviewedScan:
    """One scan with its review.

    Attributes:
        name: of the case: its folder below the one that was given, joined by dashes.
        model: the report as the model wrote it.
        review: the reader's.
        after: the report as the reader leaves it.
    """

    name: str
    model: Report
    review: Review
    after: Report

    @property
    def reason_against(self) -> str | None:
        """Why it is no truth, or None."""
        if not self.review.is_signed:
            return "not signed"
        if self.review.decision == "rejected":
            return "rejected by the reader"
        usable = [i for i, e in enumerate(self.after.vertebrae) if _is_usable(e)]
        if not usable:
            return "no vertebra is whole and named"
        inside = self.after.vertebrae[usable[0] : usable[-1] + 1]
        gap = next((e for e in inside if not _is_usable(e)), None)
        if gap is None:
            return None
        why = "has no name" if gap.level is None else "counts as cut by the field of view; delete it and add it anew"
        return f"{gap.level or 'a vertebra'} between {self._named(usable[0])} and {self._named(usable[-1])} {why}"

    def _named(self, i: int) -> str:
        return self.after.vertebrae[i].level or "unnamed level"


def read_reviews(folder: Path, norms: Norms | None = None) -> tuple[ReviewedScan, ...]:
    """Every scan below a folder with ``review.json`` beside its ``report.json``, by name.

    Args:
        folder: searched to any depth.
        norms: to grade by; the shipped table that each report names if left out.

    Raises:
        InputRefused: if there is no review, a file cannot be read, or a review does not fit its report.
    """
    files = sorted(folder.rglob("review.json"))
    if not files:
        raise InputRefused("no_review", f"{folder} holds no review.json; give a folder with CASE/report.json and CASE/review.json")
    scans = [_scan(folder, file, norms) for file in files]
    names = [s.name for s in scans]
    if twice := [n for i, n in enumerate(names) if n in names[:i]]:
        raise InputRefused("bad_review", f"{folder}: two cases would be called {twice[0]}; rename one of their folders")
    return tuple(sorted(scans, key=lambda s: s.name))


def truth_content(scan: ReviewedScan) -> dict[str, Any]:
    """The content of ``truth.json``: whole, named vertebrae, head to feet.

    Bodies that the reader sets aside are marked ``precise: false``; ``levels_certain`` is false where the report as signed still
    calls its names uncertain. Neither the reader's name nor the scan's path is in it.
    """
    usable = [e for e in scan.after.vertebrae if _is_usable(e)]
    levels = scan.after.levels
    return {
        "source": {"schema": scan.review.schema, "version": scan.review.version, "decision": scan.review.decision},
        "levels_certain": not (levels and levels.uncertain),
        "vertebrae": [_vertebra(e) for e in usable],
        "centreline_lps_mm": [_centre(e) for e in scan.after.vertebrae],
    }


def _is_usable(entry: Entry) -> bool:
    return entry.complete and entry.level is not None


def _vertebra(entry: Entry) -> dict[str, Any]:
    points, tall = entry.points_lps_mm, entry.heights_mm
    content: dict[str, Any] = {
        "level": entry.level,
        "points_lps_mm": {name: [list(p) for p in getattr(points, name)] for name in COLUMNS},
        "heights_mm": {name: getattr(tall, name) for name in COLUMNS},
        "set_by_reader": entry.set_by_reader,
    }
    return content if entry.reason is None else content | {"precise": False, "note": entry.reason}


def _centre(entry: Entry) -> list[float]:
    six = [p for name in COLUMNS for p in getattr(entry.points_lps_mm, name)]
    return [round(sum(p[axis] for p in six) / len(six), DECIMALS) for axis in range(3)]


def _scan(folder: Path, file: Path, norms: Norms | None) -> ReviewedScan:
    beside = file.with_name("report.json")
    if not beside.is_file():
        raise InputRefused("bad_review", f"{file}: no report.json beside it; put there the report that the review was opened from")
    model: Report = _loaded(beside, Report.from_json)
    if model.review is not None:
        raise InputRefused("bad_review", f"{beside}: a report that carries a review already; put there the model's own report.json")
    review: Review = _loaded(file, Review.from_json)
    table = norms or _norms_of(beside, model)
    name = "-".join(file.parent.relative_to(folder).parts) or folder.resolve().name
    return ReviewedScan(name, model, review, _loaded(file, lambda _: reviewed(model, review, table)))


def _norms_of(file: Path, report: Report) -> Norms:
    if report.software.norms not in SHIPPED:
        said = f"measured by the norms {report.software.norms!r}, which do not come with endplate; give that table with --norms"
        raise InputRefused("bad_review", f"{file}: {said}")
    return shipped(report.software.norms)


def _loaded(file: Path, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(file.read_text(encoding="utf-8"))
    except (ValueError, TypeError, RecursionError) as error:
        raise InputRefused("bad_review", f"{file}: {error}; save the review again, or take the folder away") from None
