"""The store's tables. What of them may never change, triggers guard (``migrations/versions/v0001_first.py``)."""

from __future__ import annotations

import json

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

BY_CODE_POINT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that sorts alike on both databases: PostgreSQL's own order depends on its locale."""


class Words(TypeDecorator[str]):
    """Any Python string as text that sorts by code point on both databases.

    What UTF-8 or PostgreSQL cannot hold (NUL, the lone surrogates of file names that are no UTF-8) is kept as a JSON string.
    """

    impl = BY_CODE_POINT
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """As it is kept."""
        return value if value is None or _is_plain(value) else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """As it was given."""
        return json.loads(value) if value is not None and value.startswith('"') else value


def _is_plain(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in value and not value.startswith('"')


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=NAMES)
KEY = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only what is an INTEGER PRIMARY KEY."""
SCAN_STATUS = ("waiting", "running", "measured", "no_spine", "refused", "failed", "cancelled")
DECISIONS = ("draft", "accepted", "accepted_with_edits", "rejected")
JOB_STATE = ("waiting", "running", "done", "failed", "cancelled")


def among(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """Nothing but these."""
    return CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=column)


SCANS = Table(
    "scans",
    METADATA,
    Column("key", KEY, primary_key=True, comment="one for each time that a scan came; its id comes again if it was deleted"),
    Column("id", Words, nullable=False),
    Column("deleted_at", Words, comment="its patient, name, source and report are gone then"),
    Column("name", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("added_at", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("patient_name", Words, nullable=False),
    Column("patient_id", Words, nullable=False),
    Column("birth_date", Words, nullable=False),
    Column("sex", Words, nullable=False),
    Column("study_date", Words, nullable=False),
    Column("study_description", Words, nullable=False),
    Column("accession_number", Words, nullable=False),
    Column("vertebrae", Integer, comment="NULL: no summary"),
    Column("worst_level", Words),
    Column("worst_grade", Integer),
    Column("worst_loss", Double),
    Column("fractures", Integer),
    Column("fracture_probability", Double),
    Column("levels_uncertain", Boolean),
    Column("sentence", Words),
    Column("review", Words),
    Column("review_version", Integer, nullable=False),
    Column("reader", Words),
    Column("signed_at", Words),
    Column("has_images", Boolean, nullable=False),
    Column("without_images", Words, nullable=False),
    Column("priority", BY_CODE_POINT, nullable=False, comment="place in the worklist, ascending (order.py)"),
    Column("searched", BY_CODE_POINT, nullable=False, comment="what a search looks at (order.py)"),
    among("status", SCAN_STATUS),
    among("review", DECISIONS),
)
THERE = SCANS.c.deleted_at.is_(None)
_LIVE = text("deleted_at IS NULL")
Index("uq_scans_id", SCANS.c.id, unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE)
Index("ix_scans_priority", SCANS.c.priority, SCANS.c.key, sqlite_where=_LIVE, postgresql_where=_LIVE)
Index("ix_scans_counts", SCANS.c.status, SCANS.c.review, SCANS.c.worst_grade, sqlite_where=_LIVE, postgresql_where=_LIVE)

REPORTS = Table(
    "reports",
    METADATA,
    Column("scan_key", KEY, ForeignKey(SCANS.c.key), primary_key=True, autoincrement=False),
    Column("saved_at", Words, nullable=False),
    Column("content", Text, nullable=False, comment="the model's report.json"),
)

REVIEWS = Table(
    "reviews",
    METADATA,
    Column("scan_key", KEY, ForeignKey(SCANS.c.key), primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("decision", Words, nullable=False),
    Column("saved_at", Words, nullable=False),
    Column("reader", Words),
    Column("signed_at", Words),
    Column("edits", Text, nullable=False, comment="JSON"),
    Column("document", Text, nullable=False, comment="endplate-review/1"),
    CheckConstraint("version >= 1", name="version"),
    among("decision", DECISIONS),
)

REVIEWED = Table(
    "reviewed",
    METADATA,
    Column("scan_key", KEY, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False, comment="report.json as that version of the review leaves it"),
    ForeignKeyConstraint(["scan_key", "version"], [REVIEWS.c.scan_key, REVIEWS.c.version]),
)
"""Beside ``REVIEWS``, whose rows stay when a scan is deleted: a report names its source, and goes."""

JOBS = Table(
    "jobs",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("id", Words, nullable=False),
    Column("serial", BigInteger, nullable=False, comment="of its last change; counters.jobs"),
    Column("kind", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("added_at", Words, nullable=False),
    Column("stage", Words, nullable=False),
    Column("share", Double, nullable=False),
    Column("scan_id", Words),
    Column("parent_id", Words),
    Column("scans", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("message", Words, nullable=False),
    Column("began_at", Words),
    Column("ended_at", Words),
    Column("cancelling", Boolean, nullable=False),
    UniqueConstraint("id"),
    UniqueConstraint("serial"),
    Index("ix_jobs_added_at", "added_at", "key"),
    Index("ix_jobs_state", "state", "added_at", "key"),
    among("kind", ("find", "measure", "import")),
    among("state", JOB_STATE),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Words, nullable=False),
    Column("actor", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("scan_id", Words),
    Column("detail", Text, nullable=False, comment="JSON"),
    Index("ix_audit_scan_id", "scan_id", "number"),
)

COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Two rows, ``audit`` and ``jobs``: the last number given. Whoever writes locks the row until it commits, so numbers follow
commits: who has seen one has seen all that are smaller."""
