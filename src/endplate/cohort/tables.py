"""Tables and quality page over all results in an output folder, whichever run they are from; each report is read once."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from endplate.cohort import ledger
from endplate.report import parquet as parquet_tables
from endplate.report import table
from endplate.report.report import Report

if TYPE_CHECKING:
    from endplate.cohort.quality_page import QualityPage


def write_tables(out: Path, parquet: bool = False, page: bool = False) -> None:
    """Writes ``findings.csv`` and ``scans.csv``; each earlier file stays whole until the new one is.

    One report at a time is in memory, and a short row of each for the page.

    Args:
        out: folder of the results.
        parquet: write ``findings.parquet`` and ``scans.parquet`` as well.
        page: write ``quality.html`` and its ``thumbnails/`` as well.

    Raises:
        ExtraMissing: if Parquet is asked for and pyarrow is not installed.
        OSError: if a file cannot be written.
    """
    if parquet:
        parquet_tables.check_installed()
    quality = _quality_page(out) if page else None
    with ExitStack() as files:
        findings = [files.enter_context(table.csv_rows(out / "findings.csv", table.FINDING_COLUMNS))]
        scans = [files.enter_context(table.csv_rows(out / "scans.csv", table.SCAN_COLUMNS))]
        if parquet:
            findings.append(files.enter_context(parquet_tables.parquet_rows(out / "findings.parquet", table.FINDING_COLUMNS)))
            scans.append(files.enter_context(parquet_tables.parquet_rows(out / "scans.parquet", table.SCAN_COLUMNS)))
        for folder in ledger.finished(out):
            report = read_report(folder)
            rows = table.finding_rows(report)
            for add in findings:
                add(rows)
            for add in scans:
                add([table.scan_row(report)])
            if quality is not None:
                quality.add(folder, report)
    if quality is not None:
        quality.write()


def read_report(folder: Path) -> Report:
    """The report of a scan's folder."""
    return Report.from_json((folder / "report.json").read_text(encoding="utf-8"))


def _quality_page(out: Path) -> QualityPage:
    from endplate.cohort.quality_page import QualityPage

    return QualityPage(out)
