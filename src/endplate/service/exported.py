"""Files that leave: each shows one version of the review, and a DICOM object that has left never changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from endplate.errors import InputRefused
from endplate.exports import ExportInput, export, straight_spine
from endplate.report.report import Report
from endplate.report.table import write_atomically
from endplate.review.document import Review
from endplate.review.images import read_images
from endplate.service import saving
from endplate.service.http.problems import Refused, not_found
from endplate.service.keeping import Store
from endplate.service.records import Scan
from endplate.service.settings import Settings

_DICOM = ".dcm"
_REPORT = "report.sr.dcm"
_FHIR = "fhir.json"
_one_at_a_time = threading.Lock()
"""DICOM objects are made and kept one after another: two clients must not get two objects with one UID."""


def file_of(store: Store, settings: Settings, scan: Scan, name: str, version: int | None) -> tuple[int, bytes]:
    """A file of ``endplate.exports.NAMES``, and the version that it shows.

    Args:
        store: that keeps report and reviews.
        settings: of the service; DICOM objects are kept in the scan's folder, and name its organisation once a reader has signed.
        scan: whose.
        name: of the file.
        version: of the review; 0 for what the model said. If None, the last signed one, else the last saved one, else the model's.

    Raises:
        Refused: if there is no such version or no report; ``superseded`` where another version is the one that is signed, and the
            file would take its place with whoever received it.
        InputRefused: if there can be no such file of it.
    """
    signed, folder = store.signed_versions(scan.id), settings.scans / scan.id
    if version is None and signed:
        version = signed[-1]
    saved = None if version == 0 else store.review(scan.id, version)
    if saved is None and version:
        raise not_found(f"version {version} of the review of scan {scan.name}", "see the list of versions")
    model = saving.model_of(store, scan)
    shown = _Shown(model) if saved is None else _Shown(model, *saving.kept(store, scan, saved), settings.organisation)
    if name == _FHIR or (name.endswith(_DICOM) and not _place(folder, shown.version, name).is_file()):
        _check_current(shown.version, signed)
    if not name.endswith(_DICOM):
        return shown.version, export(name, _input(folder, shown))
    if model.source.path != scan.source:  # of a report from elsewhere: see `endplate.service.jobs.own_files`
        where = f"{model.source.path[:200]!r}, in no folder that the service may read"
        raise InputRefused("no_dicom_source", f"{scan.name}: its scan lies in {where}; start endplate serve with --folders for it")
    with _one_at_a_time:
        return shown.version, _kept(folder, shown, name)


@dataclass(frozen=True)
class _Shown:
    """What a file shows: the model's report, or a version of the review with the report as it left it when it was saved."""

    model: Report
    review: Review | None = None
    reviewed: Report | None = None
    organisation: str = ""

    @property
    def version(self) -> int:
        return 0 if self.review is None else self.review.version


def _check_current(version: int, signed: Sequence[int]) -> None:
    """A new object of another version than the signed one would be taken for what holds now."""
    if signed and version != signed[-1]:
        which = f"version {version} is a draft after" if version > signed[-1] else f"version {version} is superseded by"
        said = f"{which} version {signed[-1]}, which is signed; as DICOM and FHIR only the last signed version leaves"
        raise Refused(409, "superseded", f"{said}: export that one, or sign a new one first")


def _kept(folder: Path, shown: _Shown, name: str) -> bytes:
    """A DICOM object as it left first; a verified one follows an unverified one, which is made if none has left."""
    path = _place(folder, shown.version, name)
    if path.is_file():
        return path.read_bytes()
    before = _before(folder, shown.version, name)
    if before is None and shown.review is not None and shown.review.is_signed and name == _REPORT:
        before = _kept(folder, _Shown(shown.model), name)
    previous = {} if before is None else {name: before}
    content = export(name, _input(folder, shown, previous))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(path, content)
    return content


def _before(folder: Path, version: int, name: str) -> bytes | None:
    """The object of the last version before this one of which one has left."""
    for earlier in range(version - 1, -1, -1):
        path = _place(folder, earlier, name)
        if path.is_file():
            return path.read_bytes()
    return None


def _place(folder: Path, version: int, name: str) -> Path:
    return folder / "exports" / str(version) / name


def _input(folder: Path, shown: _Shown, previous: dict[str, bytes] | None = None) -> ExportInput:
    picture = folder / "overview.png"
    drawn = picture.read_bytes() if picture.is_file() else b""
    images = read_images(folder / "images")
    spine = None if images is None else straight_spine(images.straight, images.info["straight"])
    signed = shown.review is not None and shown.review.is_signed
    organisation = shown.organisation if signed else ""
    return ExportInput(shown.model, shown.review, shown.reviewed or shown.model, drawn, previous or {}, spine, organisation)
