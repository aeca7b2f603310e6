"""The table of the report page: a row of texts per vertebra."""

from __future__ import annotations

import math
from dataclasses import dataclass

from endplate.morphometry import norms
from endplate.morphometry.genant import GRADE_NAMES
from endplate.report import report as r
from endplate.report.sentence import UNCERTAIN_LEVEL

Z_TOLERANCE = 0.02
"""How far a report's z-scores may lie from those of a shipped table of the same name, for rounding alone."""


@dataclass(frozen=True)
class Height:
    """One of the three heights.

    Attributes:
        mm: with one decimal.
        share: of what is expected, in per cent; empty where unknown.
        z: z-score of the ratio; empty where there is none.
    """

    mm: str
    share: str
    z: str


@dataclass(frozen=True)
class Row:
    """One vertebra.

    Attributes:
        entry: its place among the report's vertebrae.
        level: name.
        marks: ``?`` for an uncertain name, ``*`` for a weak norm.
        heights: anterior, middle, posterior.
        index: raw G.
        loss: per cent.
        interval: of the loss, per cent.
        grade: 0 to 3, or None.
        verdict: grade and shape in words, or why not assessed.
        probabilities: of the grades 0 to 3, per cent.
        hu: attenuation; empty where not measured.
        by_reader: whether a reader set it.
    """

    entry: int
    level: str
    marks: str
    heights: tuple[Height, Height, Height]
    index: str
    loss: str
    interval: str
    grade: int | None
    verdict: str
    probabilities: tuple[str, ...]
    hu: str
    by_reader: bool


def rows_of(report: r.Report) -> tuple[tuple[Row, ...], bool]:
    """The rows, head to feet, and whether shares of the norm could be given."""
    table = _table(report)
    return tuple(_row(i, e, table) for i, e in enumerate(report.vertebrae)), table is not None


def _table(report: r.Report) -> norms.Norms | None:
    """The norms that the report names, if they are shipped ones and gave its z-scores; a user's own are not in the report."""
    if report.software.norms not in norms.SHIPPED:
        return None
    table = norms.shipped(report.software.norms)
    return table if all(_agrees(e, table.of(e.level)) for e in report.vertebrae) else None


def _agrees(entry: r.Entry, norm: norms.LevelNorm | None) -> bool:
    if norm is None or entry.ratios.ha_hp_z is None or entry.ratios.hm_hp_z is None:
        return True
    z = ((entry.ratios.ha_hp - norm.ha_hp) / norm.ha_hp_sd, (entry.ratios.hm_hp - norm.hm_hp) / norm.hm_hp_sd)
    return abs(z[0] - entry.ratios.ha_hp_z) < Z_TOLERANCE and abs(z[1] - entry.ratios.hm_hp_z) < Z_TOLERANCE


def chance(probability: float) -> str:
    """A probability in per cent that never claims certainty.

    >>> chance(0.0001), chance(0.31), chance(0.9999)
    ('<1 %', '31 %', '>99 %')
    """
    return "<1 %" if probability < 0.005 else ">99 %" if probability > 0.995 else f"{100 * probability:.0f} %"


def _row(place: int, e: r.Entry, table: norms.Norms | None) -> Row:
    low, high = e.loss_interval_95 or (math.nan, math.nan)
    marks = "?" * (e.level_confidence < UNCERTAIN_LEVEL) + "*" * (e.weak_norm and e.assessable)
    return Row(
        entry=place,
        level=e.level or "unnamed",
        marks=marks,
        heights=_heights(e, table),
        index=f"{e.genant_index:.2f}",
        loss=_per_cent(e.loss),
        interval=f"{_per_cent(low)} to {_per_cent(high)}" if e.loss_interval_95 else "",
        grade=e.grade,
        verdict=_verdict(e),
        probabilities=tuple(chance(p) for p in e.grade_probability or ()),
        hu=f"{e.hu.mean_hu:.0f}" if e.hu is not None else "",
        by_reader=e.set_by_reader,
    )


def _heights(e: r.Entry, table: norms.Norms | None) -> tuple[Height, Height, Height]:
    mm, ratios = e.heights_mm, e.ratios
    norm = table.of(e.level) if table is not None and e.assessable else None
    behind = ratios.hp_expected if e.assessable else None
    return (
        Height(f"{mm.anterior:.1f}", _share(ratios.ha_hp / norm.ha_hp if norm else None), _z(ratios.ha_hp_z)),
        Height(f"{mm.middle:.1f}", _share(ratios.hm_hp / norm.hm_hp if norm else None), _z(ratios.hm_hp_z)),
        Height(f"{mm.posterior:.1f}", _share(behind), ""),
    )


def _verdict(e: r.Entry) -> str:
    if e.grade is None:
        return f"not assessed: {e.reason or 'not assessable'}"
    return f"{e.grade} {GRADE_NAMES[e.grade]} {e.shape or ''}".strip()


def _per_cent(share: float | None) -> str:
    return "" if share is None or not math.isfinite(share) else f"{100 * share:.0f}"


def _share(share: float | None) -> str:
    return f"{_per_cent(share)} %" if share is not None else ""


def _z(score: float | None) -> str:
    return "" if score is None else f"z {round(score, 1) + 0.0:+.1f}"  # + 0.0: no minus before zero
