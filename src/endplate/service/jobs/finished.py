"""Job ``import``: takes finished reports, as ``endplate quantify`` writes them, into the worklist."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from endplate.errors import InputRefused
from endplate.report.fhir import fhir_bundle
from endplate.report.page import page_html
from endplate.report.report import Report
from endplate.report.slicer import slicer_markups
from endplate.report.table import write_atomically
from endplate.review.document import opened
from endplate.review.images import images_from_source
from endplate.service.jobs.lives import replaced_folder
from endplate.service.jobs.measure import IMAGES, NO_IMAGES
from endplate.service.jobs.orders import read_order, scan_id
from endplate.service.jobs.own_files import REPORT, Elsewhere, check_source, content_of, reports_in
from endplate.service.jobs.patients import patient_of_source
from endplate.service.jobs.place import Outcome, Place
from endplate.service.jobs.progress import Progress
from endplate.service.records import Job, Patient, Scan, now

PICTURE = "overview.png"
_MOST = 1000
_LONGEST_NOTE = 300
_PNG = b"\x89PNG\r\n\x1a\n"


def take(place: Place, job: Job, progress: Progress) -> Outcome:
    """Adds every report of the order's folders; may run again, and adds nothing twice, unless its content is another.

    Raises:
        InputRefused: ``no_report`` if there is none.
    """
    order = read_order(place.data, job.id)
    folders = [Path(path) for path in order.get("paths", ())]
    roots = folders + [Path(path) for path in order.get("roots", ())]
    found = [path for folder in folders for path in reports_in(folder)]
    if not found:
        where = ", ".join(map(str, folders))
        raise InputRefused("no_report", f"{where} holds no {REPORT}; expected FOLDER/SCAN/{REPORT}, as endplate quantify writes")
    notes, taken = list[str](), 0
    for number, path in enumerate(found):
        progress.tell("import", number / len(found))
        try:
            _take(place, path, roots, str(order.get("actor", "worker")))
            taken += 1
        # whatever a file that is no report brings about
        except (ValueError, LookupError, TypeError, OSError, ArithmeticError, RecursionError) as error:
            notes.append(f"{path.parent.name}: {error}"[:_LONGEST_NOTE])
    if not taken:
        raise InputRefused("no_report", f"none of {len(found)} files can be read: {notes[0]}; quantify the scans again")
    return Outcome("; ".join(notes[:5]), taken)


def _take(place: Place, path: Path, roots: Sequence[Path], actor: str) -> None:
    content = content_of(path, path.parent)
    identity = scan_id(path.parent, f"{REPORT} {sha256(content).hexdigest()}")
    if place.store.report(identity) is not None:
        return
    report = Report.from_json(content.decode())
    _check_shown(report)
    why_not = _why_not(report, roots)
    # the scan's own source is what is ever followed again: empty where it must not be
    source = "" if why_not else report.source.path
    who = Patient() if why_not else patient_of_source(report)
    scan = Scan(identity, report.source.name or path.parent.name, "waiting", now(), source, who)
    place.store.add_scan(scan, actor)
    with replaced_folder(place.folder(scan.id), place.worker) as half:
        write_atomically(half / REPORT, content)
        picture = _picture(path.with_name(PICTURE))
        if picture:
            write_atomically(half / PICTURE, picture)
        without = _images(report, half / IMAGES, why_not)
    place.store.set_measured(scan.id, report, without)


def _check_shown(report: Report) -> None:
    """Raises whatever values bring about that are of the schema and yet none of endplate's: nothing could show them later."""
    if report.review is not None:  # kept as the model's own, a reader's points would pass for the model's
        raise ValueError("carries a review already; give the model's own report.json")
    if report.status != "refused":
        opened(report)
    s = report.summary
    counts = (s.vertebrae, s.assessed, s.fractures, s.mild_deformities, s.worst_grade or 0) if s else ()
    if not all(0 <= count < _MOST for count in counts):
        raise ValueError(f"summary: expected counts and grades of 0 to {_MOST}, got {counts}")
    page_html(report, b"")
    fhir_bundle(report)
    slicer_markups(report)


def _why_not(report: Report, roots: Sequence[Path]) -> str | None:
    """Why the scan that a report names is not looked for; None where it may be."""
    try:
        check_source(report.source, roots)
    except Elsewhere as elsewhere:
        return str(elsewhere)
    return None


def _picture(path: Path) -> bytes:
    """The report's; nothing where there is none, or what bears its name is none."""
    try:
        content = content_of(path, path.parent)
    except (Elsewhere, OSError):
        return b""
    return content if content.startswith(_PNG) else b""


def _images(report: Report, folder: Path, why_not: str | None) -> str | None:
    """None where they could be made; else why not."""
    if report.status != "ok":
        return NO_IMAGES.get(report.status, f"the scan is {report.status}")
    if why_not:
        return why_not
    try:
        images_from_source(report, folder)
    except (InputRefused, ValueError) as refusal:
        return str(refusal)
    return None
