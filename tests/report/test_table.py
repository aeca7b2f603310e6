from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from endplate.report import table
from endplate.report.build import empty_report
from endplate.report.report import Message, Report

from .conftest import CONTEXT


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_a_row_per_vertebra(fractured: Report, tmp_path: Path) -> None:
    table.write_findings([fractured, fractured], tmp_path / "findings.csv")
    rows = read(tmp_path / "findings.csv")
    assert len(rows) == 2 * len(fractured.vertebrae)
    worst = rows[4]
    assert (worst["scan"], worst["level"], worst["grade"], worst["shape"], worst["assessable"]) == ("a", "T8", "3", "wedge", "True")
    assert float(worst["loss"]) == pytest.approx(0.4, abs=0.01)
    assert float(worst["loss_low_95"]) < float(worst["loss"]) < float(worst["loss_high_95"])
    assert (rows[0]["grade"], rows[0]["reason"]) == ("", "cut by the field of view")


def test_a_row_per_scan_whatever_its_status(fractured: Report, tmp_path: Path) -> None:
    said = replace(CONTEXT, messages=(Message("no_spine", "info", "no spine was found"),))
    table.write_scans([fractured, empty_report(said, "no_spine"), empty_report(said, "refused")], tmp_path / "scans.csv")
    rows = read(tmp_path / "scans.csv")
    assert [row["status"] for row in rows] == ["ok", "no_spine", "refused"]
    assert (rows[0]["worst_level"], rows[0]["fractures"], rows[1]["fractures"]) == ("T8", "1", "")
    assert rows[1]["messages"] == "no_spine: no spine was found"


def test_declared_columns_are_those_of_the_rows(fractured: Report) -> None:
    assert tuple(table.finding_rows(fractured)[0]) == table.FINDING_COLUMNS
    assert tuple(table.scan_row(fractured)) == table.SCAN_COLUMNS


def test_no_scans_give_a_header_that_can_be_read(tmp_path: Path) -> None:
    table.write_findings([], tmp_path / "findings.csv")
    table.write_scans([], tmp_path / "scans.csv")
    assert (tmp_path / "findings.csv").read_text() == ",".join(table.FINDING_COLUMNS) + "\n"
    assert (tmp_path / "scans.csv").read_text() == ",".join(table.SCAN_COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        *((name, f"'{name}") for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\uff1d1", '=HYPERLINK("http://x")')),
        ("\n=1", "'\n'=1"),
        (" =1", " '=1"),
        ('a;=1;"@x', "a;'=1;\"'@x"),
        ("a;b\n+1", "a;b\n'+1"),
        ("T12-L1, 31 %; see x=1", "T12-L1, 31 %; see x=1"),
    ],
)
def test_a_spreadsheet_runs_no_formula(fractured: Report, tmp_path: Path, name: str, written: str) -> None:
    source = replace(fractured.source, name=name, path=name, series_instance_uid=name)
    table.write_scans([replace(fractured, source=source)], tmp_path / "scans.csv")
    (row,) = read(tmp_path / "scans.csv")
    assert (row["scan"], row["path"], row["series_instance_uid"]) == (written,) * 3


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("=+-@;,\t\r\n \"'|a1\uff1d", max_size=12), st.sampled_from(",;\t"))
def test_no_cell_is_a_formula_whatever_the_list_separator(fractured: Report, tmp_path: Path, text: str, separator: str) -> None:
    """As spreadsheets of other countries read the same file: another separator, where our quotes stand within a cell."""
    message = Message("reader", "info", text)
    made = replace(fractured, messages=(message,), source=replace(fractured.source, name=text, path=text))
    table.write_scans([made], tmp_path / "scans.csv")
    content = (tmp_path / "scans.csv").read_text(encoding="utf-8")
    lines = content.splitlines() if separator != "," else [content]
    found = csv.reader(io.StringIO(content, newline=""), delimiter=separator)
    split = [cell for line in lines for cell in line.split(separator)] if separator != "," else []
    cells = [cell.lstrip(' "') for row in found for cell in row] + [cell.lstrip(' "') for cell in split]
    numbers = re.compile(r"-?[0-9.]+")
    assert not [c for c in cells if c.startswith(("=", "+", "-", "@", "\uff1d")) and not numbers.fullmatch(c)]


def test_bytes_of_a_path_that_are_no_text_are_written_as_escapes(fractured: Report, tmp_path: Path) -> None:
    made = replace(fractured, source=replace(fractured.source, path="scan-\udcff"))
    table.write_scans([made], tmp_path / "scans.csv")
    assert read(tmp_path / "scans.csv")[0]["path"] == "scan-\\udcff"


def test_negative_numbers_stay_numbers(fractured: Report, tmp_path: Path) -> None:
    table.write_findings([fractured], tmp_path / "findings.csv")
    assert float(read(tmp_path / "findings.csv")[4]["ha_hp_z"]) < 0


def test_the_same_reports_give_the_same_file(fractured: Report, tmp_path: Path) -> None:
    for name in ("one", "two"):
        table.write_findings([fractured], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    table.write_atomically(tmp_path / "a.csv", b"old")
    with pytest.raises(TypeError):
        table.write_atomically(tmp_path / "a.csv", "text, not bytes")  # type: ignore[arg-type]
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
