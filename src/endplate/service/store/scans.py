"""Scans and the model's reports, within a transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from sqlalchemy import Connection, delete, exists, insert, select, update

from endplate.report.report import Report
from endplate.service.records import Patient, Scan, ScanStatus, now
from endplate.service.store import trail
from endplate.service.store.rows import as_json, reason_of, scan_columns, scan_of, summary_of
from endplate.service.store.tables import REPORTS, REVIEWED, SCANS, THERE

UNMEASURED: tuple[ScanStatus, ...] = ("waiting", "failed", "cancelled")


def find(connection: Connection, scan_id: str, lock: bool = False) -> tuple[int, Scan] | None:
    """A scan's key and itself; nothing where it is not there, or not any more."""
    query = select(SCANS).where(SCANS.c.id == scan_id, THERE)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else (row["key"], scan_of(row))


def put(connection: Connection, key: int, scan: Scan) -> None:
    """Writes a scan anew, with what it is sorted and searched by."""
    connection.execute(update(SCANS).where(SCANS.c.key == key).values(scan_columns(scan)))


def is_measured(connection: Connection, key: int) -> bool:
    """Whether there is a report."""
    return bool(connection.scalar(select(exists().where(REPORTS.c.scan_key == key))))


def add(connection: Connection, scan: Scan, actor: str) -> bool:
    """Unless it is there; see `Store.add_scan`."""
    if scan.status != "waiting":
        raise ValueError(f"scan {scan.id}: expected status 'waiting' of one that comes, got {scan.status!r}")
    trail.hold(connection, "audit")
    if find(connection, scan.id):
        return False
    new = Scan(scan.id, scan.name, scan.status, scan.added_at, scan.source, scan.patient, message=scan.message)
    connection.execute(insert(SCANS).values(scan_columns(new)))
    trail.append(connection, actor, "scan_added", scan.id, {"name": scan.name})
    return True


def set_running(connection: Connection, scan_id: str) -> None:
    """Unless it is measured."""
    found = find(connection, scan_id, lock=True)
    if found and not is_measured(connection, found[0]):
        put(connection, found[0], replace(found[1], status="running", message=""))


def set_measured(connection: Connection, scan_id: str, report: Report, images: str | None, actor: str) -> bool:
    """Once; see `Store.set_measured`."""
    trail.hold(connection, "audit")
    found = find(connection, scan_id, lock=True)
    if not found or is_measured(connection, found[0]):
        return False
    key, scan = found
    status: ScanStatus = "measured" if report.status == "ok" else report.status
    connection.execute(insert(REPORTS).values(scan_key=key, saved_at=now(), content=as_json(report.to_dict())))
    done = replace(scan, status=status, summary=summary_of(report), message=reason_of(report))
    put(connection, key, replace(done, has_images=images is None, without_images=images or ""))
    trail.append(connection, actor, status, scan_id, {"software": report.software.version})
    return True


def set_unmeasured(connection: Connection, scan_id: str, status: str, message: str, actor: str) -> None:
    """Unless it is measured; see `Store.set_unmeasured`."""
    if status not in UNMEASURED:
        raise ValueError(f"scan {scan_id}: expected a status of {', '.join(UNMEASURED)}, got {status!r}")
    trail.hold(connection, "audit")
    found = find(connection, scan_id, lock=True)
    if not found or is_measured(connection, found[0]) or (found[1].status, found[1].message) == (status, message):
        return
    put(connection, found[0], replace(found[1], status=_status(status), message=message))
    trail.append(connection, actor, status, scan_id, {"message": message} if message else {})


def set_patient(connection: Connection, scan_id: str, patient: Patient) -> None:
    """What the header says."""
    found = find(connection, scan_id, lock=True)
    if found:
        put(connection, found[0], replace(found[1], patient=patient))


def report(connection: Connection, scan_id: str) -> Report | None:
    """The model's."""
    kept = select(REPORTS.c.content).join(SCANS, SCANS.c.key == REPORTS.c.scan_key).where(SCANS.c.id == scan_id, THERE)
    content = connection.scalar(kept)
    return None if content is None else Report.from_json(content)


def remove(connection: Connection, scan_id: str, actor: str) -> None:
    """Of a deleted scan its id, the versions of its review and the trail remain; whose it was, and the reports, do not."""
    trail.hold(connection, "audit")
    found = find(connection, scan_id, lock=True)
    if not found:
        return
    key, scan = found
    for reports in (REPORTS, REVIEWED):
        connection.execute(delete(reports).where(reports.c.scan_key == key))
    gone: dict[str, Any] = scan_columns(Scan(scan.id, "", scan.status, scan.added_at, "", review_version=scan.review_version))
    connection.execute(update(SCANS).where(SCANS.c.key == key).values(gone | {"deleted_at": now()}))
    trail.append(connection, actor, "scan_deleted", scan_id, {"review_version": scan.review_version})


def _status(text: str) -> ScanStatus:
    (found,) = (s for s in get_args(ScanStatus) if s == text)
    return found
