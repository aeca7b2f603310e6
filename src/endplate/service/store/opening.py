"""A database is opened: made where there is none, and brought to the newest version; several processes at once do it once."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, text

from endplate.errors import StoreUnusable
from endplate.service.store.database import PATIENCE_S, Database, make_folder

MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "endplate_version"
LOCK = 0x656E64706C617465
"""Of PostgreSQL, for who brings the database to the newest version: "endplate" in ASCII."""


def opened(url: URL) -> Database:
    """The database at its newest version.

    Raises:
        StoreUnusable: if it cannot be reached, is no store of endplate, or one of a newer endplate.
    """
    if url.get_backend_name() == "sqlite":
        make_folder(url)
        _write_ahead(url)
    database = Database(url)
    try:
        with database.write() as connection:
            if not database.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            upgrade(connection)
    except BaseException:
        database.close()
        raise
    return database


def upgrade(connection: Connection, to: str = "head") -> None:
    """Runs the migrations that are missing, in the connection's transaction.

    Raises:
        StoreUnusable: if the database is of a newer endplate.
    """
    config = configuration(connection)
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    have = context.get_current_revision()
    if have is not None:
        try:
            scripts.get_revision(have)
        except CommandError:
            known = scripts.get_current_head()
            where = connection.engine.url.render_as_string()
            raise StoreUnusable(
                "store_newer",
                f"database {where} is of version {have}, this endplate knows versions up to {known}; update endplate, or use"
                " another database: going back is not possible",
            ) from None
    if have != scripts.get_current_head():
        command.upgrade(config, to)


def configuration(connection: Connection) -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    # a percent sign in a path is no interpolation
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _write_ahead(url: URL) -> None:
    """Readers do not wait for writers from now on; the file remembers it.

    SQLite does not wait here for a process that does the same at this moment, so we do.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            # patients' names are nobody else's; SQLite gives the files beside it the same rights
            os.close(os.open(url.database or "", os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(url.database or "", timeout=PATIENCE_S)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()
            return
        except (OSError, sqlite3.OperationalError) as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                said = f"database file {url.database} cannot be opened for writing: {error}; check its folder's rights and disk"
                raise StoreUnusable("store_unusable", said) from error
            time.sleep(0.01)
        except sqlite3.DatabaseError as error:
            said = f"file {url.database}: expected a database of endplate, got another kind of file ({error})"
            raise StoreUnusable("store_damaged", said) from error
