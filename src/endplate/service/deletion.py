"""A scan goes, with all that is the patient's; the audit trail keeps that it was there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from endplate.service.http.parts import Parts
from endplate.service.keeping import Store
from endplate.service.records import Query, Scan

_PAGE = 500


def delete(service: Parts, scan: Scan, actor: str) -> None:
    """Ends its measurement, and removes it from the store and the disk; its upload too, once no other scan is of it."""
    for job in service.store.jobs(states=("waiting", "running"), kind="measure"):
        if job.scan_id == scan.id:
            service.jobs.cancel(job.id, actor)
    upload = _upload_of(scan, service.settings.uploads)
    service.store.delete_scan(scan.id, actor)
    shutil.rmtree(service.settings.scans / scan.id, ignore_errors=True)
    if upload is not None and not any(_upload_of(s, service.settings.uploads) == upload for s in _scans(service.store)):
        shutil.rmtree(upload, ignore_errors=True)


def _upload_of(scan: Scan, uploads: Path) -> Path | None:
    """The folder of the upload that a scan is read from; None where it lies elsewhere."""
    root = uploads.absolute()
    source = Path(scan.source)
    if ".." in source.parts:  # no upload's: it would lead out of the folder that is to be removed
        return None
    return root / source.relative_to(root).parts[0] if source.is_relative_to(root) and source != root else None


def _scans(store: Store) -> Iterator[Scan]:
    page = 1
    while True:
        found = store.worklist(Query(sort="added", page=page, size=_PAGE)).scans
        yield from found
        if len(found) < _PAGE:
            return
        page += 1
