"""``/api/audit``: who did what; nothing of it is ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from endplate.service.http.parts import ScanId, Service
from endplate.service.http.problems import documented, not_found
from endplate.service.records import AuditEntry

router = APIRouter(tags=["audit"], responses=documented())
After = Annotated[int, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@dataclass(frozen=True)
class Trail:
    """A part of the trail.

    Attributes:
        entries: oldest first.
    """

    entries: tuple[AuditEntry, ...]


@router.get("/audit")
def audit(service: Service, after: After = 0, limit: Limit = 1000) -> Trail:
    """The trail over all scans, from the entry after ``after`` on."""
    return Trail(tuple(service.store.audit(None, after, limit)))


@router.get("/scans/{scan_id}/audit", responses=documented(404))
def audit_of_scan(service: Service, scan_id: ScanId, after: After = 0, limit: Limit = 1000) -> Trail:
    """The trail of one scan; it stays when the scan is deleted."""
    entries = tuple(service.store.audit(scan_id, after, limit))
    if not entries and service.store.scan(scan_id) is None and not service.store.audit(scan_id, 0, 1):
        raise not_found(f"scan {scan_id}")
    return Trail(entries)
