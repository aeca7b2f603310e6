"""Run by Alembic: migrations in the connection and the transaction that ``opening.upgrade`` gives."""

from __future__ import annotations

from alembic import context

from endplate.service.store.opening import VERSION_TABLE
from endplate.service.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    # SQLite changes a table by making it anew
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
