"""A database is opened: made where there is none, and brought to the newest version; several processes at once do it once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, text

from endplate.errors import StoreUnusable
from endplate.service.sqlite_file import write_ahead
from endplate.service.store.database import Database, make_folder

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
        write_ahead(Path(url.database or ""))
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
