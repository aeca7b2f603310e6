"""What lies under a path: scans to read, with safe names, and everything that was left out, with reasons."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from endplate.volume.dicom_series import Series

_LONGEST_NAME = 80
_PLAIN_NAMES = ("ct", "image", "img", "volume", "scan")
"""File names that say nothing; the folder's name is used instead."""


@dataclass(frozen=True)
class FoundScan:
    """A scan that can be read.

    Attributes:
        name: safe, unique folder name for its results.
        kind: ``dicom``, ``nifti``, ``nrrd`` or ``mha``.
        path: the file, the folder of the series, or the zip.
        series: the slices, for ``dicom``.
        messages: what the user should know, such as files of the series that were skipped.
        archive: the zip that holds it, or None; its files have to be unpacked before they can be read.
        member: name of the unpacked file in ``archive``, for what is no DICOM.
        not_taken: why other series of its study are passed over.
    """

    name: str
    kind: str
    path: Path
    series: Series | None = None
    messages: tuple[str, ...] = ()
    archive: Path | None = None
    member: str = ""
    not_taken: tuple[str, ...] = ()

    @property
    def files(self) -> list[Path]:
        """What has to stay as it is for a result to stay true."""
        if self.archive is not None or self.series is None:
            return [self.archive or self.path]
        return [image.path for image in self.series.slices]


@dataclass(frozen=True)
class LeftOut:
    """Files that are no scan.

    Attributes:
        path: the first of them.
        code: a short stable name, such as ``localiser`` or ``not_dicom``.
        reason: a sentence for the user.
        files: how many.
    """

    path: Path
    code: str
    reason: str
    files: int = 1


@dataclass(frozen=True)
class ScanList:
    """Everything under a path.

    Attributes:
        scans: in order of their paths.
        skipped: rightly left out: localisers, reports, pictures.
        refused: should have been a scan, but is damaged, of another modality, or too short.
        not_taken: good CT series that are passed over for a better one of their study.
    """

    scans: tuple[FoundScan, ...] = ()
    skipped: tuple[LeftOut, ...] = ()
    refused: tuple[LeftOut, ...] = ()
    not_taken: tuple[LeftOut, ...] = ()


def file_stem(path: Path) -> str:
    """File name without its image suffix.

    >>> file_stem(Path("a/ct.nii.gz"))
    'ct'
    """
    return re.sub(r"(\.nii\.gz|\.[^.]*)$", "", path.name, flags=re.IGNORECASE)


def safe_name(text: str) -> str:
    """A folder name of letters, digits, dots, dashes and underscores that leads nowhere else.

    >>> safe_name("../Müller, K."), safe_name("..")
    ('Muller_K', 'scan')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return name or "scan"


def named(scans: Sequence[FoundScan], path: Path) -> tuple[FoundScan, ...]:
    """The scans under a path with safe names, unique without regard to case; one tree gives the same names every time."""
    root = path if path.is_dir() else path.parent
    folders = Counter(scan_folder(scan) for scan in scans)
    names = [_own_name(scan, (path.is_dir() or scan.archive is not None) and folders[scan_folder(scan)] == 1) for scan in scans]
    clashing = _repeated(names)
    longer = [_path_name(s, root) if name.lower() in clashing else name for s, name in zip(scans, names, strict=True)]
    taken: set[str] = set()
    result = []
    for scan, wanted in zip(scans, longer, strict=True):
        name, count = wanted, 2
        while name.lower() in taken:
            name, count = f"{wanted}-{count}", count + 1
        taken.add(name.lower())
        result.append(replace(scan, name=name))
    return tuple(result)


def scan_folder(scan: FoundScan) -> Path:
    """The folder that a scan lies in; a series' own folder, or the zip."""
    if scan.archive is not None:
        return scan.archive
    return scan.path.parent if scan.series is None else scan.series.folder


def _own_name(scan: FoundScan, alone: bool) -> str:
    folder = scan_folder(scan).resolve().name
    if scan.archive is not None:
        stem = file_stem(scan.archive)
        return safe_name(stem if alone else f"{stem}-{_word_in_archive(scan)}")
    if scan.series is not None and scan.path == scan.series.folder:
        return safe_name(folder if alone else f"{folder}-{_series_word(scan.series)}")
    stem = file_stem(scan.path)
    return safe_name(folder if folder and (alone or stem.lower() in _PLAIN_NAMES) else stem)


def _path_name(scan: FoundScan, root: Path) -> str:
    """The way from the root to the scan, for scans whose short names clash."""
    relative = scan.path.relative_to(root) if scan.path.is_relative_to(root) else Path(scan.path.name)
    if scan.archive is not None:
        return safe_name("-".join([*relative.parent.parts, file_stem(relative), _word_in_archive(scan)]))
    if scan.series is not None and scan.path == scan.series.folder:
        return safe_name("-".join([*(relative.parts or (root.resolve().name,)), _series_word(scan.series)]))
    parts = [*relative.parent.parts, file_stem(relative)]
    return safe_name("-".join(parts[:-1] if len(parts) > 1 and parts[-1].lower() in _PLAIN_NAMES else parts))


def _word_in_archive(scan: FoundScan) -> str:
    return file_stem(Path(scan.member)) if scan.series is None else _series_word(scan.series)


def _series_word(series: Series) -> str:
    return "series" if series.number is None else f"series{series.number}"


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name, count in Counter(name.lower() for name in names).items() if count > 1}
