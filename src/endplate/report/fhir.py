"""FHIR R4: a Bundle with a DiagnosticReport, an Observation per vertebra and one of the scan, and the Device that made them.

The report knows no patient: the subject is a reference by words alone, and the study is named by its DICOM UID, so that a server
that holds the study can join them. Every resource is preliminary until a reader has signed the report: accepted, it is final and
names the reader; rejected, it is entered in error, which in FHIR takes back what may have been used.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Literal

from endplate.report import fhir_codes as codes
from endplate.report.page_content import cleaned, plain, statement
from endplate.report.report import Entry, Overall, Report
from endplate.report.review_words import SET_BY_READER, disclaimer, sentences, signed

Resource = dict[str, Any]
HEIGHTS = (("anterior", codes.ANTERIOR_HEIGHT), ("middle", codes.MIDDLE_HEIGHT), ("posterior", codes.POSTERIOR_HEIGHT))


def fhir_bundle(report: Report) -> Resource:
    """The content of ``fhir.json``; the same series and weights give the same identifiers.

    A refused scan gives a cancelled DiagnosticReport without Observations, a scan without a spine one that says so.
    """
    identity = _Identity(report)
    observed = {f"vertebra {i}": _vertebra(e, identity) for i, e in enumerate(report.vertebrae)}
    if report.summary is not None:
        observed = {"scan": _scan(report.summary, identity), **observed}
    made = {"device": _device(report, identity), **_reader(report, identity), **observed}
    head = {"report": _report(report, identity, tuple(observed)), **made}
    entries = [{"fullUrl": identity.url(name), "resource": resource} for name, resource in head.items()]
    return cleaned({"resourceType": "Bundle", "type": "collection", "identifier": identity.business("bundle"), "entry": entries})


class _Identity:
    """UUIDs out of what was measured with what, and the references that every resource carries."""

    def __init__(self, report: Report) -> None:
        weights = sorted((stage, m.sha256) for stage, m in report.software.models.items())
        scan = report.source.series_instance_uid or report.source.path
        self._seed = f"{scan} {report.software.version} {report.software.norms} {weights}"
        self._series = report.source.series_instance_uid
        self._study = report.source.tags.get("study_instance_uid")
        self._name = report.source.name
        self.review = report.review
        self.disclaimer = disclaimer(report.review)

    @property
    def status(self) -> Literal["preliminary", "final", "entered-in-error"]:
        if self.review is None or not self.review.is_signed:
            return "preliminary"
        return "final" if self.review.is_accepted else "entered-in-error"

    def readers(self) -> list[Resource]:
        """Who signed; nobody before."""
        return [{"reference": self.url("reader"), "display": self.review.reader}] if self.review and self.review.is_signed else []

    def signature(self) -> Resource:
        """When it was signed, as an instant; nothing before."""
        if self.review is None or not self.review.is_signed:
            return {}
        return {"issued": signed(self.review.signed_at).astimezone(UTC).isoformat().replace("+00:00", "Z")}

    def url(self, part: str) -> str:
        return f"urn:uuid:{uuid.uuid5(codes.NAMESPACE, plain(f'{self._seed} {part}'))}"

    def business(self, part: str) -> Mapping[str, str]:
        return {"system": codes.URI, "value": self.url(part)}

    def subject(self) -> Resource:
        of = f"CT series {self._series}" if self._series else f"CT {self._name}"
        return {"display": f"Patient of {of}; endplate keeps no patient's identity"}

    def study(self) -> list[Resource]:
        """The study by its DICOM UID (FHIR R4, ImagingStudy: identifier of a Study Instance UID)."""
        if not self._study:
            return []
        return [{"type": "ImagingStudy", "identifier": {"system": codes.DICOM_UID, "value": f"urn:oid:{self._study}"}}]


def _device(report: Report, identity: _Identity) -> Resource:
    used = report.software.models.items()
    weights = [{"type": codes.local("WEIGHTS", "Weights"), "value": f"{k}: {m.name}, SHA-256 {m.sha256}"} for k, m in used]
    return {
        "resourceType": "Device",
        "identifier": [identity.business("device")],
        "deviceName": [{"name": "endplate", "type": "model-name"}],
        "version": [{"type": codes.local("SOFTWARE", "Software"), "value": report.software.version}, *weights],
        "note": [{"text": f"{identity.disclaimer} Norms: {report.software.norms}."}],
    }


def _reader(report: Report, identity: _Identity) -> dict[str, Resource]:
    """The person who signed: a name as free text, without an identifier, as the review knows none."""
    if report.review is None or not report.review.is_signed:
        return {}
    return {"reader": {"resourceType": "Practitioner", "name": [{"text": report.review.reader}]}}


def _report(report: Report, identity: _Identity, results: tuple[str, ...]) -> Resource:
    messages = " ".join(f"{m.severity}: {m.text}." for m in report.messages if m.severity != "info")
    resource: Resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [identity.business("report")],
        "status": "cancelled" if report.status == "refused" else identity.status,
        "category": [codes.concept(codes.CT_SECTION)],
        "code": codes.concept(codes.IMAGING_REPORT),
        "subject": identity.subject(),
        "conclusion": " ".join(filter(None, (statement(report), messages, *_said_of_review(report), identity.disclaimer))),
        **identity.signature(),
    }
    if readers := identity.readers():
        resource |= {"performer": readers, "resultsInterpreter": readers}
    if results:
        resource["result"] = [{"reference": identity.url(name)} for name in results]
    if study := identity.study():
        resource["imagingStudy"] = study
    return resource


def _said_of_review(report: Report) -> tuple[str, ...]:
    return sentences(report.review) if report.review is not None else ()


def _observation(name: str, code: Resource, identity: _Identity, components: list[Resource]) -> Resource:
    resource: Resource = {
        "resourceType": "Observation",
        "identifier": [identity.business(name)],
        "status": identity.status,
        "category": [codes.concept(codes.IMAGING_CATEGORY)],
        "code": code,
        "subject": identity.subject(),
        "device": {"reference": identity.url("device")},
        "component": components,
        **identity.signature(),
    }
    if readers := identity.readers():
        resource["performer"] = readers
    if study := identity.study():
        resource["derivedFrom"] = study
    return resource


def _scan(s: Overall, identity: _Identity) -> Resource:
    counts = [
        (codes.ASSESSED, s.assessed),
        (codes.FRACTURES, s.fractures),
        (codes.MILD_DEFORMITIES, s.mild_deformities),
        (codes.DEFORMITY_INDEX, s.spinal_deformity_index),
    ]
    components = [_quantity(codes.local(*code), count, "1") for code, count in counts]
    components.append(_quantity(codes.local(*codes.FRACTURE_PROBABILITY), s.fracture_probability, "1"))
    if s.kyphosis_deg is not None:
        components.append(_quantity(codes.concept(codes.COBB_ANGLE, "Kyphosis, Cobb angle T4 to T12"), s.kyphosis_deg, "deg"))
    if s.density is not None:
        said = "; ".join(filter(None, (s.density.category, *s.density.conditions)))
        code = codes.concept(codes.MEAN_ATTENUATION, f"Trabecular attenuation, {s.density.level}" + (f" ({said})" if said else ""))
        components.append(_quantity(code, s.density.mean_hu, "[hnsf'U]"))
    resource = _observation("scan", codes.concept(codes.IMPRESSIONS), identity, components)
    return {**resource, "valueString": s.sentence, "note": [{"text": identity.disclaimer}]}


def _vertebra(e: Entry, identity: _Identity) -> Resource:
    components = [_quantity(codes.height(code), getattr(e.heights_mm, column), "mm") for column, code in HEIGHTS]
    components += [
        _quantity(codes.local(*codes.ANTERIOR_RATIO), e.ratios.ha_hp, "1"),
        _quantity(codes.local(*codes.MIDDLE_RATIO), e.ratios.hm_hp, "1"),
        _quantity(codes.local(*codes.GENANT_INDEX), e.genant_index, "1"),
    ]
    if e.ratios.hp_expected is not None:
        components.append(_quantity(codes.local(*codes.POSTERIOR_RATIO), e.ratios.hp_expected, "1"))
    components += _judged(e)
    if e.hu is not None:
        components.append(_quantity(codes.concept(codes.MEAN_ATTENUATION, "Trabecular attenuation"), e.hu.mean_hu, "[hnsf'U]"))
        components.append(_quantity(codes.concept(codes.SD_ATTENUATION), e.hu.sd_hu, "[hnsf'U]"))
    name = f"{e.level} {e.points_lps_mm.posterior[0]}"  # two bodies may bear one name, or none
    resource = _observation(name, codes.local(*codes.MORPHOMETRY), identity, components)
    resource["bodySite"] = codes.level(e.level)
    notes = [identity.disclaimer, f"Probability of the level's name {e.level_confidence:.2f}."]
    if e.set_by_reader:
        notes.append(f"{SET_BY_READER.capitalize()}.")
    if e.grade is None:
        resource["dataAbsentReason"] = codes.concept(codes.NOT_PERFORMED, e.reason or "not assessable")
        notes.append(f"Not assessed: {e.reason or 'not assessable'}.")
    else:
        resource["interpretation"] = [codes.concept(codes.INTERPRETATION[e.grade])]
        resource["valueCodeableConcept"] = codes.grade(e.grade, e.shape)
    return {**resource, "note": [{"text": " ".join(notes)}]}


def _judged(e: Entry) -> list[Resource]:
    """Loss, its interval and the probabilities of the grades, where the body could be assessed."""
    if e.loss is None or e.loss_interval_95 is None or e.grade_probability is None:
        return []
    low, high = e.loss_interval_95
    interval = {"low": _value(round(100 * low, 2), "%"), "high": _value(round(100 * high, 2), "%")}
    grades = [codes.local(f"P-GENANT-{i}", f"Probability of Genant grade {i}") for i in range(4)]
    chances = [_quantity(code, p, "1") for code, p in zip(grades, e.grade_probability, strict=True)]
    return [
        _quantity(codes.local(*codes.HEIGHT_LOSS), round(100 * e.loss, 2), "%"),
        {"code": codes.local(*codes.HEIGHT_LOSS_INTERVAL), "valueRange": interval},
        *chances,
    ]


def _quantity(code: Resource, value: float, unit: str) -> Resource:
    return {"code": code, "valueQuantity": _value(value, unit)}


def _value(value: float, unit: str) -> Resource:
    return {"value": value, "unit": codes.UNIT_WORDS[unit], "system": codes.UCUM, "code": unit}
