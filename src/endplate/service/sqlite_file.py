"""A file of SQLite's that several processes read and write."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

from endplate.errors import StoreUnusable

PATIENCE_S = 60
"""How long a writer waits for others before it gives up."""


def write_ahead(path: Path) -> None:
    """Readers do not wait for writers from now on; the file remembers it. Made, for this user alone, where there is none.

    SQLite does not wait here for a process that does the same at this moment, so we do.

    Raises:
        StoreUnusable: if it cannot be written, or is no database.
    """
    deadline = monotonic() + PATIENCE_S
    while True:
        try:
            # patients' names are nobody else's; SQLite gives the files beside it the same rights
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except (OSError, sqlite3.OperationalError) as error:
            if "locked" not in str(error) or monotonic() > deadline:
                said = f"database file {path} cannot be opened for writing: {error}; check its folder's rights and disk"
                raise StoreUnusable("store_unusable", said) from error
            sleep(0.01)
        except sqlite3.DatabaseError as error:
            said = f"file {path}: expected a database of endplate, got another kind of file ({error})"
            raise StoreUnusable("store_damaged", said) from error
