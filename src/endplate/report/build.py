"""Findings -> report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from endplate.densitometry import Attenuation, opportunistic
from endplate.labelling.name import Labelling
from endplate.morphometry.measure import Finding
from endplate.morphometry.summary import summarise
from endplate.report import report as r
from endplate.report.sentence import sentence
from endplate.volume import Volume
from endplate.volume.volume import Source

Floats = NDArray[np.floating]
UNCERTAIN_LEVELS = 0.8
DOUBTED_NAMES = "levels_uncertain"
"""Code of the message that says so."""


@dataclass(frozen=True)
class Context:
    """What a report says besides the findings.

    Attributes:
        software: version and weights.
        source: the scan.
        messages: what the reader should know.
        timing_s: seconds by stage.
        attenuations: of the findings' bodies, in their order; none if left out.
    """

    software: r.Software
    source: r.Source
    messages: tuple[r.Message, ...] = ()
    timing_s: dict[str, float] = field(default_factory=dict)
    attenuations: tuple[Attenuation, ...] = ()


def source_of(source: Source, volume: Volume | None = None) -> r.Source:
    """The scan as the report shows it."""
    known = {k: v for k, v in source.tags.items() if not isinstance(v, float) or math.isfinite(v)}
    uid, kvp, contrast = (known.pop(k, None) for k in ("series_instance_uid", "kvp", "contrast"))
    shape = (int(volume.hu.shape[0]), int(volume.hu.shape[1]), int(volume.hu.shape[2])) if volume else None
    spacing = _three(volume.spacing_mm, 4) if volume else None
    voltage = float(kvp) if isinstance(kvp, int | float) else None
    return r.Source(
        source.kind,
        source.path,
        source.name,
        str(uid) if uid else None,
        shape,
        spacing,
        voltage,
        str(contrast) if contrast else None,
        known,
    )


def empty_report(context: Context, status: r.Status) -> r.Report:
    """A report without vertebrae: ``no_spine`` or ``refused``, with the reason among the messages."""
    return r.Report(r.SCHEMA, status, context.messages, context.software, context.source, (), (), None, None, context.timing_s)


def build_report(
    findings: Sequence[Finding], labelling: Labelling, centreline_mm: Floats, context: Context, given_by_reader: bool = False
) -> r.Report:
    """The report of a scan with a spine."""
    levels = _levels(labelling, given_by_reader)
    messages = (*context.messages, *_level_messages(levels))
    course = tuple(_three(p) for p in centreline_mm)
    measured = context.attenuations or (None,) * len(findings)
    entries = tuple(_entry(f, a) for f, a in zip(findings, measured, strict=True))
    overall = _overall(findings, _at_l1(findings, context))
    return r.Report(r.SCHEMA, "ok", messages, context.software, context.source, course, entries, levels, overall, context.timing_s)


def _at_l1(findings: Sequence[Finding], context: Context) -> r.OpportunisticDensity | None:
    if not context.attenuations:
        return None
    found = opportunistic(findings, context.attenuations, context.source.kvp, context.source.contrast)
    if found is None:
        return None
    return r.OpportunisticDensity(found.level, found.mean_hu, found.category, found.conditions)


def _levels(labelling: Labelling, given_by_reader: bool) -> r.Levels:
    top = labelling.vertebrae[0].level if labelling.vertebrae else None
    uncertain = labelling.confidence < UNCERTAIN_LEVELS and not given_by_reader
    confidence, other = round(labelling.confidence, 4), round(labelling.alternative_probability, 4)
    return r.Levels(confidence, uncertain, top, labelling.alternative, other, given_by_reader)


def _level_messages(levels: r.Levels) -> tuple[r.Message, ...]:
    if not levels.uncertain or levels.top is None:
        return ()
    other = ""
    if levels.alternative:
        other = f"; the first vertebra may be {levels.alternative} instead ({levels.alternative_probability:.0%})"
    taken = f"level names are uncertain ({levels.confidence:.0%}): the first vertebra is taken for {levels.top}"
    text = f"{taken}{other}; name it with --top-level"
    return (r.Message(DOUBTED_NAMES, "warning", text),)


def _overall(findings: Sequence[Finding], density: r.OpportunisticDensity | None) -> r.Overall:
    s = summarise(findings)
    return r.Overall(
        sentence(findings),
        len(findings),
        s.assessed,
        s.worst_level,
        _number(s.worst_loss),
        s.worst_grade,
        s.fractures,
        s.mild_deformities,
        s.spinal_deformity_index,
        round(s.fracture_probability, 4),
        _number(s.kyphosis_deg, 1),
        density,
    )


def _entry(f: Finding, measured: Attenuation | None) -> r.Entry:
    v, graded = f.vertebra, f.grade is not None
    z = [_number(x) for x in f.z]
    behind = _number(f.heights_mm[2] / f.posterior_expected_mm)
    return r.Entry(
        level=v.level,
        level_confidence=round(v.level_confidence, 4),
        score=round(v.score, 4),
        complete=v.complete,
        assessable=f.assessable,
        reason=f.reason,
        points_lps_mm=r.PointPairs(*[(_three(p[0]), _three(p[1])) for p in v.points_mm]),
        points_sd_mm=r.SpreadPairs(*[(round(float(p[0]), 3), round(float(p[1]), 3)) for p in v.points_sd_mm]),
        heights_mm=r.Columns(*_three(f.heights_mm)),
        ratios=r.Ratios(round(float(f.ratios[0]), 4), round(float(f.ratios[1]), 4), z[0], z[1], behind),
        genant_index=round(f.genant_index, 4),
        loss=_number(f.loss),
        loss_interval_95=(round(f.loss_interval_95[0], 4), round(f.loss_interval_95[1], 4)) if graded else None,
        grade=f.grade,
        grade_probability=tuple(round(p, 4) for p in f.grade_probability) if graded else None,  # type: ignore[arg-type]
        shape=f.shape,  # type: ignore[arg-type]
        flag=f.flag,
        weak_norm=f.weak_norm,
        hu=_density(measured),
        hu_reason=measured.reason if measured else None,
    )


def _density(measured: Attenuation | None) -> r.Density | None:
    if measured is None or not measured.measured:
        return None
    return r.Density(round(measured.mean_hu, 1), round(measured.sd_hu, 1), round(measured.area_mm2, 1))


def _three(values: Floats, digits: int = 3) -> tuple[float, float, float]:
    a, b, c = (round(float(x), digits) for x in values)
    return a, b, c


def _number(value: float | None, digits: int = 4) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
