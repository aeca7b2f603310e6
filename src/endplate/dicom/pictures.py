"""The overview as a Secondary Capture (PS3.3 A.8.1) and the page as an Encapsulated PDF (PS3.3 A.45.1)."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image as Picture
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage, SecondaryCaptureImageStorage

from endplate.dicom import codes
from endplate.dicom.envelope import Context, Result, enclose, reference
from endplate.dicom.structured_report.document import images_used, replaced
from endplate.dicom.verification import flags

OVERVIEW = Result("overview.sc.dcm", str(SecondaryCaptureImageStorage), "OT", 902, "endplate overview")
PAGE = Result("report.pdf.dcm", str(EncapsulatedPDFStorage), "DOC", 903, "endplate report")

_NAMES_THE_SCAN = "YES"
"""Burned In Annotation: both show the name of the scan's folder, which may be the patient's."""


def secondary_capture(context: Context, picture_png: bytes, predecessor: Dataset | None = None) -> Dataset:
    """The overview as an RGB picture.

    Raises:
        ValueError: if the bytes are no picture.
    """
    try:
        with Picture.open(io.BytesIO(picture_png)) as picture:
            pixels = picture.convert("RGB")
    except OSError as error:
        raise ValueError(f"expected a picture, got {picture_png[:8]!r}: {error}; give what overview_png made") from error
    content = Dataset()
    content.ConversionType, content.ImageType = "WSD", ["DERIVED", "SECONDARY", "OTHER"]
    content.BodyPartExamined = "SPINE"
    content.BurnedInAnnotation, content.ImageComments = _NAMES_THE_SCAN, context.research
    content.DerivationDescription = f"Straightened spine with measurements by endplate. {context.standing}."
    content.PatientOrientation = None
    content.SourceImageSequence = [reference(image, "source_image") for image in images_used(context)]
    content.ReferencedSeriesSequence = [_referenced_series(context)]
    content.Rows, content.Columns = pixels.height, pixels.width
    content.SamplesPerPixel, content.PhotometricInterpretation, content.PlanarConfiguration = 3, "RGB", 0
    content.BitsAllocated, content.BitsStored, content.HighBit, content.PixelRepresentation = 8, 8, 7, 0
    content.LossyImageCompression = "00"
    content.add_new("PixelData", "OB", _even(pixels.tobytes()))
    if predecessor is not None:
        content.ReferencedInstanceSequence = [_earlier(predecessor)]
    return enclose(content, OVERVIEW, context)


def encapsulated_pdf(context: Context, report_pdf: bytes, predecessor: Dataset | None = None) -> Dataset:
    """The page as a document.

    Raises:
        ValueError: if the bytes are no PDF.
    """
    if not report_pdf.startswith(b"%PDF-"):
        raise ValueError(f"expected a PDF, which begins with %PDF-, got {report_pdf[:8]!r}; give what page_pdf made")
    content = Dataset()
    content.ConversionType, content.BurnedInAnnotation = "WSD", _NAMES_THE_SCAN
    content.AcquisitionDateTime = None
    content.ConceptNameCodeSequence = [codes.sequence_item("title")]
    # the page itself names the reader who stands by it (PS3.3 C.24.2)
    content.VerificationFlag = flags(context.report.review, context.organisation).VerificationFlag
    content.DocumentTitle = f"Vertebral bodies measured by endplate. {context.standing}."
    content.MIMETypeOfEncapsulatedDocument, content.EncapsulatedDocumentLength = "application/pdf", len(report_pdf)
    content.SourceInstanceSequence = [reference(image, "source_image") for image in images_used(context)]
    content.add_new("EncapsulatedDocument", "OB", _even(report_pdf))
    if predecessor is not None:
        content.PredecessorDocumentsSequence = [replaced(predecessor)]
    return enclose(content, PAGE, context)


def _referenced_series(context: Context) -> Dataset:
    """The slices by series (PS3.3 C.12.2, Common Instance Reference)."""
    series = Dataset()
    series.SeriesInstanceUID = context.source.uid
    names = dict.fromkeys((image.sop_class_uid, image.sop_instance_uid) for image in images_used(context))
    series.ReferencedInstanceSequence = [_instance(*name) for name in names]
    return series


def _earlier(predecessor: Dataset) -> Dataset:
    item = _instance(predecessor.SOPClassUID, predecessor.SOPInstanceUID)
    item.PurposeOfReferenceCodeSequence = [codes.sequence_item("predecessor")]
    return item


def _instance(sop_class_uid: Any, sop_instance_uid: Any) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, sop_instance_uid
    return item


def _even(content: bytes) -> bytes:
    """Padded to the even length that DICOM wants."""
    return content + b"\0" * (len(content) % 2)
