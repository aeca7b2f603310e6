"""One database: its address, how it is opened, and transactions that read or write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from endplate.errors import StoreUnusable
from endplate.service.sqlite_file import PATIENCE_S

SCHEMES = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
SETTINGS = (f"busy_timeout = {PATIENCE_S * 1000}", "foreign_keys = ON", "synchronous = FULL", "recursive_triggers = ON")
"""Of each SQLite connection; FULL: a signature that was confirmed outlives a power cut. Recursive triggers: INSERT OR REPLACE is a
deletion too."""

READING: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
WRITING: dict[str, Any] = {"isolation_level": "READ COMMITTED"}
"""Of PostgreSQL's transactions, whatever the server is set to."""


def address(url: str) -> URL:
    """The URL of a database that the store can live in.

    Raises:
        StoreUnusable: if it is none.
    """
    expected = "expected sqlite:////folder/endplate.sqlite or postgresql://user@host/database"
    try:
        found = make_url(url)
    except ArgumentError:
        raise StoreUnusable("store_url", f"the database URL cannot be read; {expected}") from None
    scheme = SCHEMES.get(found.drivername, found.drivername)
    if scheme not in SCHEMES.values() or (scheme == "sqlite" and found.database in (None, "", ":memory:")):
        raise StoreUnusable("store_url", f"database URL {found.render_as_string()}: {expected}; several processes share it")
    return found.set(drivername=scheme)


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, whatever signs its path holds."""
    return URL.create("sqlite", database=os.fspath(path)).render_as_string()


class Database:
    """Transactions on SQLite or PostgreSQL that several threads and processes may run at once.

    Args:
        url: of `address`.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        # Starlette calls from up to 40 threads: none of them waits for a connection
        self._engine = create_engine(url, pool_size=8, max_overflow=40, pool_pre_ping=not self.is_sqlite)
        if self.is_sqlite:
            _make_sqlite_ready(self._engine)
        # several queries of one answer see the same moment; who waited for a lock sees what was written meanwhile
        reading, writing = ({}, {}) if self.is_sqlite else (READING, WRITING)
        self._reading = self._engine.execution_options(**reading)
        self._writing = self._engine.execution_options(writes=True, **writing)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and waits for nobody."""
        with self._told(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: all of it happens, or nothing; alone on SQLite from its first moment."""
        with self._told(), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Gives all connections back."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever the database cannot do is said in words, with its address but no password."""
        try:
            yield
        except NoConnectionFree as error:
            raise StoreUnusable(
                "store_busy", f"database {self.url.render_as_string()}: all connections are taken; try again"
            ) from error
        except DBAPIError as error:
            if isinstance(error, IntegrityError | DataError):
                raise
            raise self._unusable(error) from error

    def _unusable(self, error: DBAPIError) -> Exception:
        said = str(error.orig).strip().split("\n")[0]
        where = f"database {self.url.render_as_string()}"
        if "database is locked" in said:
            return StoreUnusable("store_busy", f"{where}: another process has been writing for more than {PATIENCE_S} s; try again")
        if isinstance(error.orig, sqlite3.DatabaseError) and "not a database" in said:
            return StoreUnusable("store_damaged", f"{where}: expected a database of endplate, got another kind of file ({said})")
        return StoreUnusable("store_unusable", f"{where} cannot be used: {said}; check its address, rights and disk")


def _make_sqlite_ready(engine: Engine) -> None:
    """Transactions begin where we say, not where the driver guesses; those that write take the lock first.

    A transaction that reads first and writes later is told "database is locked" at once if another has written in between.
    """

    @event.listens_for(engine, "connect")
    def _(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for setting in SETTINGS:
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def make_folder(url: URL) -> None:
    """The folder of a SQLite file.

    Raises:
        StoreUnusable: if it cannot be made.
    """
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(
            "store_unusable", f"folder {folder} of the database cannot be made: {error.strerror or error}"
        ) from error
