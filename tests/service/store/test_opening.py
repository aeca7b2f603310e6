"""A database is made, brought up to date, or refused with words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, text

from endplate.errors import StoreUnusable
from endplate.service.records import Query
from endplate.service.store import SqlStore, opened_store, sqlite_url
from endplate.service.store.database import Database, address
from endplate.service.store.opening import MIGRATIONS, VERSION_TABLE, upgrade
from endplate.service.store.tables import METADATA
from postgresql_server import emptied
from service_records import new_scan

Opening = Callable[[str], SqlStore]


def test_what_migrations_make_is_what_the_code_expects(url: str, opened: Opening) -> None:
    opened(url)
    database = Database(address(url))
    with database.read() as connection:
        opts = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=opts), METADATA) == []
        found = {str(check["name"]) for table in METADATA.tables for check in inspect(connection).get_check_constraints(table)}
    checks = {str(c.name) for t in METADATA.tables.values() for c in t.constraints if isinstance(c, CheckConstraint)}
    assert found == checks
    database.close()


def test_text_sorts_by_code_point_on_postgresql(server: str, opened: Opening) -> None:
    url = emptied(server)
    opened(url)
    database = Database(address(url))
    with database.read() as connection:
        other = "SELECT column_name FROM information_schema.columns WHERE table_name = 'scans' AND data_type = 'text'"
        assert connection.execute(text(f"{other} AND collation_name IS DISTINCT FROM 'C'")).all() == []
    database.close()


def test_a_store_is_opened_again_and_keeps_what_it_held(url: str, opened: Opening) -> None:
    scan = new_scan()
    first = opened(url)
    first.add_scan(scan, "x")
    first.close()
    assert opened(url).worklist(Query()).scans == (scan,)


def test_one_of_a_newer_endplate_is_refused(url: str, opened: Opening) -> None:
    opened(url)
    database = Database(address(url))
    with database.write() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'v0999'"))
    with pytest.raises(
        StoreUnusable, match=r"of version v0999, this endplate knows versions up to v\d+; update endplate"
    ) as caught:
        opened_store(url)
    assert (caught.value.code, caught.value.exit_code) == ("store_newer", 5)
    with database.write() as connection:
        assert connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) == "v0999"
    database.close()


def test_a_migration_that_fails_leaves_nothing(url: str) -> None:
    if url.startswith("sqlite"):
        Path(address(url).database or "").parent.mkdir()
    database = Database(address(url))
    with database.write() as connection:
        connection.execute(text("CREATE TABLE audit (x INTEGER)"))
    with pytest.raises(StoreUnusable, match="audit"), database.write() as connection:
        upgrade(connection)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["audit"]
    database.close()


def test_the_file_is_its_owners_alone(tmp_path: Path, opened: Opening) -> None:
    opened(sqlite_url(tmp_path / "a.sqlite")).add_scan(new_scan(), "x")
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == dict.fromkeys(
        ("a.sqlite", "a.sqlite-wal", "a.sqlite-shm"), 0o600
    )


def test_a_server_that_was_restarted_is_used_again(server: str, opened: Opening) -> None:
    url = emptied(server)
    store = opened(url)
    store.add_scan(new_scan("a"), "x")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.scan("a") is not None
    assert store.add_scan(new_scan("b"), "x")


def test_a_writer_that_never_ends_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("endplate.service.store.database.SETTINGS", ("busy_timeout = 1",))
    store = opened_store(sqlite_url(tmp_path / "a.sqlite"))
    with sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnusable, match="another process has been writing") as caught:
            store.note("x", "exported")
        connection.execute("ROLLBACK")
    connection.close()
    assert caught.value.code == "store_busy"
    store.note("x", "exported")
    store.close()


def test_migrations_travel_with_the_package() -> None:
    assert sorted(path.name for path in MIGRATIONS.iterdir() if "__" not in path.name) == ["env.py", "script.py.mako", "versions"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "store_url"),
        ("/data/endplate.sqlite", "store_url"),
        ("mysql://host/endplate", "store_url"),
        ("sqlite://", "store_url"),
        ("sqlite:///:memory:", "store_url"),
        ("postgresql://somebody:secret@127.0.0.1:1/endplate", "store_unusable"),
        ("postgres://somebody:secret@127.0.0.1:1/endplate", "store_unusable"),
    ],
)
def test_what_is_no_address_is_refused_without_its_password(url: str, code: str) -> None:
    with pytest.raises(StoreUnusable) as caught:
        opened_store(url)
    assert caught.value.code == code
    assert "secret" not in caught.value.message


def test_a_database_that_is_not_there_is_refused(server: str) -> None:
    with pytest.raises(StoreUnusable, match=r'database "nothing" does not exist'):
        opened_store(f"{server}/nothing")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnusable, match="expected a database of endplate, got another kind of file") as caught:
        opened_store(f"sqlite:///{tmp_path}/a.sqlite")
    assert caught.value.code == "store_damaged"
    assert (tmp_path / "a.sqlite").read_bytes() == b"no database at all" * 100


def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnusable, match="cannot be made"):
        opened_store(f"sqlite:///{tmp_path}/file/a.sqlite")
    (tmp_path / "a.sqlite").mkdir()
    with pytest.raises(StoreUnusable, match="cannot be opened for writing"):
        opened_store(f"sqlite:///{tmp_path}/a.sqlite")


@pytest.mark.parametrize("folder", ["50%", "a b", "ü?#", "%(here)s"])
def test_any_folder_may_hold_it(tmp_path: Path, folder: str, opened: Opening) -> None:
    place = tmp_path / folder / "endplate.sqlite"
    store = opened(sqlite_url(place))
    store.add_scan(new_scan(), "x")
    with sqlite3.connect(place) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM scans").fetchone() == (1,)
    connection.close()
