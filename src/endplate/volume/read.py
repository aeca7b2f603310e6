"""Finds the scans under a path and reads them, whatever their format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from endplate.errors import InputRefused
from endplate.volume.archive import unpacked
from endplate.volume.choice import Choice, chosen
from endplate.volume.dicom_directory import note_on
from endplate.volume.dicom_headers import DicomFile, read_dicom_file
from endplate.volume.dicom_kinds import PICTURE_CODES, NotASlice
from endplate.volume.dicom_series import FEWEST_SLICES, read_series, series_of
from endplate.volume.file_kinds import DICOM_SUFFIXES, is_dicom_directory, is_relevant, kind_of
from endplate.volume.files import read_meta_image, read_nifti, read_nrrd
from endplate.volume.scan_list import FoundScan, LeftOut, ScanList, named
from endplate.volume.volume import Volume

_READERS: dict[str, Callable[[Path], Volume]] = {"nifti": read_nifti, "nrrd": read_nrrd, "mha": read_meta_image}

_SKIPPED_CODES = PICTURE_CODES | {"no_image", "secondary_capture", "colour", "unknown_file"}


def find_scans(path: Path) -> ScanList:
    """Every scan under a path, from headers alone.

    Args:
        path: a file of any format, a DICOM file, a zip, a DICOMDIR (for its folder), or a folder with scans of any kind in any
            sub-folders.

    Raises:
        InputRefused: ``no_scan`` if the path does not exist or holds nothing that is or should be a scan; for a zip also
            ``bad_zip``, ``zip_encrypted``, ``zip_unsafe``, ``zip_too_large``.
    """
    path = Path(path)
    if path.is_file() and is_dicom_directory(path.name):
        path = path.parent
    if not path.exists():
        raise InputRefused("no_scan", f"{path} does not exist; give a file or a folder that holds a CT")
    found = _listed(path)
    if not found.scans and not found.refused:
        skipped = "; ".join(f"{item.path.name}: {item.reason}" for item in found.skipped[:5])
        raise InputRefused(
            "no_scan", f"{path} holds no CT scan{f' ({skipped})' if skipped else ''}; expected DICOM, NIfTI, NRRD, MHA or a zip"
        )
    return found


def read_scan(scan: FoundScan) -> Volume:
    """The volume of a scan that `find_scans` found.

    Raises:
        InputRefused: if the scan cannot be measured; the message says why.
    """
    try:
        with files_of(scan) as here:
            volume = read_series(here.series, scan.name) if here.series is not None else _READERS[here.kind](here.path)
    except (OSError, MemoryError) as error:
        found = f"{scan.path} cannot be read: {error or type(error).__name__}"
        raise InputRefused("unreadable", f"{found}; check the file, its disk and the free memory") from error
    messages = scan.messages + volume.source.messages
    return replace(volume, source=replace(volume.source, path=str(scan.path), name=scan.name, messages=messages))


@contextmanager
def files_of(scan: FoundScan) -> Iterator[FoundScan]:
    """The scan with files that can be opened: those of a zip are there until the block ends."""
    if scan.archive is None:
        yield scan
        return
    only = {scan.member} if scan.series is None else {image.path.name for image in scan.series.slices}
    with unpacked(scan.archive, only) as folder:
        if scan.series is None:
            yield replace(scan, path=folder / scan.member)
        else:
            slices = tuple(replace(image, path=folder / image.path.name) for image in scan.series.slices)
            yield replace(scan, series=replace(scan.series, slices=slices))


def read(path: Path, choice: Choice | None = None) -> Volume:
    """The one scan under a path; of a study with several CT series, the best (`endplate.volume.choice`).

    Raises:
        InputRefused: ``no_scan``, ``several_scans``, ``no_such_series``, or the reason why the scan cannot be measured.
    """
    found = chosen(find_scans(path), choice or Choice())
    if len(found.scans) > 1:
        names = ", ".join(f"{scan.name} ({scan.path})" for scan in found.scans[:10])
        raise InputRefused("several_scans", f"{path} holds {len(found.scans)} scans: {names}; expected one; give one of them")
    if not found.scans:
        reasons = "; ".join(item.reason for item in found.refused[:5])
        raise InputRefused(found.refused[0].code, f"{path}: {reasons}")
    return read_scan(found.scans[0])


def _listed(path: Path) -> ScanList:
    scans: list[FoundScan] = []
    headers: list[DicomFile] = []
    left_out: dict[tuple[str, str, str], LeftOut] = {}
    inside: list[ScanList] = []
    indexes: dict[Path, str] = {}
    for file in _files(path):
        kind = kind_of(file.name)
        if kind in _READERS:
            scans.append(FoundScan("", kind, file))
        elif is_dicom_directory(file.name):
            indexes[file.parent] = note_on(file)
        else:
            try:
                if kind == "zip":
                    inside.append(_in_archive(file))
                else:
                    headers.append(read_dicom_file(file))
            except InputRefused as refusal:
                _note(left_out, file, refusal)
    series, too_short = _series_scans(headers)
    skipped = tuple(item for item in left_out.values() if item.code in _SKIPPED_CODES)
    refused = tuple(item for item in left_out.values() if item.code not in _SKIPPED_CODES) + too_short
    here = _with_notes(tuple([*scans, *series]), (*skipped, *refused), indexes)
    everything = [*here, *(scan for part in inside for scan in part.scans)]
    ordered = sorted(everything, key=lambda scan: (str(scan.path), scan.series.number or 0 if scan.series else 0, scan.member))
    skipped += tuple(item for part in inside for item in part.skipped)
    refused += tuple(item for part in inside for item in part.refused)
    return ScanList(named(ordered, path), skipped, refused)


def _in_archive(path: Path) -> ScanList:
    """What a zip holds; the files themselves are gone again when this returns."""
    with unpacked(path) as folder:
        found = _listed(folder)
    if not (found.scans or found.refused or found.skipped):
        return ScanList(skipped=(LeftOut(path, "unknown_file", "holds no DICOM, NIfTI, NRRD or MHA"),))

    def within(scan: FoundScan) -> FoundScan:
        if scan.series is None:
            return replace(scan, path=path, archive=path, member=scan.path.name)
        return replace(scan, path=path, archive=path, series=replace(scan.series, folder=path))

    def moved(items: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
        return tuple(replace(item, path=path, reason=f"file {item.path.name}: {item.reason}") for item in items)

    return ScanList(tuple(within(scan) for scan in found.scans), moved(found.skipped), moved(found.refused))


def _files(path: Path) -> Iterator[Path]:
    """The files to look at, sorted; hidden and irrelevant ones are left out unless given by name."""
    if path.is_file():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            file = Path(folder, name)
            if is_relevant(name) and file.is_file():
                yield file


def _note(left_out: dict[tuple[str, str, str], LeftOut], file: Path, refusal: InputRefused) -> None:
    """Counts what was left out: one entry per reason and series, or folder."""
    unknown = refusal.code == "not_dicom" and file.suffix.lower() not in DICOM_SUFFIXES
    series = refusal.series if isinstance(refusal, NotASlice) else ""
    code = "unknown_file" if unknown else refusal.code
    key = (code, series, str(file.parent))
    before = left_out.get(key, LeftOut(file, code, refusal.message, 0))
    left_out[key] = replace(before, files=before.files + 1)


def _series_scans(headers: list[DicomFile]) -> tuple[list[FoundScan], tuple[LeftOut, ...]]:
    scans, too_short = [], []
    for series in series_of(headers):
        files = {image.path for image in series.slices}
        first = min(files)
        if len(series.slices) < FEWEST_SLICES:
            found = f"{first.name} and its series make {len(series.slices)} CT slices"
            reason = f"{found}; expected at least {FEWEST_SLICES}; give the folder of the whole series"
            too_short.append(LeftOut(first, "too_few_slices", reason, len(files)))
        else:
            scans.append(FoundScan("", "dicom", series.folder if len(files) > 1 else first, series))
    return scans, tuple(too_short)


def _with_notes(scans: tuple[FoundScan, ...], left_out: tuple[LeftOut, ...], indexes: dict[Path, str]) -> tuple[FoundScan, ...]:
    """Tells each DICOM scan what was skipped in its own folder, and what the DICOMDIR above it misses."""

    def notes(scan: FoundScan) -> tuple[str, ...]:
        if scan.series is None:
            return ()
        folder = scan.series.folder
        near = [item for item in left_out if item.path.is_relative_to(folder)]
        skipped = tuple(f"skipped: {item.path.name} {item.reason}, {item.files} file{'s'[: item.files > 1]}" for item in near)
        return skipped + tuple(note for where, note in indexes.items() if note and folder.is_relative_to(where))

    return tuple(replace(scan, messages=notes(scan)) for scan in scans)
