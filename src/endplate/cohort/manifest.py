"""Which scans a cohort has, as a table: a CSV or Parquet file with a column ``path`` or ``url``."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from endplate.errors import EndplateError, InputRefused

COLUMNS = ("path", "url")
SUFFIXES = (".csv", ".parquet")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SEPARATORS = ",;\t"


def read_manifest(path: Path) -> list[str]:
    """Paths and URLs of the scans, in the manifest's order; a relative path is relative to the manifest's folder.

    Args:
        path: CSV (UTF-8; comma, semicolon or tab) or Parquet with a column ``path`` or ``url``, or both; further columns
            are left alone. A row without any value is passed over.

    Raises:
        InputRefused: if there is no such column, a row names no scan, or the file cannot be read.
        EndplateError: if it is Parquet and pyarrow is not installed.
    """
    entries = [_entry(path, place, row) for place, row in _rows(path)]
    if not entries:
        raise _refusal(path, f"names no scan; expected a row for each below the column {' or '.join(COLUMNS)}")
    return entries


def _entry(manifest: Path, place: int, row: Mapping[str, str]) -> str:
    text = next((row[c] for c in COLUMNS if row.get(c)), "")
    if not text:
        raise _refusal(manifest, f"row {place} has no {' or '.join(COLUMNS)}; give one, or take the row out")
    if "\0" in text:
        raise _refusal(manifest, f"row {place}, path {text!r} holds a NUL character, which no path can; correct it")
    return text if _URL.match(text) else str(manifest.parent / text)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of the row, from 1 below the header, and its cells in the columns that we know; empty rows are left out."""
    if path.suffix.lower() not in SUFFIXES:
        raise _refusal(path, f"is a {path.suffix or 'file without a suffix'}; expected {' or '.join(SUFFIXES)}")
    try:
        yield from _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    except UnicodeDecodeError as error:
        raise _refusal(path, f"is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except csv.Error as error:
        raise _refusal(path, f"is no CSV: {error}; save it as CSV in UTF-8") from error
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror or error}; check its path and permissions") from error


def _csv(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        header = stream.readline()
        separator = max(_SEPARATORS, key=header.count)
        names = [n.strip().lower() for n in next(csv.reader([header], delimiter=separator), [])]
        _check(path, names)
        for place, cells in enumerate(csv.reader(stream, delimiter=separator, strict=True), 1):
            if any(c.strip() for c in cells):
                yield place, {n: c.strip() for n, c in zip(names, cells, strict=False) if n in COLUMNS}


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        reason = f"{path} is Parquet, which needs pyarrow: pip install 'endplate[cohort]', or give the manifest as CSV"
        raise EndplateError("no_pyarrow", reason) from error
    try:
        with pq.ParquetFile(path) as file:
            names = {name.strip().lower(): name for name in file.schema_arrow.names}
            _check(path, list(names))
            rows = file.read([names[c] for c in COLUMNS if c in names]).to_pylist()
    except pa.ArrowInvalid as error:
        raise _refusal(path, f"is no Parquet: {error}; write it again") from error
    for place, row in enumerate(rows, 1):
        cells = {c: str(row[names[c]]).strip() for c in COLUMNS if c in names and row[names[c]] is not None}
        yield place, cells


def _check(path: Path, names: list[str]) -> None:
    if not set(COLUMNS) & set(names):
        shown = ", ".join(map(repr, names[:12])) or "none"
        raise _refusal(path, f"has the columns {shown}; expected {' or '.join(map(repr, COLUMNS))}: name that of the scans so")


def _refusal(path: Path, what: str) -> InputRefused:
    return InputRefused("bad_manifest", f"manifest {path} {what}")
