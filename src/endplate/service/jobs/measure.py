"""Job ``measure``: one scan, from file to report and images."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from endplate import pipeline
from endplate.errors import InputRefused
from endplate.report.report import Report
from endplate.review.images import write_images
from endplate.service.jobs.lives import replaced_folder
from endplate.service.jobs.orders import read_order, scan_id
from endplate.service.jobs.patients import patient
from endplate.service.jobs.place import Outcome, Place
from endplate.service.jobs.progress import Progress
from endplate.service.records import Job, Patient, Scan
from endplate.volume import Volume
from endplate.volume.archive import unpacked
from endplate.volume.choice import uid_of
from endplate.volume.read import files_of, find_scans, read_scan
from endplate.volume.scan_list import FoundScan

IMAGES = "images"
MEMBERS = "members"
"""In the order of a scan in a zip."""
NO_IMAGES = {"refused": "the scan could not be measured", "no_spine": "no spine was found in the scan"}

_REMEDY = "put it back and retry, or delete the scan"


class SourceGone(Exception):
    """The files of a scan are not where they were; a retry may find them again."""


def measure(place: Place, job: Job, progress: Progress) -> Outcome:
    """Measures the job's scan; a scan that cannot be measured gets a report that says why.

    Raises:
        SourceGone: if the scan's files are not there.
    """
    scan = place.store.scan(job.scan_id or "")
    if scan is None:
        return Outcome("the scan has been deleted")
    if place.store.report(scan.id) is not None:
        return Outcome()  # a worker died after it had kept the report
    place.store.set_running(scan.id)
    progress.stage("read")
    began = perf_counter()
    try:
        who, volume = _read(scan, read_order(place.data, job.id).get(MEMBERS, ()))
    except InputRefused as refusal:
        keep(place, scan.id, pipeline.refused(scan.name, Path(scan.source), refusal))
        return Outcome(refusal.message)
    if who != scan.patient and who != Patient():
        place.store.set_patient(scan.id, who)
    clock = pipeline.Clock({"read": round(perf_counter() - began, 3)}, progress.stage)
    result = pipeline.quantify_volume(volume, place.models, clock=clock)
    timing = {**result.report.timing_s, "total": round(perf_counter() - began, 3)}
    result = replace(result, report=replace(result.report, timing_s=timing))
    progress.stage("write")

    def images(report: Report, folder: Path) -> str | None:
        progress.stage("images")
        return _images(volume, report, folder)

    keep(place, scan.id, result, images)
    return Outcome("; ".join(m.text for m in result.report.messages if result.report.status != "ok"), 1)


def keep(place: Place, scan: str, result: pipeline.Result, images: Callable[[Report, Path], str | None] | None = None) -> None:
    """Writes a result's files, all at once, and then tells the store, which takes only the first.

    Args:
        place: where.
        scan: id.
        result: of the pipeline.
        images: writes the images for a review into a folder; gives why there are none, if so.
    """
    report = result.report
    with replaced_folder(place.folder(scan), place.worker) as half:
        pipeline.write_result(result, half)
        if report.status == "ok" and images is not None:
            without = images(report, half / IMAGES)
        else:
            without = NO_IMAGES.get(report.status, f"the scan is {report.status}")
    if not place.store.set_measured(scan, report, without) and place.store.scan(scan) is None:
        shutil.rmtree(place.folder(scan), ignore_errors=True)  # it was deleted in the meantime


def part_of(found: FoundScan, archive: Path | None = None) -> str:
    """Which of the scans in its file or folder it is: a series by its UID; others also by size and time of what holds them.

    Without these, a file with new content under its old name would be taken for the scan that was measured.

    Args:
        found: the scan.
        archive: that it was unpacked from, where ``found`` does not say it.
    """
    if uid := uid_of(found):
        return uid
    member = found.path.name if archive is not None and found.series is None else found.member
    stats = [path.stat() for path in ([archive] if archive is not None else found.files)]
    return f"{member} {sum(s.st_size for s in stats)} {max(s.st_mtime_ns for s in stats)}"


def members_of(found: FoundScan) -> list[str]:
    """The files of a scan in a zip, by their unpacked names."""
    return sorted({image.path.name for image in found.series.slices}) if found.series is not None else [found.member]


def _read(scan: Scan, members: Sequence[str]) -> tuple[Patient, Volume]:
    source = Path(scan.source)
    if not source.exists():
        raise SourceGone(f"{source} does not exist any more; {_REMEDY}")
    with _found(scan, source, members) as found:
        who = patient(found.series.slices[0].path) if found.series is not None else Patient()
        volume = read_scan(replace(found, name=scan.name, archive=None))
    return who, replace(volume, source=replace(volume.source, path=scan.source))


@contextmanager
def _found(scan: Scan, source: Path, members: Sequence[str]) -> Iterator[FoundScan]:
    """The scan with files that can be opened; of a zip only its own members are unpacked, where they are known."""
    with unpacked(source, members) if members else nullcontext(source) as place:
        for found in find_scans(place).scans:
            if scan_id(source, part_of(found, source if members else None)) == scan.id:
                with files_of(found) as here:
                    yield here
                return
    raise SourceGone(f"{source} does not hold this scan any more, or has changed since it was added; {_REMEDY}, and add it anew")


def _images(volume: Volume, report: Report, folder: Path) -> str | None:
    try:
        write_images(volume, report, folder)
    except ValueError as error:  # a report without a vertebra, or a course too short to straighten
        return str(error)
    return None
