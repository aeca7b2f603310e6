"""One scan after the other; what goes wrong with one is its own result and never stops the others."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from endplate import pipeline, renderings
from endplate.cohort import ledger
from endplate.cohort.refusal import refused
from endplate.cohort.tables import read_report
from endplate.cohort.worklist import Job
from endplate.errors import InputRefused, ModelUnusable
from endplate.models import Models
from endplate.report.report import Message, Report
from endplate.report.table import write_atomically
from endplate.volume import Volume, dicomweb
from endplate.volume.choice import Choice
from endplate.volume.read import read, read_scan

ALL_FILES = (renderings.TRACEBACK, *(file for files in renderings.FILES.values() for file in files))
"""What a result may hold beside report, picture and note."""
LAST = ("report.json", ledger.FILE)
"""Their presence says that what comes before them is there."""
FAULT = "fault"
"""Code of a refusal that is endplate's own fault."""


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Attributes:
        job: which.
        report: also for refused scans.
        seconds: wall time; 0 where an earlier run's result was found.
        earlier: whether it is an earlier run's result.
        unmade: why which further rendering could not be made.
    """

    job: Job
    report: Report
    seconds: float = 0.0
    earlier: bool = False
    unmade: tuple[Message, ...] = ()

    @property
    def is_fault(self) -> bool:
        """Whether endplate itself failed, on the scan or on one of its renderings."""
        failed = self.report.status == "refused" and self.report.messages[0].code == FAULT
        return failed or any(m.code == renderings.FAILED for m in self.report.messages)


@dataclass(frozen=True)
class Destination:
    """Where results go, and which of those there may stay.

    Attributes:
        out: gets a folder per scan.
        maker: what a result must have been made with to count as done.
        overwrite: do again what is done.
        further: renderings beside report and picture: html, pdf, fhir, slicer, dicom.
    """

    out: Path
    maker: ledger.Maker
    overwrite: bool = False
    further: tuple[str, ...] = ()


def run(jobs: Iterable[Job], destination: Destination, models: Models, settings: pipeline.Settings) -> Iterator[Outcome]:
    """Quantifies what is not done yet and writes each result as soon as it is there.

    Args:
        jobs: from `worklist`.
        destination: where to.
        models: the networks.
        settings: of the pipeline.

    Raises:
        ModelUnusable: if the weights turn out to be damaged.
        OSError: if the output cannot be written.
    """
    for job in jobs:
        folder = destination.out / job.name
        if not destination.overwrite and ledger.is_done(folder, job.origin, destination.maker):
            done = _completed(folder, destination.further)
            yield Outcome(job, done.report, earlier=True, unmade=done.unmade)
            continue
        start = perf_counter()
        with _Replacement(folder, ALL_FILES) as half:
            rendered = pipeline.write_result(_one(job, half, models, settings), half, destination.further, folder)
            ledger.note(half, job.origin, destination.maker, rendered.settled)
        yield Outcome(job, rendered.report, perf_counter() - start, unmade=rendered.unmade)


def _completed(folder: Path, further: tuple[str, ...]) -> renderings.Rendered:
    """A finished result, to which the renderings that it lacks are added from its report and picture."""
    report, missing = read_report(folder), ledger.missing(folder, further)
    if not missing:
        return renderings.Rendered(report, {}, ())
    with _Replacement(folder) as half:
        picture = (folder / "overview.png").read_bytes()
        rendered = renderings.render(report, picture, half, missing)
        if rendered.report != report:  # what is there already does not know the new message
            rendered = renderings.render(rendered.report, picture, half, missing.union(ledger.held(folder)))
        write_atomically(half / "report.json", rendered.report.to_json().encode())
        ledger.note_further(half, folder, rendered.settled)
    return rendered


def _one(job: Job, folder: Path, models: Models, settings: pipeline.Settings) -> pipeline.Result:
    """Quantifies one scan into a folder; whatever is wrong with it becomes its report."""
    try:
        result = _quantified(job, models, settings)
    except ModelUnusable:
        raise
    except InputRefused as refusal:
        result = pipeline.Result(refused(job, refusal, models, settings.norms), None)
    except Exception as error:  # a fault of ours must not cost the user the other scans
        (folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
        reason = f"endplate failed on this scan ({type(error).__name__}: {error}); please report it with {job.name}/traceback.txt"
        result = pipeline.Result(refused(job, InputRefused(FAULT, reason), models, settings.norms), None)
    return result


def _quantified(job: Job, models: Models, settings: pipeline.Settings) -> pipeline.Result:
    start = perf_counter()
    volume = _volume(job)
    reading = perf_counter() - start
    result = pipeline.quantify_volume(volume, models, settings)
    timing = {"read": round(reading, 3), **result.report.timing_s, "total": round(perf_counter() - start, 3)}
    return replace(result, report=replace(result.report, timing_s=timing))


def _volume(job: Job) -> Volume:
    if job.remote is not None:
        return _fetched(job, job.remote)
    if job.refusal is not None or job.scan is None:
        raise job.refusal or InputRefused("no_scan", f"{job.origin.path} holds no scan")
    return read_scan(replace(job.scan, name=job.name))


def _fetched(job: Job, place: dicomweb.SeriesAddress) -> Volume:
    """The volume of a series on a server; its files are here only while they are read."""
    with dicomweb.fetched(place) as folder:
        volume = read(folder, Choice(series=place.series))
    return replace(volume, source=replace(volume.source, path=place.url, name=job.name))


class _Replacement:
    """A hidden folder beside the target; its files replace the target's once all are written, or vanish.

    Files of the target that have no successor in a new result, such as a user's notes, stay; but not those that would speak
    of an earlier result beside the new report.
    """

    def __init__(self, target: Path, outdated: Collection[str] = ()) -> None:
        self._target = target
        self._outdated = outdated
        self._half = target.parent / f".{target.name}.{os.getpid()}"

    def __enter__(self) -> Path:
        shutil.rmtree(self._half, ignore_errors=True)  # of a killed process that had the same number
        self._half.mkdir(parents=True, exist_ok=True)
        return self._half

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._target.mkdir(exist_ok=True)
                for name in self._outdated:
                    if not (self._half / name).exists():
                        (self._target / name).unlink(missing_ok=True)
                for file in sorted(self._half.iterdir(), key=lambda f: LAST.index(f.name) if f.name in LAST else -1):
                    os.replace(file, self._target / file.name)
        finally:
            shutil.rmtree(self._half, ignore_errors=True)
