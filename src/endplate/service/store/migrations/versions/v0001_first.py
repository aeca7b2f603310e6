"""The first tables, and triggers that keep the past as it was."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "v0001"
down_revision = None

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIVE = sa.text("deleted_at IS NULL")
DECISIONS = "('draft', 'accepted', 'accepted_with_edits', 'rejected')"
KEPT = {
    "audit": ("UPDATE", "DELETE", "TRUNCATE"),
    "reviews": ("UPDATE", "DELETE", "TRUNCATE"),
    "reports": ("UPDATE",),
    "reviewed": ("UPDATE", "TRUNCATE"),
    "scans": ("DELETE",),
}
"""What must not happen to which table. Reports go only when its scan is deleted; a scan's row stays, emptied."""


def upgrade() -> None:
    """From nothing."""
    _scans()
    _reports_and_reviews()
    _jobs()
    _trail()
    dialect = op.get_context().dialect.name
    for statement in _postgresql_triggers() if dialect == "postgresql" else _sqlite_triggers():
        op.execute(sa.text(statement.replace(":", "\\:")))


def _words(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, TEXT, nullable=nullable) for name in names]


def _scans() -> None:
    patient = ("patient_name", "patient_id", "birth_date", "sex", "study_date", "study_description", "accession_number")
    op.create_table(
        "scans",
        sa.Column("key", KEY, nullable=False, comment="one for each time that a scan came; its id comes again if it was deleted"),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, comment="its patient, name, source and report are gone then"),
        *_words("name", "status", "added_at", "source", "message", *patient),
        sa.Column("vertebrae", sa.Integer(), comment="NULL: no summary"),
        sa.Column("worst_level", TEXT),
        sa.Column("worst_grade", sa.Integer()),
        sa.Column("worst_loss", sa.Double()),
        sa.Column("fractures", sa.Integer()),
        sa.Column("fracture_probability", sa.Double()),
        sa.Column("levels_uncertain", sa.Boolean()),
        sa.Column("sentence", TEXT),
        sa.Column("review", TEXT),
        sa.Column("review_version", sa.Integer(), nullable=False),
        *_words("reader", "signed_at", nullable=True),
        sa.Column("has_images", sa.Boolean(), nullable=False),
        sa.Column("without_images", TEXT, nullable=False),
        sa.Column("priority", TEXT, nullable=False, comment="place in the worklist, ascending (order.py)"),
        sa.Column("searched", TEXT, nullable=False, comment="what a search looks at (order.py)"),
        sa.CheckConstraint(f"review IN {DECISIONS}", name=op.f("ck_scans_review")),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'measured', 'no_spine', 'refused', 'failed', 'cancelled')",
            name=op.f("ck_scans_status"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_scans")),
    )
    for name, columns in (("ix_scans_counts", ["status", "review", "worst_grade"]), ("ix_scans_priority", ["priority", "key"])):
        op.create_index(name, "scans", columns, sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_index("uq_scans_id", "scans", ["id"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE)


def _reports_and_reviews() -> None:
    op.create_table(
        "reports",
        sa.Column("scan_key", KEY, autoincrement=False, nullable=False),
        sa.Column("saved_at", TEXT, nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="the model's report.json"),
        sa.ForeignKeyConstraint(["scan_key"], ["scans.key"], name=op.f("fk_reports_scan_key")),
        sa.PrimaryKeyConstraint("scan_key", name=op.f("pk_reports")),
    )
    op.create_table(
        "reviews",
        sa.Column("scan_key", KEY, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        *_words("decision", "saved_at"),
        *_words("reader", "signed_at", nullable=True),
        sa.Column("edits", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("document", sa.Text(), nullable=False, comment="endplate-review/1"),
        sa.CheckConstraint(f"decision IN {DECISIONS}", name=op.f("ck_reviews_decision")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_reviews_version")),
        sa.ForeignKeyConstraint(["scan_key"], ["scans.key"], name=op.f("fk_reviews_scan_key")),
        sa.PrimaryKeyConstraint("scan_key", "version", name=op.f("pk_reviews")),
    )
    key = ["scan_key", "version"]
    op.create_table(
        "reviewed",
        sa.Column("scan_key", KEY, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="report.json as that version of the review leaves it"),
        sa.ForeignKeyConstraint(key, [f"reviews.{c}" for c in key], name=op.f("fk_reviewed_scan_key_version")),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_reviewed")),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("key", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False, comment="of its last change; counters.jobs"),
        *_words("kind", "name", "state", "added_at", "stage"),
        sa.Column("share", sa.Double(), nullable=False),
        *_words("scan_id", "parent_id", nullable=True),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message", TEXT, nullable=False),
        *_words("began_at", "ended_at", nullable=True),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('find', 'measure', 'import')", name=op.f("ck_jobs_kind")),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_jobs_id")),
        sa.UniqueConstraint("serial", name=op.f("uq_jobs_serial")),
    )
    op.create_index("ix_jobs_added_at", "jobs", ["added_at", "key"])
    op.create_index("ix_jobs_state", "jobs", ["state", "added_at", "key"])


def _trail() -> None:
    op.create_table(
        "audit",
        sa.Column("number", KEY, autoincrement=False, nullable=False),
        *_words("at", "actor", "action"),
        sa.Column("scan_id", TEXT),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_scan_id", "audit", ["scan_id", "number"])
    counters = op.create_table(
        "counters",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.bulk_insert(counters, [{"name": "audit", "value": 0}, {"name": "jobs", "value": 0}])


NEXT = {
    "audit": ("number", "(SELECT COALESCE(MAX(number), 0) + 1 FROM audit)"),
    "reviews": ("version", "(SELECT COALESCE(MAX(version), 0) + 1 FROM reviews WHERE scan_key = NEW.scan_key)"),
    "reviewed": ("version", "(SELECT COALESCE(MAX(version), 0) + 1 FROM reviewed WHERE scan_key = NEW.scan_key)"),
}
"""What a new row must carry: nothing is replaced, nothing left out."""


def _sqlite_triggers() -> list[str]:
    made = []
    for table, forbidden in KEPT.items():
        for what in [w for w in forbidden if w != "TRUNCATE"]:
            said = f"{table}: rows are kept as they are, {what} is refused"
            made.append(
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
    for table, (column, value) in NEXT.items():
        body = f"SELECT RAISE(ABORT, '{table}: {column} must be the next one')"
        when = f"WHEN NEW.{column} IS NOT {value}"
        made.append(f"CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table} {when} BEGIN {body}; END")
    return made


def _postgresql_triggers() -> list[str]:
    said = "'%: rows are kept as they are, % is refused', TG_TABLE_NAME, TG_OP"
    made = [
        f"CREATE FUNCTION endplate_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION {said}"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    ]
    for table, forbidden in KEPT.items():
        made.append(
            f"CREATE TRIGGER {table}_kept BEFORE {' OR '.join(forbidden)} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION endplate_refuse()"
        )
    for table, (column, value) in NEXT.items():
        said = f"'{table}: {column} must be the next one' USING ERRCODE = 'integrity_constraint_violation'"
        made.append(
            f"CREATE FUNCTION endplate_{table}_in_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.{column} <> {value} THEN RAISE EXCEPTION {said}; END IF; RETURN NEW; END $$"
        )
        made.append(
            f"CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION endplate_{table}_in_order()"
        )
    return made
