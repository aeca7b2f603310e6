"""Report, picture and page as three DICOM objects in the patient's study."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime

import pydicom
from pydicom.dataset import Dataset

from endplate.dicom import pictures
from endplate.dicom.envelope import Context, encoded
from endplate.dicom.source import source_series
from endplate.dicom.structured_report import document
from endplate.errors import InputRefused
from endplate.report.report import Report
from endplate.report.review_words import headline, signed

KINDS = {kind.file: kind for kind in (document.RESULT, pictures.OVERVIEW, pictures.PAGE)}
"""The objects of a scan by the name of their file."""


def dicom_results(
    report: Report,
    picture_png: bytes,
    report_pdf: bytes,
    *,
    previous: Mapping[str, bytes] | None = None,
    made_at: datetime | None = None,
    organisation: str = "",
) -> dict[str, bytes]:
    """The results as DICOM files, by name: ``report.sr.dcm``, ``overview.sc.dcm``, ``report.pdf.dcm``.

    The patient and the study are read from the source series once more, at ``report.source.path``. The UIDs follow from the
    series, the version of endplate, the weights, the norms, the names given by a reader and the review: the same again gives the
    same UIDs. A report whose review is signed and accepted gives verified objects, new instances beside the unverified ones.

    Args:
        report: what is said.
        picture_png: the overview.
        report_pdf: the page.
        previous: earlier results of the same scan, by the same names, which the new ones then name as their predecessors;
            those that bear the same UIDs are the same results, and name nothing.
        made_at: when the results were made, in local time; if left out, when the review was signed, or else now.
        organisation: of the reader who verified them.

    Raises:
        InputRefused: ``no_dicom_source`` where the scan did not come from DICOM or its files are gone; ``other_predecessor``
            where an earlier result is of another study or kind; ``review_rejected`` where a reader rejected the report.
        ValueError: if the picture is no picture or the page no PDF.
    """
    context = _context(report, made_at, organisation)
    earlier = {name: _predecessor(name, content, context) for name, content in (previous or {}).items()}
    contents = zip(KINDS, (b"", picture_png, report_pdf), strict=True)
    return {name: _encoded(name, content, context, earlier.get(name)) for name, content in contents}


def dicom_result(
    name: str, report: Report, content: bytes = b"", *, previous: bytes | None = None, organisation: str = ""
) -> bytes:
    """One of the three, as `dicom_results` makes it.

    Args:
        name: of the file, one of ``KINDS``.
        report: what is said.
        content: the overview for ``overview.sc.dcm``, the page for ``report.pdf.dcm``; nothing for ``report.sr.dcm``.
        previous: the earlier object that it replaces.
        organisation: of the reader who verified it.

    Raises:
        InputRefused: as `dicom_results`.
        ValueError: as `dicom_results`.
    """
    context = _context(report, None, organisation)
    return _encoded(name, content, context, None if previous is None else _predecessor(name, previous, context))


def _context(report: Report, made_at: datetime | None, organisation: str) -> Context:
    review = report.review
    if review is not None and review.is_signed:
        if not review.is_accepted:
            reason = f"{headline(review)}; no DICOM object is made of it; sign a version that accepts the result"
            raise InputRefused("review_rejected", reason)
        # the same document must say the same whenever it is made
        made_at = made_at or signed(review.signed_at).astimezone().replace(tzinfo=None)
    return Context(report, source_series(report), made_at or datetime.now(), organisation)


def _encoded(name: str, content: bytes, context: Context, predecessor: Dataset | None) -> bytes:
    if name == pictures.OVERVIEW.file:
        return encoded(pictures.secondary_capture(context, content, predecessor))
    if name == pictures.PAGE.file:
        return encoded(pictures.encapsulated_pdf(context, content, predecessor))
    return encoded(document.structured_report(context, predecessor))


def _predecessor(name: str, content: bytes, context: Context) -> Dataset | None:
    """The head of an earlier result, or nothing if it is the same one."""
    tags = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
    try:
        head = pydicom.dcmread(io.BytesIO(content), specific_tags=tags, stop_before_pixels=True)
        found = (KINDS[name].sop_class_uid, context.source.study_uid) == (head.SOPClassUID, head.StudyInstanceUID)
        same = head.SOPInstanceUID == context.uid_of(KINDS[name], "instance")
    # anything may be given as bytes
    except Exception as error:
        reason = f"the earlier {name} cannot be read ({type(error).__name__}: {error}); leave it out"
        raise InputRefused("other_predecessor", reason) from error
    if not found:
        expected = f"expected the same kind of object in study {context.source.study_uid}; leave it out"
        raise InputRefused("other_predecessor", f"the earlier {name} is of study {head.StudyInstanceUID}; {expected}")
    return None if same else head
