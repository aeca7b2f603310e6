"""The structured report as a whole: Comprehensive 3D SR (PS3.3 A.35.13) after TID 1500."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from highdicom.sr import (
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
)
from highdicom.sr.utils import collect_evidence
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from endplate.dicom.codes import code
from endplate.dicom.envelope import MANUFACTURER, Context, Result, enclose
from endplate.dicom.identity import device_uid
from endplate.dicom.patient import fitting
from endplate.dicom.source import Image
from endplate.dicom.structured_report.spine_group import spine_group
from endplate.dicom.structured_report.vertebra_group import points_of, vertebra_group
from endplate.dicom.verification import flags, person_name

RESULT = Result("report.sr.dcm", str(Comprehensive3DSRStorage), "SR", 901, "endplate measurements")


def structured_report(context: Context, predecessor: Dataset | None = None) -> Dataset:
    """The report as a structured report.

    Args:
        context: what is said, about which series.
        predecessor: an earlier structured report of the same scan that this one replaces.
    """
    report = context.report
    groups = [vertebra_group(entry, n, context) for n, entry in enumerate(report.vertebrae, 1)]
    content = MeasurementReport(
        observation_context=_observer(context),
        procedure_reported=code("procedure"),
        imaging_measurements=[spine_group(context), *groups],
        title=code("title"),
    )[0]
    document = Dataset()
    document.update(content)
    document.update(flags(report.review, context.organisation))
    document.PerformedProcedureCodeSequence, document.ReferencedPerformedProcedureStepSequence = [], []
    same_study, _ = collect_evidence(_evidence(context), content, context.source.study_uid)
    document.CurrentRequestedProcedureEvidenceSequence = same_study
    if predecessor is not None:
        document.PredecessorDocumentsSequence = [replaced(predecessor)]
    return enclose(document, RESULT, context)


def images_used(context: Context) -> tuple[Image, ...]:
    """The slices that the result rests on: those that were measured on; where no vertebra was found, all that were searched."""
    entries = context.report.vertebrae
    if not entries:
        return context.source.images
    return context.source.nearest(np.concatenate([points_of(entry) for entry in entries]))


def replaced(predecessor: Dataset) -> Dataset:
    """An item of Predecessor Documents Sequence (0040,A360)."""
    instance, series, study = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPClassUID, instance.ReferencedSOPInstanceUID = predecessor.SOPClassUID, predecessor.SOPInstanceUID
    series.SeriesInstanceUID, series.ReferencedSOPSequence = predecessor.SeriesInstanceUID, [instance]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = predecessor.StudyInstanceUID, [series]
    return study


def _observer(context: Context) -> ObservationContext:
    device = DeviceObserverIdentifyingAttributes(
        device_uid(context.report.software), name="endplate", manufacturer_name=MANUFACTURER, model_name="endplate"
    )
    return ObservationContext(_reader(context), ObserverContext(code("device"), device))


def _reader(context: Context) -> ObserverContext | None:
    """The person who stands by the report (TID 1003), beside the software that measured."""
    review = context.report.review
    if review is None or not review.is_accepted:
        return None
    organisation = fitting(context.organisation, "LO") or None
    person = PersonObserverIdentifyingAttributes(person_name(review.reader or ""), organization_name=organisation)
    return ObserverContext(code("person"), person)


def _evidence(context: Context) -> Sequence[Dataset]:
    evidence = []
    for image in images_used(context):
        item = Dataset()
        item.SOPClassUID, item.SOPInstanceUID = image.sop_class_uid, image.sop_instance_uid
        item.StudyInstanceUID, item.SeriesInstanceUID = context.source.study_uid, context.source.uid
        evidence.append(item)
    return evidence
