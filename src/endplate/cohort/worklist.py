"""What is to be done: every scan under the given paths, and everything that should have been a scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from endplate.cohort import ledger
from endplate.errors import InputRefused
from endplate.volume import dicomweb
from endplate.volume.choice import Choice, chosen, uid_of
from endplate.volume.read import find_scans
from endplate.volume.scan_list import FoundScan, LeftOut, file_stem, safe_name


@dataclass(frozen=True)
class Job:
    """One scan, or one thing that should have been a scan.

    Attributes:
        name: of its folder in the output, unique there without regard to case.
        origin: which input this is and in which state, to tell whether it is done already.
        scan: what to read; None where headers alone led to a refusal.
        refusal: why there is nothing to read; None where there is a scan.
        not_taken: why other CT series of the same study are passed over.
        remote: a series on a server, which whoever does the job has to fetch; None for what lies here.
    """

    name: str
    origin: ledger.Origin
    scan: FoundScan | None = None
    refusal: InputRefused | None = None
    not_taken: tuple[str, ...] = ()
    remote: dicomweb.SeriesAddress | None = None


def worklist(paths: Sequence[Path | str], out: Path, choice: Choice | None = None) -> list[Job]:
    """Every scan under the paths, each once, with a folder name that no other input holds in the output folder.

    Args:
        paths: files or folders; as text also DICOMweb URLs of series (`endplate.volume.dicomweb`).
        out: the output folder; earlier results in it keep their names.
        choice: which CT series of a study to take; the best of each if left out.
    """
    jobs: dict[str, Job] = {}
    names = ledger.Names(out)
    found = [job for path in paths for job in _found(path, choice or Choice())]
    # a series that was asked for lies under one of several paths
    elsewhere = any(job.scan is not None for job in found)
    for wanted in found:
        absent = elsewhere and wanted.refusal is not None and wanted.refusal.code == "no_such_series"
        if not absent and wanted.origin.key not in jobs:
            jobs[wanted.origin.key] = replace(wanted, name=names.claim(wanted.name, wanted.origin))
    return list(jobs.values())


def stream(paths: Iterable[Path | str], out: Path, choice: Choice | None = None) -> Iterator[Job]:
    """As `worklist`, input by input: the first scan can be measured before the last is looked for, and none is kept.

    A folder is one input, whose studies are looked at together.

    Args:
        paths: as in `worklist`.
        out: the output folder.
        choice: without a series; one may lie under any of the inputs, which `worklist` looks through first.
    """
    names, seen = ledger.Names(out), set[str]()
    for path in paths:
        for wanted in _found(path, choice or Choice()):
            if wanted.origin.key not in seen:
                seen.add(wanted.origin.key)
                yield replace(wanted, name=names.claim(wanted.name, wanted.origin))


def _found(path: Path | str, choice: Choice) -> list[Job]:
    return [_remote(path)] if isinstance(path, str) and dicomweb.is_url(path) else _under(Path(path), choice)


def _remote(url: str) -> Job:
    """A series on a server, as unchanging as its UID; nothing is asked of the server yet."""
    try:
        place = dicomweb.address(url)
    except InputRefused as refusal:
        return Job("url", ledger.Origin(dicomweb.shown(url), refusal.code, ""), refusal=refusal)
    return Job(place.series, ledger.Origin(place.url, place.series, ""), remote=place)


def _under(path: Path, choice: Choice) -> list[Job]:
    try:
        found = chosen(find_scans(path), choice)
    except InputRefused as refusal:
        return [_refused(path, refusal)]
    except OSError as error:
        return [
            _refused(path, InputRefused("unreadable", f"{path} cannot be read: {error.strerror or error}; check its permissions"))
        ]
    return [*map(_scan, found.scans), *map(_left_out, found.refused)]


def _scan(scan: FoundScan) -> Job:
    return Job(scan.name, ledger.origin(scan.path, scan.files, uid_of(scan) or scan.member), scan, None, scan.not_taken)


def _left_out(item: LeftOut) -> Job:
    message = item.reason if item.path.name in item.reason else f"{item.path.name}: {item.reason}"
    return _refused(item.path, InputRefused(item.code, message))


def _refused(path: Path, refusal: InputRefused) -> Job:
    stem = path.resolve().name if path.is_dir() else file_stem(path)
    return Job(safe_name(stem), ledger.origin(path, [path], refusal.code), refusal=refusal)
