"""One vertebra as a measurement group (PS3.16 TID 1501)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from highdicom.sr import (
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    TextContentItem,
    TrackingIdentifier,
)
from numpy.typing import NDArray

from endplate.anatomy import COLUMNS
from endplate.dicom.codes import GENERIC_LEVELS, code, code_of_level
from endplate.dicom.envelope import Context
from endplate.dicom.identity import review_key, tracking_uid
from endplate.dicom.structured_report import items
from endplate.report.report import Entry
from endplate.report.review_words import SET_BY_READER

Floats = NDArray[np.floating]


def vertebra_group(entry: Entry, place: int, context: Context) -> MeasurementsAndQualitativeEvaluations:
    """The measurements of one vertebra.

    Args:
        entry: the vertebra.
        place: its place among the vertebrae found, from 1; names it where its level is unknown.
        context: of the report.
    """
    software, source = context.report.software, context.source
    name = entry.level or f"unnamed level {place}"
    # what a reader set, or nobody named, need not be the body that bears the same name in another version
    version = review_key(context.report) if entry.set_by_reader or entry.level is None else ""
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(tracking_uid(source.uid, name, software, version), name),
        finding_type=code("vertebral_body"),
        algorithm_id=items.algorithm(software),
        finding_sites=[items.site(code_of_level(entry.level))],
        measurements=[
            *_heights(entry, source.frame_of_reference_uid),
            *_ratios(entry),
            *_loss(entry),
            *_sureness(entry),
            *_hu(entry),
        ],
        qualitative_evaluations=list(_judgements(entry)),
        source_images=[items.source_image(image) for image in source.nearest(points_of(entry))],
    )
    group[0].ContentSequence.extend(_texts(entry))
    return group


def points_of(entry: Entry) -> Floats:
    """Where was measured (n, 3), LPS mm: the six points, and the middle of the body where its attenuation was."""
    points = np.array([getattr(entry.points_lps_mm, column) for column in COLUMNS], float).reshape(-1, 3)
    return points if entry.hu is None else np.vstack([points, points.mean(0)])


def _heights(entry: Entry, frame_of_reference_uid: str) -> Iterator[Measurement]:
    level = code_of_level(entry.level)
    for column in COLUMNS:
        ends = items.line(getattr(entry.points_lps_mm, column), frame_of_reference_uid)
        yield items.number("height", getattr(entry.heights_mm, column), "mm", [ends], items.site(level, column))


def _ratios(entry: Entry) -> Iterator[Measurement]:
    ratios = entry.ratios
    for name, value, z in (("ha_hp", ratios.ha_hp, ratios.ha_hp_z), ("hm_hp", ratios.hm_hp, ratios.hm_hp_z)):
        yield items.number(name, value, "ratio", [] if z is None else [items.property_of("z_score", z, "no_units")])
    if ratios.hp_expected is not None:
        yield items.number("hp_expected", ratios.hp_expected, "ratio")
    yield items.number("genant_index", entry.genant_index, "ratio")


def _loss(entry: Entry) -> Iterator[Measurement]:
    """Height loss in per cent; its 95 % interval as distances from the value, as TID 310 has it."""
    if entry.loss is None:
        return
    bounds = []
    if entry.loss_interval_95 is not None:
        low, high = entry.loss_interval_95
        bounds = [
            items.property_of("upper_uncertainty", 100 * (high - entry.loss), "percent"),
            items.property_of("lower_uncertainty", 100 * (entry.loss - low), "percent"),
        ]
    yield items.number("height_loss", 100 * entry.loss, "percent", bounds)


def _sureness(entry: Entry) -> Iterator[Measurement]:
    yield items.number("certainty_of_finding", 100 * entry.score, "percent")
    yield items.number("level_confidence", 100 * entry.level_confidence, "percent")
    for grade, probability in enumerate(entry.grade_probability or ()):
        yield items.number("probability", 100 * probability, "percent", [items.modifier("grade", code(f"grade_{grade}"))])


def _hu(entry: Entry) -> Iterator[Measurement]:
    if entry.hu is None:
        return
    for derivation, value in (("mean", entry.hu.mean_hu), ("standard_deviation", entry.hu.sd_hu)):
        yield items.number("attenuation", value, "hounsfield", [items.modifier("derivation", code(derivation))])
    yield items.number("area", entry.hu.area_mm2, "mm2")


def _judgements(entry: Entry) -> Iterator[QualitativeEvaluation]:
    yield items.choice("assessable", "yes" if entry.assessable else "no")
    if entry.grade is not None:
        yield items.choice("grade", f"grade_{entry.grade}")
    if entry.shape is not None:
        yield items.choice("shape", entry.shape)


def _texts(entry: Entry) -> list[TextContentItem]:
    said = items.text("reason", entry.reason or "")
    comments = [entry.flag, f"{SET_BY_READER.capitalize()}." if entry.set_by_reader else None]
    if entry.level is None:
        comments.append("The level of this vertebra is unknown.")
    elif entry.level in GENERIC_LEVELS:
        comments.append(f"Level {entry.level}, a variant without a code of its own.")
    if not entry.complete:
        comments.append("The field of view cuts this vertebra.")
    if entry.weak_norm:
        comments.append("The norm of this level rests on few vertebrae.")
    if entry.hu is None and entry.hu_reason:
        comments.append(f"Trabecular attenuation not measured: {entry.hu_reason}")
    return said + [item for comment in comments if comment for item in items.text("comment", comment)]
