"""What every result has around its content: patient, study, series, equipment, SOP Common."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from endplate.dicom import codes
from endplate.dicom.identity import device_uid, maker_key, uid
from endplate.dicom.patient import character_set, fitting
from endplate.dicom.source import Image, SourceSeries
from endplate.report.report import Report

MANUFACTURER = "endplate"
NOT_VERIFIED = "AI result, not verified"
RESEARCH = f"Research use only - not a medical device. {NOT_VERIFIED}."

_IMPLEMENTATION = uid("implementation")
_MOST_NUMBERED = 2_000_000
"""Beyond, a thousandfold Series Number would not fit the value representation IS."""


@dataclass(frozen=True)
class Result:
    """One of the objects that a scan gives.

    Attributes:
        file: its name.
        sop_class_uid: SOP Class.
        modality: of its series.
        number: last three digits of its series' number.
        description: of its series.
    """

    file: str
    sop_class_uid: str
    modality: str
    number: int
    description: str


@dataclass(frozen=True)
class Context:
    """What all results of a scan share.

    Attributes:
        report: what is said.
        source: about which series.
        made_at: when, in local time.
    """

    report: Report
    source: SourceSeries
    made_at: datetime

    def uid_of(self, result: Result, what: str) -> str:
        """UID of the series or of the instance of a result."""
        return uid(what, result.file, self.source.study_uid, self.source.uid, self.source.fingerprint, maker_key(self.report))


def enclose(content: Dataset, result: Result, context: Context) -> Dataset:
    """The content with everything around it, ready to be written."""
    dataset = Dataset()
    dataset.update(content)
    dataset.update(context.source.patient)
    date, time = context.made_at.strftime("%Y%m%d"), context.made_at.strftime("%H%M%S.%f")
    dataset.SOPClassUID, dataset.SOPInstanceUID = result.sop_class_uid, context.uid_of(result, "instance")
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date, time
    dataset.InstanceCreatorUID = device_uid(context.report.software)
    dataset.ContentDate, dataset.ContentTime = date, time
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = context.source.study_uid, context.uid_of(result, "series")
    dataset.SeriesNumber, dataset.InstanceNumber = _series_number(context.source.number, result.number), 1
    dataset.Modality, dataset.SeriesDescription = result.modality, result.description
    dataset.SeriesDate, dataset.SeriesTime = date, time
    dataset.Manufacturer, dataset.ManufacturerModelName = MANUFACTURER, MANUFACTURER
    dataset.SoftwareVersions = _versions(context.report)
    dataset.CodingSchemeIdentificationSequence = [codes.private_scheme()]
    charset = character_set(dataset)
    if charset:
        dataset.SpecificCharacterSet = charset
    return dataset


def encoded(dataset: Dataset) -> bytes:
    """The data set as a DICOM file (PS3.10), Explicit VR Little Endian."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = _IMPLEMENTATION
    dataset.file_meta.ImplementationVersionName = "ENDPLATE"
    stream = io.BytesIO()
    dataset.save_as(stream, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return stream.getvalue()


def reference(image: Image, purpose: str | None = None) -> Dataset:
    """An item of a sequence of references to images (PS3.3 section 10.3)."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.sop_class_uid, image.sop_instance_uid
    if image.frame is not None:
        item.ReferencedFrameNumber = image.frame
    if purpose is not None:
        item.PurposeOfReferenceCodeSequence = [codes.sequence_item(purpose)]
    return item


def _series_number(source: int | None, last: int) -> int:
    return last if source is None or not 0 < source <= _MOST_NUMBERED else source * 1000 + last


def _versions(report: Report) -> list[str]:
    """Version, weights by the beginning of their hash, norms; each at most 64 characters."""
    weights = [f"{stage} {m.name} {m.sha256[:12]}" for stage, m in sorted(report.software.models.items())]
    return [fitting(text, "LO") for text in (report.software.version, *weights, f"norms {report.software.norms}")]
