"""``findings.csv`` and ``scans.csv`` over all results in an output folder, whichever run they are from."""

from __future__ import annotations

from pathlib import Path

from endplate.cohort import ledger
from endplate.report import table
from endplate.report.report import Report


def write_tables(out: Path) -> None:
    """Writes both tables; an earlier table stays whole until the new one is."""
    reports = [read_report(folder) for folder in ledger.finished(out)]
    table.write_findings(reports, out / "findings.csv")
    table.write_scans(reports, out / "scans.csv")


def read_report(folder: Path) -> Report:
    """The report of a scan's folder."""
    return Report.from_json((folder / "report.json").read_text(encoding="utf-8"))
