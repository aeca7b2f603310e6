"""Job ``find``: looks for scans under paths, and orders a ``measure`` for each."""

from __future__ import annotations

import shutil
from pathlib import Path

from endplate import pipeline
from endplate.errors import InputRefused
from endplate.service.jobs.measure import MEMBERS, keep, members_of, part_of
from endplate.service.jobs.orders import measure_id, read_order, scan_id, write_order
from endplate.service.jobs.patients import patient
from endplate.service.jobs.place import Outcome, Place
from endplate.service.jobs.progress import Progress
from endplate.service.records import Job, Patient, Scan, now
from endplate.volume.choice import Choice, chosen
from endplate.volume.read import find_scans
from endplate.volume.scan_list import FoundScan, LeftOut, ScanList, file_stem, safe_name

_PATIENCE = 6.0
"""A large folder on a slow disk may take so many times as long as a stage of a measurement."""
_MOST_NOTES = 5


def find(place: Place, job: Job, progress: Progress) -> Outcome:
    """Adds what lies under the paths of the order; may run again, and adds nothing twice.

    Raises:
        InputRefused: if nothing there is or should be a scan.
    """
    order = read_order(place.data, job.id)
    paths, actor = [Path(path) for path in order.get("paths", ())], str(order.get("actor", "worker"))
    found, refusals = ScanList(), list[InputRefused]()
    for number, path in enumerate(paths):
        progress.tell("find", 0.5 * number / len(paths), _PATIENCE)
        try:
            here = chosen(find_scans(path), Choice())
            found = ScanList(found.scans + here.scans, (), found.refused + here.refused, found.not_taken + here.not_taken)
        except InputRefused as refusal:
            refusals.append(refusal)
    if not found.scans and not found.refused:
        _discard(place, paths)
        raise refusals[0] if refusals else InputRefused("no_scan", f"job {job.id} has no path to look under; order it again")
    everything: list[FoundScan | LeftOut] = [*found.scans, *found.refused]
    for number, item in enumerate(everything):
        progress.tell("find", 0.5 + 0.5 * number / len(everything))
        if isinstance(item, FoundScan):
            _add_scan(place, job, item, actor)
        else:
            _add_refused(place, item, actor)
    return Outcome(_notes(refusals, found), len(everything))


def _add_scan(place: Place, job: Job, found: FoundScan, actor: str) -> None:
    header = found.series.slices[0].path if found.series is not None and found.archive is None else None
    who = patient(header) if header is not None else Patient()
    scan = Scan(scan_id(found.path, part_of(found)), found.name, "waiting", now(), str(found.path), who)
    if found.archive is not None:
        write_order(place.data, measure_id(scan.id), {MEMBERS: members_of(found)})
    is_new = place.store.add_scan(scan, actor)
    if place.jobs.order_measure(scan.id, scan.name, job):
        return
    known = place.store.scan(scan.id)
    if is_new or (known is not None and known.status in ("cancelled", "failed")):
        place.jobs.order_again(scan.id, scan.name, job)  # its job is still known, though it was deleted from the worklist or ended


def _add_refused(place: Place, item: LeftOut, actor: str) -> None:
    name = safe_name(item.path.resolve().name if item.path.is_dir() else file_stem(item.path))
    message = item.reason if item.path.name in item.reason else f"{item.path.name}: {item.reason}"
    scan = Scan(scan_id(item.path, f"refused {item.code} {message}"), name, "waiting", now(), str(item.path))
    place.store.add_scan(scan, actor)
    if place.store.report(scan.id) is None:
        keep(place, scan.id, pipeline.refused(name, item.path, InputRefused(item.code, message)))


def _notes(refusals: list[InputRefused], found: ScanList) -> str:
    notes = [refusal.message for refusal in refusals]
    notes += [f"not taken: {item.path.name}: {item.reason}" for item in found.not_taken]
    more = len(notes) - _MOST_NOTES
    return "; ".join([*notes[:_MOST_NOTES], *([f"and {more} more"] if more > 0 else [])])


def _discard(place: Place, paths: list[Path]) -> None:
    """An upload without any scan is not kept; what lies elsewhere is the user's."""
    uploads = (place.data / "uploads").resolve()
    for path in paths:
        if path.resolve().parent == uploads:
            shutil.rmtree(path, ignore_errors=True)
