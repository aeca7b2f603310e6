"""Reports as tables: one row per vertebra, one row per scan."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from endplate.report.report import Entry, Report

# OWASP, "CSV injection": a text that begins with = + - @ (or their wide forms), a tab or a line break is taken for a formula;
# a spreadsheet whose list separator is a semicolon or a tab begins a new cell there, even within our quotes, and a new row at a
# line break; spaces and quotes before a formula may be dropped
_FORMULA = re.compile('((?:^|[;\t\r\n])[\\s"]*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])')
FINDING_COLUMNS = (
    "scan", "level", "level_confidence", "ha_mm", "hm_mm", "hp_mm", "ha_hp", "hm_hp", "hp_expected", "ha_hp_z", "hm_hp_z",
    "genant_index", "loss", "loss_low_95", "loss_high_95", "grade", "p_grade_0", "p_grade_1", "p_grade_2", "p_grade_3",
    "shape", "flag", "hu_mean", "hu_sd", "complete", "assessable", "reason", "weak_norm", "score", "series_instance_uid",
    "set_by_reader", "review", "review_version", "reader", "reviewed_at",
)  # fmt: skip
SCAN_COLUMNS = (
    "scan", "status", "messages", "vertebrae", "assessed", "fractures", "mild_deformities", "worst_level", "worst_loss",
    "worst_grade", "fracture_probability", "spinal_deformity_index", "kyphosis_deg", "l1_hu", "l1_level", "l1_category",
    "top_level", "levels_confidence", "sentence", "kind", "path", "series_instance_uid", "slice_spacing_mm", "seconds",
    "review", "review_version", "reader", "reviewed_at", "edits", "review_edits", "review_comment",
)  # fmt: skip
Row = dict[str, Any]
AddRows = Callable[[Iterable[Row]], object]


def finding_rows(report: Report) -> list[Row]:
    """One row per vertebra."""
    of_scan, state = {"series_instance_uid": report.source.series_instance_uid}, _review(report)
    return [
        {"scan": report.source.name, **_finding(entry), **of_scan, "set_by_reader": entry.set_by_reader, **state}
        for entry in report.vertebrae
    ]


def _review(report: Report) -> Row:
    """The state of the review; empty where nobody saved one."""
    state = report.review
    return {
        "review": state.decision if state else None,
        "review_version": state.version if state else None,
        "reader": state.reader if state else None,
        "reviewed_at": state.signed_at if state else None,
    }


def _finding(e: Entry) -> Row:
    low, high = e.loss_interval_95 or (None, None)
    probability = e.grade_probability or (None,) * 4
    return {
        "level": e.level,
        "level_confidence": e.level_confidence,
        "ha_mm": e.heights_mm.anterior,
        "hm_mm": e.heights_mm.middle,
        "hp_mm": e.heights_mm.posterior,
        "ha_hp": e.ratios.ha_hp,
        "hm_hp": e.ratios.hm_hp,
        "hp_expected": e.ratios.hp_expected,
        "ha_hp_z": e.ratios.ha_hp_z,
        "hm_hp_z": e.ratios.hm_hp_z,
        "genant_index": e.genant_index,
        "loss": e.loss,
        "loss_low_95": low,
        "loss_high_95": high,
        "grade": e.grade,
        **{f"p_grade_{i}": p for i, p in enumerate(probability)},
        "shape": e.shape,
        "flag": e.flag,
        "hu_mean": e.hu.mean_hu if e.hu else None,
        "hu_sd": e.hu.sd_hu if e.hu else None,
        "complete": e.complete,
        "assessable": e.assessable,
        "reason": e.reason,
        "weak_norm": e.weak_norm,
        "score": e.score,
    }


def scan_row(report: Report) -> Row:
    """One row for the scan."""
    s, levels, source = report.summary, report.levels, report.source
    spacing, density, state = source.spacing_mm, s.density if s else None, report.review
    return {
        "scan": source.name,
        "status": report.status,
        "messages": "; ".join(f"{m.code}: {m.text}" for m in report.messages),
        "vertebrae": s.vertebrae if s else 0,
        "assessed": s.assessed if s else 0,
        "fractures": s.fractures if s else None,
        "mild_deformities": s.mild_deformities if s else None,
        "worst_level": s.worst_level if s else None,
        "worst_loss": s.worst_loss if s else None,
        "worst_grade": s.worst_grade if s else None,
        "fracture_probability": s.fracture_probability if s else None,
        "spinal_deformity_index": s.spinal_deformity_index if s else None,
        "kyphosis_deg": s.kyphosis_deg if s else None,
        "l1_hu": density.mean_hu if density else None,
        "l1_level": density.level if density else None,
        "l1_category": density.category if density else None,
        "top_level": levels.top if levels else None,
        "levels_confidence": levels.confidence if levels else None,
        "sentence": s.sentence if s else None,
        "kind": source.kind,
        "path": source.path,
        "series_instance_uid": source.series_instance_uid,
        "slice_spacing_mm": spacing[0] if spacing else None,
        "seconds": report.timing_s.get("total"),
        **_review(report),
        "edits": len(state.edits) if state else None,
        "review_edits": "; ".join(state.edits) if state else None,
        "review_comment": state.comment if state else None,
    }


def write_findings(reports: Iterable[Report], path: Path) -> None:
    """Write ``findings.csv``, all at once or not at all; without vertebrae, its header."""
    with csv_rows(path, FINDING_COLUMNS) as add:
        for report in reports:
            add(finding_rows(report))


def findings_csv(reports: Iterable[Report]) -> bytes:
    """The content of ``findings.csv``."""
    stream = io.StringIO(newline="")
    add = _writing(stream, FINDING_COLUMNS)
    for report in reports:
        add(finding_rows(report))
    return stream.getvalue().encode("utf-8", "backslashreplace")


def write_scans(reports: Iterable[Report], path: Path) -> None:
    """Write ``scans.csv``, all at once or not at all; without scans, its header."""
    with csv_rows(path, SCAN_COLUMNS) as add:
        for report in reports:
            add([scan_row(report)])


@contextmanager
def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[AddRows]:
    """Something that appends rows to a CSV file, which takes the place of an earlier one once all are there."""
    # paths on Linux may hold bytes that are no text
    with replaced(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        yield _writing(stream, columns)


def _writing(stream: IO[str], columns: Sequence[str]) -> AddRows:
    """Writes the header, and gives what appends rows to it."""
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    return lambda rows: writer.writerows({k: _safe(v) for k, v in row.items()} for row in rows)


def _safe(value: Any) -> Any:
    """A text with an apostrophe before whatever a spreadsheet would run as a formula."""
    if not isinstance(value, str):
        return value
    marked = _FORMULA.sub("\\1'", value)
    return f"'{marked}" if marked.startswith(("\t", "\r", "\n")) else marked


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    with replaced(path) as part:
        part.write_bytes(content)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A hidden file to write beside the path; takes its place at the end, or vanishes if anything goes wrong."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        # else a power cut after the renaming could leave an empty file under the final name
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
