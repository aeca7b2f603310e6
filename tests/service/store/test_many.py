"""20,000 scans: the right ones come, in the right order, and the databases look at no more rows than they must."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import Select, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from endplate.service.records import Query
from endplate.service.store import SqlStore, worklist
from endplate.service.store.database import Database, address
from endplate.service.store.tables import JOBS
from many_scans import fill, many
from service.store.store_model import Model
from service_records import new_job

COUNT = 20_000
QUERIES = (
    Query(),
    Query(descending=True),
    Query(grade=2, review=("none",)),
    Query(search="MÜLLER jörg 2025"),
    Query(search="a00012345"),
)


@pytest.fixture
def filled(url: str, opened: Callable[[str], SqlStore]) -> tuple[SqlStore, Model]:
    store, scans = opened(url), many(COUNT)
    fill(url, scans)
    return store, Model({scan.id: scan for scan in scans})


def test_pages_of_a_large_worklist(filled: tuple[SqlStore, Model], url: str) -> None:
    store, model = filled
    for query in QUERIES:
        expected = model.worklist(query)
        first = store.worklist(query)
        assert first.total == len(expected)
        assert list(first.scans) == expected[:50]
        last = -(-len(expected) // 50)
        assert list(store.worklist(Query(**vars(query) | {"page": last})).scans) == expected[50 * (last - 1) :]
    counts = {k: n for k, n in store.worklist(Query()).counts.items() if n}
    assert counts == model.counts()
    assert counts["flagged"] > 1000
    assert_plans(url)


def assert_plans(url: str) -> None:
    """The page comes off an index in order, the counts from one alone."""
    database = Database(address(url))
    with database.write() as connection:
        connection.execute(text("ANALYZE"))
    with database.read() as connection:
        plans = [explained(connection, database.is_sqlite, query) for query in (worklist.keys_of(Query()), worklist.COUNTS)]
    database.close()
    assert "ix_scans_priority" in plans[0]
    # PostgreSQL reads 20,000 rows as quickly as an index that was never vacuumed
    assert not database.is_sqlite or "INDEX ix_scans_counts" in plans[1]
    assert not any(sorting in plans[0].lower() for sorting in ("temp b-tree", "sort key"))


def explained(connection: Any, is_sqlite: bool, query: Select[Any]) -> str:
    dialect: Any = sqlite.dialect() if is_sqlite else postgresql.dialect()
    written = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {written}"))


def test_many_jobs(store: SqlStore, url: str) -> None:
    jobs = [new_job(f"{i:04d}", f"2026-01-01T00:00:00.{i:04d}") for i in range(1100)]
    database = Database(address(url))
    with database.write() as connection:
        connection.execute(insert(JOBS), [asdict(job) | {"serial": i + 1} for i, job in enumerate(jobs)])
    database.close()
    assert list(store.jobs()) == jobs[:99:-1]
    assert list(store.jobs(since="0")) == jobs[::-1]
    assert list(store.jobs(since="1098")) == jobs[:-3:-1]
