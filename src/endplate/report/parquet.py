"""Reports as Parquet tables: the columns of ``report/table.py``, each with a type that never depends on what is in it.

The library pyarrow comes with ``pip install 'endplate[cohort]'``; it is loaded when a table is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from endplate.errors import ExtraMissing
from endplate.report.table import AddRows, Row, replaced

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["string", "float64", "int64", "bool"]
STRINGS = frozenset(
    {"scan", "level", "shape", "flag", "reason", "series_instance_uid", "status", "messages", "worst_level", "l1_level"}
    | {"l1_category", "top_level", "sentence", "kind", "path", "review", "reader", "reviewed_at", "review_edits", "review_comment"}
)
COUNTS = frozenset(
    {"grade", "vertebrae", "assessed", "fractures", "mild_deformities", "worst_grade", "spinal_deformity_index"}
    | {"review_version", "edits"}
)
TRUTHS = frozenset({"complete", "assessable", "weak_norm", "set_by_reader"})
ROWS_AT_ONCE = 5_000
"""Rows that are held in memory before they are written as a row group."""


def kind_of(column: str) -> Kind:
    """The type of a column; what is neither text, count nor truth is a number.

    >>> kind_of("loss"), kind_of("grade"), kind_of("assessable"), kind_of("scan")
    ('float64', 'int64', 'bool', 'string')
    """
    return "string" if column in STRINGS else "int64" if column in COUNTS else "bool" if column in TRUTHS else "float64"


def check_installed() -> None:
    """Fails before the work, not after it.

    Raises:
        ExtraMissing: if pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        reason = f"Parquet needs pyarrow, which cannot be imported ({error}): pip install 'endplate[cohort]'; CSV needs nothing"
        raise ExtraMissing("cohort_missing", reason) from error


@contextmanager
def parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[AddRows]:
    """Something that appends rows to a Parquet file, which takes the place of an earlier one once all are there.

    Raises:
        ExtraMissing: if pyarrow is not installed.
    """
    check_installed()
    import pyarrow.parquet as pq

    schema = _schema(columns)
    with replaced(path) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        rows = _Rows(writer, schema)
        yield rows.add
        rows.write()


class _Rows:
    """Holds rows until there are enough of them for a row group."""

    def __init__(self, writer: Any, schema: pa.Schema) -> None:
        self._writer, self._schema = writer, schema
        self._held: list[Row] = []

    def add(self, rows: Iterable[Row]) -> None:
        self._held.extend({k: _text(v) for k, v in row.items()} for row in rows)
        if len(self._held) >= ROWS_AT_ONCE:
            self.write()

    def write(self) -> None:
        import pyarrow as pa

        if self._held:
            self._writer.write_table(pa.Table.from_pylist(self._held, schema=self._schema))
        self._held = []


def _schema(columns: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    types = {"string": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}
    return pa.schema([pa.field(c, types[kind_of(c)], nullable=c != "scan") for c in columns])


def _text(value: Any) -> Any:
    """As it is, but encodable: paths on Linux may hold bytes that are no text."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
