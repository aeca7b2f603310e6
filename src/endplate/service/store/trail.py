"""The audit trail, and the counters that give numbers in the order of commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from endplate.service.records import AuditEntry, now
from endplate.service.store.rows import as_json, entry_of
from endplate.service.store.tables import AUDIT, COUNTERS

Counter = Literal["audit", "jobs"]


def hold(connection: Connection, counter: Counter) -> int:
    """Waits until nobody else writes what this counter counts, and keeps others waiting until the end of the transaction.

    On SQLite the transaction that writes is alone already.

    Returns:
        The last number given.
    """
    return connection.scalars(select(COUNTERS.c.value).where(COUNTERS.c.name == counter).with_for_update()).one()


def next_number(connection: Connection, counter: Counter) -> int:
    """One more than the last; the same as `hold` for others."""
    count = update(COUNTERS).where(COUNTERS.c.name == counter).values(value=COUNTERS.c.value + 1)
    return connection.scalars(count.returning(COUNTERS.c.value)).one()


def append(connection: Connection, actor: str, action: str, scan_id: str | None, detail: Mapping[str, Any]) -> None:
    """One line more."""
    line = {"at": now(), "actor": actor, "action": action, "scan_id": scan_id, "detail": as_json(dict(detail))}
    connection.execute(insert(AUDIT).values(number=next_number(connection, "audit"), **line))


def read(connection: Connection, scan_id: str | None, after: int, limit: int) -> Sequence[AuditEntry]:
    """The trail, oldest first."""
    lines = (
        select(AUDIT).where(AUDIT.c.number > max(-1, min(after, 2**62))).order_by(AUDIT.c.number).limit(max(0, min(limit, 2**31)))
    )
    found = connection.execute(lines if scan_id is None else lines.where(AUDIT.c.scan_id == scan_id))
    return tuple(map(entry_of, found))
