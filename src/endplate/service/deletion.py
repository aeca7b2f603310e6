"""A scan goes: from the store its header, report and summary, from the disk its folder, from its job name, message and order.

What stays is the versions of its review with their comments, and the audit trail, which keeps the scan's name and the paths that
were asked for; also the ``find`` that added it, with its name, notes and order, since other scans may be of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from endplate.service.http.parts import Parts
from endplate.service.jobs.orders import measure_id, read_order
from endplate.service.keeping import Store
from endplate.service.records import ENDED, OPEN, JobState, Query, Scan
from endplate.service.settings import Settings

_PAGE = 500


def delete(service: Parts, scan: Scan, actor: str) -> None:
    """Ends its measurement, and removes it; its upload too, unless another scan is of it or a job of it still waits or runs."""
    job = service.store.job(measure_id(scan.id))
    if job is not None and job.state not in ENDED:
        service.jobs.cancel(job.id, actor)
    service.jobs.forget(scan.id)
    upload = _upload_of(scan.source, service.settings.uploads)
    service.store.delete_scan(scan.id, actor)
    shutil.rmtree(service.settings.scans / scan.id, ignore_errors=True)
    if upload is not None and not _is_needed(service, upload, measure_id(scan.id)):
        shutil.rmtree(upload, ignore_errors=True)


def _is_needed(service: Parts, upload: Path, measure: str) -> bool:
    """Whether a scan is of an upload, or a ``find`` or the measurement that was just ended may still read it."""
    job = service.store.job(measure)
    if job is not None and job.state not in ENDED:
        return True
    paths = chain(_paths_of_finds(service.store, service.settings, OPEN), (scan.source for scan in _scans(service.store)))
    return any(_upload_of(path, service.settings.uploads) == upload for path in paths)


def sweep_uploads(store: Store, settings: Settings) -> int:
    """Removes uploads that `delete` left to a job which has ended since; gives how many. To be called before any new one can come.

    An upload goes only if a ``find`` of it is done, and no scan and no other ``find`` names it; by the folder's name alone,
    which is unique, since the data may have been moved.
    """
    unneeded = _names(_paths_of_finds(store, settings, ("done",)))
    unneeded -= _names(_paths_of_finds(store, settings, (*OPEN, "failed", "cancelled")))
    unneeded -= _names(scan.source for scan in _scans(store))
    gone = [path for path in settings.uploads.iterdir() if path.name in unneeded] if settings.uploads.is_dir() else []
    for upload in gone:
        shutil.rmtree(upload, ignore_errors=True)
    return len(gone)


def _names(paths: Iterable[str]) -> set[str]:
    return {part for path in paths for part in Path(path).parts}


def _paths_of_finds(store: Store, settings: Settings, states: Sequence[JobState]) -> list[str]:
    jobs = store.jobs(states=states, kind="find", since="0")
    return [str(path) for job in jobs for path in read_order(settings.data, job.id).get("paths", ())]


def _upload_of(path: str, uploads: Path) -> Path | None:
    """The folder of the upload that a path is or lies in; None where it lies elsewhere."""
    root = uploads.absolute()
    source = Path(path)
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
