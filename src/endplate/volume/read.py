"""Finds the scans under a path and reads them, whatever their format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from endplate.errors import InputRefused
from endplate.volume.dicom_headers import DicomFile, read_dicom_file
from endplate.volume.dicom_kinds import NotASlice
from endplate.volume.dicom_series import FEWEST_SLICES, read_series, series_of
from endplate.volume.files import read_meta_image, read_nifti, read_nrrd
from endplate.volume.scan_list import FoundScan, LeftOut, ScanList, named
from endplate.volume.volume import Volume

_KINDS = {".nii.gz": "nifti", ".nii": "nifti", ".nrrd": "nrrd", ".nhdr": "nrrd", ".mha": "mha", ".mhd": "mha"}
_READERS: dict[str, Callable[[Path], Volume]] = {"nifti": read_nifti, "nrrd": read_nrrd, "mha": read_meta_image}

_IRRELEVANT = frozenset(
    (
        *(
            ".json",
            ".txt",
            ".csv",
            ".tsv",
            ".md",
            ".xml",
            ".html",
            ".htm",
            ".pdf",
            ".yaml",
            ".yml",
            ".toml",
            ".log",
            ".xlsx",
            ".docx",
        ),
        *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".py", ".ipynb", ".sh", ".exe", ".inf", ".ini", ".db", ".lock"),
        *(".npy", ".npz", ".raw", ".zraw", ".gz", ".zip", ".tar", ".bval", ".bvec", ".onnx", ".stl"),
    )
)
"""Suffixes never opened; ``.raw`` and ``.gz`` belong to a header beside them."""

_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
_SKIPPED_CODES = frozenset({"no_image", "secondary_capture", "colour", "localiser", "projection", "rendering", "screen_capture"})
_SKIPPED_CODES |= {"dose_report", "unknown_file"}


def find_scans(path: Path) -> ScanList:
    """Every scan under a path, from headers alone.

    Args:
        path: a file of any format, a DICOM file, or a folder with scans of any kind in any sub-folders.

    Raises:
        InputRefused: ``no_scan`` if the path does not exist or holds nothing that is or should be a scan.
    """
    path = Path(path)
    if not path.exists():
        raise InputRefused("no_scan", f"{path} does not exist; give a file or a folder that holds a CT")
    found = _listed(path)
    if not found.scans and not found.refused:
        skipped = "; ".join(f"{item.path.name}: {item.reason}" for item in found.skipped[:5])
        raise InputRefused(
            "no_scan", f"{path} holds no CT scan{f' ({skipped})' if skipped else ''}; expected DICOM, NIfTI, NRRD or MHA"
        )
    return found


def read_scan(scan: FoundScan) -> Volume:
    """The volume of a scan that `find_scans` found.

    Raises:
        InputRefused: if the scan cannot be measured; the message says why.
    """
    volume = read_series(scan.series, scan.name) if scan.series is not None else _READERS[scan.kind](scan.path)
    messages = scan.messages + volume.source.messages
    return replace(volume, source=replace(volume.source, name=scan.name, messages=messages))


def read(path: Path) -> Volume:
    """The one scan under a path.

    Raises:
        InputRefused: ``no_scan``, ``several_scans``, or the reason why the scan cannot be measured.
    """
    found = find_scans(path)
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
    for file in _files(path):
        kind = _kind(file)
        if kind in _READERS:
            scans.append(FoundScan("", kind, file))
            continue
        try:
            headers.append(read_dicom_file(file))
        except InputRefused as refusal:
            _note(left_out, file, refusal)
    series, too_short = _series_scans(headers)
    ordered = sorted([*scans, *series], key=lambda scan: (str(scan.path), scan.series.number or 0 if scan.series else 0))
    skipped = tuple(item for item in left_out.values() if item.code in _SKIPPED_CODES)
    refused = tuple(item for item in left_out.values() if item.code not in _SKIPPED_CODES) + too_short
    return ScanList(_with_notes(named(ordered, path), (*skipped, *refused)), skipped, refused)


def _files(path: Path) -> Iterator[Path]:
    """The files to look at, sorted; hidden and irrelevant ones are left out unless given by name."""
    if path.is_file():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            file = Path(folder, name)
            known = _kind(file) or file.suffix.lower() not in _IRRELEVANT
            if known and not name.startswith(".") and file.is_file():
                yield file


def _kind(file: Path) -> str:
    name = file.name.lower()
    return next((kind for suffix, kind in _KINDS.items() if name.endswith(suffix)), "")


def _note(left_out: dict[tuple[str, str, str], LeftOut], file: Path, refusal: InputRefused) -> None:
    """Counts what was left out: one entry per reason and series, or folder."""
    unknown = refusal.code == "not_dicom" and file.suffix.lower() not in _DICOM_SUFFIXES
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


def _with_notes(scans: tuple[FoundScan, ...], left_out: tuple[LeftOut, ...]) -> tuple[FoundScan, ...]:
    """Tells each DICOM scan what was skipped in its own folder."""

    def notes(scan: FoundScan) -> tuple[str, ...]:
        if scan.series is None:
            return ()
        near = [item for item in left_out if item.path.is_relative_to(scan.series.folder)]
        return tuple(f"skipped: {item.path.name} {item.reason}, {item.files} file{'s'[: item.files > 1]}" for item in near)

    return tuple(replace(scan, messages=notes(scan)) for scan in scans)
