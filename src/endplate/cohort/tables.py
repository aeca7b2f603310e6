"""``findings.csv`` and ``scans.csv`` over all results in an output folder, whichever run they are from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from endplate.cohort import ledger
from endplate.report import table
from endplate.report.report import Report


def write_tables(out: Path) -> None:
    """Writes both tables; an earlier table stays whole until the new one is."""
    reports = [read_report(folder) for folder in ledger.finished(out)]
    _replace(out / "findings.csv", lambda half: table.write_findings(reports, half))
    _replace(out / "scans.csv", lambda half: table.write_scans(reports, half))


def read_report(folder: Path) -> Report:
    """The report of a scan's folder."""
    return Report.from_json((folder / "report.json").read_text(encoding="utf-8"))


def _replace(file: Path, write: Callable[[Path], object]) -> None:
    half = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        write(half)
        os.replace(half, file)
    finally:
        half.unlink(missing_ok=True)
