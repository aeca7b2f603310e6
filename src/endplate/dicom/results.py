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


def dicom_results(
    report: Report,
    picture_png: bytes,
    report_pdf: bytes,
    *,
    previous: Mapping[str, bytes] | None = None,
    made_at: datetime | None = None,
) -> dict[str, bytes]:
    """The results as DICOM files, by name: ``report.sr.dcm``, ``overview.sc.dcm``, ``report.pdf.dcm``.

    The patient and the study are read from the source series once more, at ``report.source.path``. The UIDs follow from the
    series, the version of endplate, the weights, the norms and the names given by a reader: the same again gives the same UIDs.

    Args:
        report: what is said.
        picture_png: the overview.
        report_pdf: the page.
        previous: earlier results of the same scan, by the same names, which the new ones then name as their predecessors;
            those that bear the same UIDs are the same results, and name nothing.
        made_at: when the results were made, in local time; now if left out.

    Raises:
        InputRefused: ``no_dicom_source`` where the scan did not come from DICOM or its files are gone; ``other_predecessor``
            where an earlier result is of another study or kind.
        ValueError: if the picture is no picture or the page no PDF.
    """
    context = Context(report, source_series(report), made_at or datetime.now())
    earlier = {name: _predecessor(name, content, context) for name, content in (previous or {}).items()}
    made = (
        document.structured_report(context, earlier.get(document.RESULT.file)),
        pictures.secondary_capture(context, picture_png, earlier.get(pictures.OVERVIEW.file)),
        pictures.encapsulated_pdf(context, report_pdf, earlier.get(pictures.PAGE.file)),
    )
    names = (document.RESULT.file, pictures.OVERVIEW.file, pictures.PAGE.file)
    return {name: encoded(dataset) for name, dataset in zip(names, made, strict=True)}


def _predecessor(name: str, content: bytes, context: Context) -> Dataset | None:
    """The head of an earlier result, or nothing if it is the same one."""
    kinds = {r.file: r for r in (document.RESULT, pictures.OVERVIEW, pictures.PAGE)}
    tags = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
    try:
        head = pydicom.dcmread(io.BytesIO(content), specific_tags=tags, stop_before_pixels=True)
        found = (kinds[name].sop_class_uid, context.source.study_uid) == (head.SOPClassUID, head.StudyInstanceUID)
        same = head.SOPInstanceUID == context.uid_of(kinds[name], "instance")
    # anything may be given as bytes
    except Exception as error:
        reason = f"the earlier {name} cannot be read ({type(error).__name__}: {error}); leave it out"
        raise InputRefused("other_predecessor", reason) from error
    if not found:
        expected = f"expected the same kind of object in study {context.source.study_uid}; leave it out"
        raise InputRefused("other_predecessor", f"the earlier {name} is of study {head.StudyInstanceUID}; {expected}")
    return None if same else head
