"""Content items in few words: numbers, choices, texts (PS3.16 TID 300, TID 1501)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    ContentSequence,
    CoordinatesForMeasurement3D,
    FindingSite,
    GraphicTypeValues3D,
    Measurement,
    NumContentItem,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
)
from pydicom.sr.coding import Code

from endplate.dicom.codes import code
from endplate.dicom.source import Image
from endplate.report.report import Point, Software

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def number(name: str, value: float, unit: str, parts: Iterable[Any] = (), site: FindingSite | None = None) -> Measurement:
    """A NUM item (TID 300) with modifiers and properties under it."""
    item = Measurement(code(name), _rounded(value), code(unit), finding_sites=[site] if site is not None else None)
    children = list(parts)
    if children:
        item[0].ContentSequence = ContentSequence([*item[0].get("ContentSequence", ()), *children])
    return item


def site(level: Code, column: str | None = None) -> FindingSite:
    """Where: a vertebra, or one of its columns (``anterior``, ``middle``, ``posterior``)."""
    return FindingSite(level, topographical_modifier=code(column) if column else None)


def line(ends_mm: tuple[Point, Point], frame_of_reference_uid: str) -> CoordinatesForMeasurement3D:
    """What a distance is inferred from: its two ends in the patient, LPS mm."""
    points = np.array(ends_mm, float)
    return CoordinatesForMeasurement3D(GraphicTypeValues3D.POLYLINE, points, frame_of_reference_uid)


def property_of(name: str, value: float, unit: str) -> NumContentItem:
    """A number that qualifies a measurement: an uncertainty (TID 310), a z-score (TID 311)."""
    return NumContentItem(code(name), _rounded(value), code(unit), relationship_type=RelationshipTypeValues.HAS_PROPERTIES)


def modifier(name: str, value: Code) -> CodeContentItem:
    """A coded word that narrows the name of a measurement."""
    return CodeContentItem(code(name), value, relationship_type=RelationshipTypeValues.HAS_CONCEPT_MOD)


def choice(name: str, value: str) -> QualitativeEvaluation:
    """A coded answer to a coded question."""
    return QualitativeEvaluation(code(name), code(value))


def text(name: str, value: str) -> list[TextContentItem]:
    """A TEXT item, or none for an empty text."""
    said = _CONTROL.sub(" ", value).strip()
    return [TextContentItem(code(name), said, relationship_type=RelationshipTypeValues.CONTAINS)] if said else []


def source_image(image: Image) -> SourceImageForMeasurementGroup:
    """A slice that the points of a group lie on."""
    frames = [image.frame] if image.frame is not None else None
    return SourceImageForMeasurementGroup(image.sop_class_uid, image.sop_instance_uid, frames)


def algorithm(software: Software) -> AlgorithmIdentification:
    """What measured (TID 4019): version, and each network with the SHA-256 of its weights."""
    weights = [f"{stage}: {model.name}, SHA-256 {model.sha256}" for stage, model in sorted(software.models.items())]
    parameters = [_CONTROL.sub(" ", p) for p in (*weights, f"norms: {software.norms}")]
    return AlgorithmIdentification(
        "endplate", software.version, parameters, family=code("artificial_intelligence"), manufacturer="endplate"
    )


def _rounded(value: float) -> float:
    """Without the noise of binary arithmetic in the last decimals; the report itself has at most four."""
    return value if isinstance(value, int) else round(float(value), 6) + 0.0
