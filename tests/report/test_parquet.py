"""Parquet tables: the same values as the CSV, with types that never depend on what is in them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from endplate.report import parquet, table
from endplate.report.build import empty_report
from endplate.report.report import Message, Report

from .conftest import CONTEXT


def refused(path: str = "/data/=1+1") -> Report:
    report = empty_report(replace(CONTEXT, messages=(Message("not_dicom", "error", "no DICOM"),)), "refused")
    return replace(report, source=replace(report.source, path=path))


def test_columns_and_types_do_not_depend_on_the_rows(fractured: Report, tmp_path: Path) -> None:
    for columns, rows in (
        (table.FINDING_COLUMNS, table.finding_rows(fractured)),
        (table.SCAN_COLUMNS, [table.scan_row(fractured), table.scan_row(refused())]),
    ):
        with parquet.parquet_rows(tmp_path / "full.parquet", columns) as add:
            add(rows)
        with parquet.parquet_rows(tmp_path / "empty.parquet", columns):
            pass
        full, empty = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("full", "empty"))
        assert tuple(full.column_names) == columns
        assert full.schema.equals(empty.schema)
        assert {str(field.type) for field in full.schema} <= {"string", "double", "int64", "bool"}
        assert full.to_pylist() == [{c: row[c] for c in columns} for row in rows]


def test_texts_are_as_they_are_but_encodable(tmp_path: Path) -> None:
    path = tmp_path / "scans.parquet"
    with parquet.parquet_rows(path, table.SCAN_COLUMNS) as add:
        add([table.scan_row(refused()), table.scan_row(refused("/data/\udcff.nii"))])
    assert pq.read_table(path)["path"].to_pylist() == ["/data/=1+1", "/data/\\udcff.nii"]


def test_an_earlier_table_stays_whole_where_the_new_one_fails(fractured: Report, tmp_path: Path) -> None:
    path = tmp_path / "scans.parquet"
    with parquet.parquet_rows(path, table.SCAN_COLUMNS) as add:
        add([table.scan_row(fractured)])
    before = path.read_bytes()

    def fails() -> None:
        with parquet.parquet_rows(path, table.SCAN_COLUMNS) as add:
            add([table.scan_row(refused())] * 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_many_rows_become_row_groups(fractured: Report, tmp_path: Path) -> None:
    rows = table.finding_rows(fractured)
    times = 2 * parquet.ROWS_AT_ONCE // len(rows) + 1
    with parquet.parquet_rows(tmp_path / "findings.parquet", table.FINDING_COLUMNS) as add:
        for _ in range(times):
            add(rows)
    with pq.ParquetFile(tmp_path / "findings.parquet") as file:
        assert file.metadata.num_rows == times * len(rows)
        assert file.metadata.num_row_groups > 1


def test_without_pyarrow_the_remedy_is_named(tmp_path: Path) -> None:
    code = f"""
import sys; sys.modules["pyarrow"] = None
from pathlib import Path
from endplate.cohort.tables import write_tables
from endplate.errors import EndplateError
out = Path({str(tmp_path)!r})
write_tables(out)
try:
    write_tables(out, parquet=True)
except EndplateError as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'endplate[cohort]'" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["findings.csv", "scans.csv"]
