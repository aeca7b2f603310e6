"""Attenuation at L1, or at the level that stands in for it, against published thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from endplate.densitometry.trabecular import Attenuation
from endplate.morphometry.measure import Finding


@dataclass(frozen=True)
class Band:
    """Attenuation up to a threshold, and what the threshold stands for.

    Attributes:
        at_most_hu: upper end.
        words: what is said of it.
    """

    at_most_hu: float
    words: str


# Pickhardt et al. 2013, Ann Intern Med 158:588 (n = 1867, DXA as reference): at L1, at 120 kV, 160 HU or less is 90 % sensitive
# and 110 HU or less more than 90 % specific for osteoporosis; 135 HU balances both
BANDS = (
    Band(110.0, "in the range of osteoporosis (at most 110 HU: over 90 % specific)"),
    Band(135.0, "suggests low bone density (at most 135 HU: balanced threshold)"),
    Band(160.0, "osteoporosis not excluded (at most 160 HU: 90 % sensitive)"),
    Band(float("inf"), "osteoporosis unlikely (above the 160 HU threshold, 90 % sensitive)"),
)
# Opportunistic screening in a British population 2023, Insights Imaging 14 (s13244-023-01400-1), n = 536: 104 HU is 90 % specific,
# 169 HU 90 % sensitive; said where the bands above would say something else
UK_2023_HU = (104.0, 169.0)
# Jang et al. 2019, Radiology 291:360: norms of 20,374 scans, all at 120 kV; at 80 and 100 kV bone reads higher, at 140 kV lower
# (Wessell et al., Variation in attenuation in L1 trabecular bone at different tube voltages, AJR)
CATEGORY_KVP, KVP_TOLERANCE = 120.0, 1.0
# Pickhardt et al. 2016, Osteoporos Int 27:147: +11 HU (SD 19) with intravenous contrast, others up to 20 HU
CONTRAST = "intravenously it adds about 10-20 HU, which is not subtracted"
UNENHANCED = ("none", "no", "n", "no contrast", "without", "without contrast", "unenhanced", "n/a", "na")
# Pickhardt 2013: T12 to L5 perform alike
CANDIDATES = ("L1", "T12", "L2")
FRACTURE_GRADE = 2
"""From this grade on a body is compressed: denser than the bone that it is made of."""
SURE_LEVEL = 0.8
NAME_IN_DOUBT = "the level's name is uncertain"


@dataclass(frozen=True)
class Opportunistic:
    """Attenuation at L1, or at the level that stands in for it.

    Attributes:
        level: where it was measured.
        mean_hu: of trabecular bone.
        category: what the thresholds say of it; None where the conditions do not allow one.
        conditions: what limits it, a sentence each.
    """

    level: str
    mean_hu: float
    category: str | None
    conditions: tuple[str, ...]


def category(mean_hu: float) -> str:
    """Words for an attenuation at L1 at 120 kV.

    >>> category(110.0).split(" (")[0], category(161.0).split(" (")[0]
    ('in the range of osteoporosis', 'osteoporosis unlikely')
    """
    return next(band.words for band in BANDS if mean_hu <= band.at_most_hu)


def opportunistic(
    findings: Sequence[Finding], measured: Sequence[Attenuation], kvp: float | None, contrast: str | None
) -> Opportunistic | None:
    """What L1 reads; T12 or L2 where L1 is not usable; None where none of the three is measured.

    Args:
        findings: of the bodies.
        measured: their attenuations, in the same order.
        kvp: tube voltage of the header; None where unknown.
        contrast: contrast agent of the header, or None.
    """
    at = {f.vertebra.level: (f, a) for f, a in zip(findings, measured, strict=True)}
    against = {name: _reason_against(*at[name]) if name in at else "not in view" for name in CANDIDATES}
    usable = [name for name in CANDIDATES if against[name] is None]
    readable = [name for name in CANDIDATES if name in at and at[name][1].measured]
    if not readable:
        return None
    level = (usable or readable)[0]
    finding, attenuation = at[level]
    conditions = [f"{name} is not used: {against[name]}" for name in CANDIDATES[: CANDIDATES.index(level)]]
    if level != CANDIDATES[0]:
        conditions.append(f"measured at {level}; the thresholds were set at L1")
    barred = [f"no category: {reason}" for reason in (against[level], _reason_of_voltage(kvp)) if reason is not None]
    conditions += [*barred, *_of_scan(finding, contrast)]
    mean = round(attenuation.mean_hu, 1)
    if not barred:
        conditions += _second_opinion(mean)
    return Opportunistic(level, mean, None if barred else category(mean), tuple(conditions))


def _reason_against(finding: Finding, attenuation: Attenuation) -> str | None:
    """Why a body says nothing of bone density, or None."""
    if attenuation.reason is not None:
        return attenuation.reason
    if finding.grade is None:
        return f"not graded ({finding.reason}), a fracture is not excluded"
    if finding.grade >= FRACTURE_GRADE:
        return f"fractured, grade {finding.grade}"
    return None


def _reason_of_voltage(kvp: float | None) -> str | None:
    if kvp is None:
        return f"the tube voltage is unknown, the thresholds hold at {CATEGORY_KVP:.0f} kV"
    if abs(kvp - CATEGORY_KVP) > KVP_TOLERANCE:
        return f"the tube voltage is {kvp:.0f} kV, the thresholds hold at {CATEGORY_KVP:.0f} kV"
    return None


def _of_scan(finding: Finding, contrast: str | None) -> list[str]:
    said = []
    if contrast and contrast.strip().lower() not in UNENHANCED:
        said.append(f"the header names a contrast agent ({contrast}): {CONTRAST}")
    if finding.grade == 1:
        said.append("mild deformity of the body, indeterminate")
    if finding.vertebra.level_confidence < SURE_LEVEL:
        said.append(f"{NAME_IN_DOUBT} ({finding.vertebra.level_confidence:.0%})")
    return said


def _second_opinion(mean_hu: float) -> list[str]:
    """Where the British thresholds put it into another band."""
    specific, sensitive = UK_2023_HU
    if specific < mean_hu <= BANDS[0].at_most_hu:
        return [f"above the {specific:.0f} HU that are 90 % specific in a British population (2023)"]
    if BANDS[2].at_most_hu < mean_hu <= sensitive:
        return [f"within the {sensitive:.0f} HU that are 90 % sensitive in a British population (2023)"]
    return []
