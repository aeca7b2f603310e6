"""The spine as a whole as a measurement group (PS3.16 TID 1501): the conclusion, counts, what could not be done."""

from __future__ import annotations

from collections.abc import Iterator

from highdicom.sr import Measurement, MeasurementsAndQualitativeEvaluations, TextContentItem, TrackingIdentifier

from endplate.dicom.codes import code, code_of_level
from endplate.dicom.envelope import Context
from endplate.dicom.identity import tracking_uid
from endplate.dicom.structured_report import items
from endplate.report.report import OpportunisticDensity, Overall, Report
from endplate.report.review_words import sentences

INTERVALS = "Measurement uncertainties of height losses span their 95 % intervals."
NO_FRAME = "The series has no Frame of Reference UID: coordinates are in the patient coordinates of the slices referenced."


def spine_group(context: Context) -> MeasurementsAndQualitativeEvaluations:
    """The scan in a few numbers; without a spine, or refused, the reason."""
    report, source = context.report, context.source
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(tracking_uid(source.uid, "spine", report.software), "spine"),
        finding_type=code("spine"),
        algorithm_id=items.algorithm(report.software),
        finding_sites=[items.site(code("spine"))],
        measurements=list(_numbers(report.summary)) if report.summary is not None else None,
        qualitative_evaluations=[items.choice("result", _outcome(report))],
    )
    group[0].ContentSequence.extend(_texts(context))
    return group


def _outcome(report: Report) -> str:
    """What was done and found, in the words of CID 6047; nothing assessed is never "without findings" alone."""
    if report.status != "ok" or not any(entry.assessable for entry in report.vertebrae):
        return "none_succeeded"
    done = "all" if all(entry.assessable for entry in report.vertebrae) else "some"
    return f"{done}_with" if any(entry.grade for entry in report.vertebrae) else f"{done}_without"


def _numbers(summary: Overall) -> Iterator[Measurement]:
    for name, count in (
        ("fractures", summary.fractures),
        ("mild_deformities", summary.mild_deformities),
        ("deformity_index", summary.spinal_deformity_index),
    ):
        yield items.number(name, count, "no_units")
    any_fracture = items.modifier("grade", code("grade_2_or_3"))
    yield items.number("probability", 100 * summary.fracture_probability, "percent", [any_fracture])
    if summary.kyphosis_deg is not None:
        yield items.number("cobb_angle", summary.kyphosis_deg, "degree")
    if summary.density is not None:
        level, mean = items.site(code_of_level(summary.density.level)), items.modifier("derivation", code("mean"))
        yield items.number("attenuation", summary.density.mean_hu, "hounsfield", [mean], level)


def _texts(context: Context) -> list[TextContentItem]:
    report = context.report
    texts = items.text("conclusion", report.summary.sentence) if report.summary is not None else []
    for message in report.messages:
        if message.severity != "info":
            texts += items.text("comment", f"{message.severity}: {message.text}")
        elif message.code == "no_spine":
            texts += items.text("reason", message.text)
    if report.status == "refused":
        texts += [item for m in report.messages[:1] for item in items.text("reason", m.text)]
    for comment in (*_density(report.summary.density if report.summary else None), INTERVALS, *_review(report), context.research):
        texts += items.text("comment", comment)
    return texts if context.source.has_frame_of_reference else texts + items.text("comment", NO_FRAME)


def _review(report: Report) -> tuple[str, ...]:
    return sentences(report.review) if report.review is not None else ()


def _density(density: OpportunisticDensity | None) -> Iterator[str]:
    if density is None:
        return
    yield f"Trabecular attenuation at {density.level}: {density.category or 'without a category'}"
    yield from density.conditions
