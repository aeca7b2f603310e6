"""Job ``import``: takes finished reports, as ``endplate quantify`` writes them, into the worklist."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from endplate.errors import InputRefused
from endplate.report.report import Report
from endplate.report.table import write_atomically
from endplate.review.images import images_from_source
from endplate.service.jobs.lives import replaced_folder
from endplate.service.jobs.measure import IMAGES, NO_IMAGES
from endplate.service.jobs.orders import now, read_order, scan_id
from endplate.service.jobs.patients import patient_of_source
from endplate.service.jobs.place import Outcome, Place
from endplate.service.jobs.progress import Progress
from endplate.service.records import Job, Scan

REPORT = "report.json"
PICTURE = "overview.png"


def take(place: Place, job: Job, progress: Progress) -> Outcome:
    """Adds every report of the order's folders; may run again, and adds nothing twice.

    Raises:
        InputRefused: ``no_report`` if there is none.
    """
    order = read_order(place.data, job.id)
    folders = [Path(path) for path in order.get("paths", ())]
    found = [path for folder in folders for path in sorted([*folder.glob(REPORT), *folder.glob(f"[!.]*/{REPORT}")])]
    if not found:
        where = ", ".join(map(str, folders))
        raise InputRefused("no_report", f"{where} holds no {REPORT}; expected FOLDER/SCAN/{REPORT}, as endplate quantify writes")
    notes, taken = list[str](), 0
    for number, path in enumerate(found):
        progress.tell("import", number / len(found))
        try:
            _take(place, path, str(order.get("actor", "worker")))
            taken += 1
        except (ValueError, KeyError, TypeError, OSError) as error:  # whatever a file that is no report brings about
            notes.append(f"{path.parent.name}: {error}")
    if not taken:
        raise InputRefused("no_report", f"none of {len(found)} files can be read: {notes[0]}; quantify the scans again")
    return Outcome("; ".join(notes[:5]), taken)


def _take(place: Place, path: Path, actor: str) -> None:
    content = path.read_bytes()
    report = Report.from_json(content.decode())
    scan = Scan(scan_id(path.parent, REPORT), report.source.name or path.parent.name, "waiting", now(), report.source.path)
    scan = replace(scan, patient=patient_of_source(report))
    place.store.add_scan(scan, actor)
    if place.store.report(scan.id) is not None:
        return
    with replaced_folder(place.folder(scan.id), place.worker) as half:
        write_atomically(half / REPORT, content)
        picture = path.with_name(PICTURE)
        if picture.is_file():
            shutil.copyfile(picture, half / PICTURE)
        without = _images(report, half / IMAGES)
    place.store.set_measured(scan.id, report, without)


def _images(report: Report, folder: Path) -> str | None:
    """None where they could be made; else why not."""
    if report.status != "ok":
        return NO_IMAGES.get(report.status, f"the scan is {report.status}")
    try:
        images_from_source(report, folder)
    except (InputRefused, ValueError) as refusal:
        return str(refusal)
    return None
