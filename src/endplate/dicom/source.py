"""The series that a report is about: its patient, its study, and which slice lies where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from endplate.dicom import patient
from endplate.dicom.identity import uid
from endplate.errors import InputRefused
from endplate.report.report import Report
from endplate.volume import slices as geometry
from endplate.volume.dicom_headers import DicomSlice
from endplate.volume.dicom_series import Series, choose_slices
from endplate.volume.read import files_of, find_scans
from endplate.volume.scan_list import FoundScan

Floats = NDArray[np.floating]
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_UID_LENGTH = 64
_TAGS = [*patient.TAGS, "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "FrameOfReferenceUID"]


@dataclass(frozen=True)
class Image:
    """A slice as DICOM refers to it.

    Attributes:
        sop_class_uid: of the file.
        sop_instance_uid: of the file.
        frame: Referenced Frame Number, from 1, of a multi-frame file; None otherwise.
    """

    sop_class_uid: str
    sop_instance_uid: str
    frame: int | None


@dataclass(frozen=True)
class SourceSeries:
    """A CT series, without pixels.

    Attributes:
        patient: valid patient and study attributes.
        study_uid: Study Instance UID.
        uid: Series Instance UID.
        number: Series Number, or None.
        frame_of_reference_uid: the series' own, or one made from its UID.
        has_frame_of_reference: whether it is its own.
        images: the slices used, in order along their normal.
        along_mm: place of each along the normal (n,).
        normal: unit normal of the slices (3,), LPS.
    """

    patient: Dataset
    study_uid: str
    uid: str
    number: int | None
    frame_of_reference_uid: str
    has_frame_of_reference: bool
    images: tuple[Image, ...]
    along_mm: Floats
    normal: Floats

    def nearest(self, points_mm: Floats) -> tuple[Image, ...]:
        """The slices nearest to points (..., 3), LPS mm, each once, in order along the normal."""
        along = np.reshape(points_mm, (-1, 3)) @ self.normal
        chosen = np.unique(np.abs(self.along_mm[:, None] - along).argmin(0))
        return tuple(self.images[i] for i in chosen)

    @property
    def fingerprint(self) -> str:
        """A hash of which slices were used."""
        names = sorted(f"{image.sop_instance_uid}/{image.frame}" for image in self.images)
        return sha256("\n".join(names).encode()).hexdigest()


def source_series(report: Report) -> SourceSeries:
    """Reads the headers of the series that a report names.

    Raises:
        InputRefused: ``no_dicom_source`` where the scan was no DICOM, is not there any more, or lacks the UIDs by which
            results find their way into the patient's study.
    """
    with files_of(_scan(report)) as here:
        assert here.series is not None
        return _read(here.series)


def _read(found: Series) -> SourceSeries:
    try:
        slices, _ = choose_slices(found.slices)
    except InputRefused:
        # a refused scan still has a patient and slices
        slices = found.slices
    head = _head(slices[0].path)
    study, series, frame = head.study_uid, head.series_uid, head.frame_of_reference_uid
    normal = geometry.normal(np.array(slices[0].orientation, float))
    along = np.array([s.position_mm for s in slices], float) @ normal
    order = np.argsort(along, kind="stable")
    return SourceSeries(
        patient=head.patient,
        study_uid=study,
        uid=series,
        number=found.number,
        frame_of_reference_uid=frame if _is_uid(frame) else uid("frame of reference", series),
        has_frame_of_reference=_is_uid(frame),
        images=tuple(_image(slices[i], head.sop_class_uid) for i in order),
        along_mm=along[order],
        normal=normal,
    )


def _scan(report: Report) -> FoundScan:
    source = report.source
    if source.kind != "dicom" or not source.series_instance_uid:
        raise InputRefused(
            "no_dicom_source", f"{source.name} is {source.kind}, no DICOM series; results as DICOM need one; give the DICOM series"
        )
    wanted = (source.tags.get("study_instance_uid"), source.series_instance_uid)
    try:
        scans = find_scans(Path(source.path)).scans
    except InputRefused as refusal:
        raise _gone(report, refusal.message) from refusal
    found = [scan for scan in scans if scan.series is not None and _uids(scan.series) == wanted]
    if len(found) != 1:
        raise _gone(report, f"{len(found)} of its series bear that UID")
    return found[0]


def _uids(series: Series) -> tuple[Any, Any]:
    return series.tags["study_instance_uid"], series.tags["series_instance_uid"]


def _gone(report: Report, why: str) -> InputRefused:
    wanted = f"the series {report.source.series_instance_uid} was expected under {report.source.path}"
    return InputRefused("no_dicom_source", f"{wanted}: {why}; put it back, or quantify it again")


@dataclass(frozen=True)
class _Head:
    patient: Dataset
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    sop_class_uid: str


def _head(path: Path) -> _Head:
    """What the header of one file says."""
    try:
        with patient.opened_header(path, _TAGS) as header:
            uids = [_valid(header.get(keyword), keyword, path) for keyword in ("StudyInstanceUID", "SeriesInstanceUID")]
            frame = str(header.get("FrameOfReferenceUID") or "")
            return _Head(patient.patient_and_study(header), uids[0], uids[1], frame, _sop_class(header))
    except InputRefused:
        raise
    # a file that was changed since it was quantified raises whatever its bytes bring about
    except Exception as error:
        raise InputRefused("no_dicom_source", f"{path.name} cannot be read again ({error}); export the series again") from error


def _valid(value: Any, keyword: str, path: Path) -> str:
    text = str(value or "")
    if not _is_uid(text):
        expected = f"expected at most {_UID_LENGTH} digits and dots, for results must name it; export the series again"
        raise InputRefused("no_dicom_source", f"{path.name}: {keyword} is {text[:80]!r}; {expected}")
    return text


def _is_uid(text: str) -> bool:
    """Leading zeros of a component, which the standard forbids and archives hold, are let pass: a reference must match."""
    return len(text) <= _UID_LENGTH and _UID.fullmatch(text) is not None


def _sop_class(header: Dataset) -> str:
    """The class of the files; of a file that does not say, CT Image Storage, for it was read as a CT slice."""
    meta = getattr(header, "file_meta", Dataset())
    found = str(header.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or "")
    return found if _is_uid(found) else str(CTImageStorage)


def _image(image: DicomSlice, sop_class: str) -> Image:
    name = _valid(image.sop_instance_uid, "SOPInstanceUID", image.path)
    return Image(sop_class, name, image.frame + 1 if image.format.frames > 1 else None)
