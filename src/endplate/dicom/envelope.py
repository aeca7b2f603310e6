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
from endplate.report.review_words import standing

MANUFACTURER = "endplate"

_IMPLEMENTATION = uid("implementation")
_SIGNED, _DRAFT = 10, 20
_MOST_NUMBERED = 2_000_000
"""Beyond, a thousandfold Series Number would not fit the value representation IS."""


@dataclass(frozen=True)
class Result:
    """One of the objects that a scan gives.

    Attributes:
        file: its name.
        sop_class_uid: SOP Class.
        modality: of its series.
        number: last three digits of its series' number, of what nobody has reviewed.
        description: of its series, without what it is worth.
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
        organisation: of the reader; empty where unknown.
    """

    report: Report
    source: SourceSeries
    made_at: datetime
    organisation: str = ""

    @property
    def standing(self) -> str:
        """What the numbers are worth, in a few words."""
        return standing(self.report.review)

    @property
    def research(self) -> str:
        """What stands in every object."""
        return f"Research use only - not a medical device. {self.standing}."

    def uid_of(self, result: Result, what: str) -> str:
        """UID of the series or of the instance of a result."""
        maker = maker_key(self.report) + (chr(30) + self.organisation if self.report.review and self.organisation else "")
        return uid(what, result.file, self.source.study_uid, self.source.uid, self.source.fingerprint, maker)

    def series_of(self, result: Result) -> tuple[int, str]:
        """Number and description of a result's series: what a reader has signed or begun is a series of its own."""
        review = self.report.review
        if review is None:
            return result.number, f"{result.description} - {self.standing}"
        if review.is_accepted:
            return result.number + _SIGNED, f"{result.description} - verified by a reader"
        return result.number + _DRAFT, f"{result.description} - draft review, not verified"


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
    number, description = context.series_of(result)
    dataset.SeriesNumber, dataset.InstanceNumber = _series_number(context.source.number, number), 1
    dataset.Modality, dataset.SeriesDescription = result.modality, description
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
