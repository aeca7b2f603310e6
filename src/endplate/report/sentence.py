"""One sentence to paste into a radiology report; the words of UK RCR guidance and ESSR 2024."""

from __future__ import annotations

from collections.abc import Sequence

from endplate.morphometry.genant import GRADE_NAMES
from endplate.morphometry.measure import Finding
from endplate.report.report import OpportunisticDensity

MIMICS = (
    "Fracture-shaped deformities have other causes: consider Scheuermann's disease, Schmorl's node, Cupid's bow, limbus vertebra, "
    "physiological wedging, degenerative or scoliotic remodelling, metastasis or myeloma, haemangioma, and an oblique cut."
)
UNCERTAIN_LEVEL = 0.8
_UNCERTAIN = "Level names are uncertain."


def sentence(findings: Sequence[Finding]) -> str:
    """What was found, worst level first; what could not be assessed; what else may look like it."""
    graded = [f for f in findings if f.grade is not None]
    if not graded:
        return " ".join(["No vertebral body could be assessed.", *_left_out(findings)])
    found = sorted((f for f in graded if f.grade), key=lambda f: -f.loss)
    fractures = [describe(f) for f in found if (f.grade or 0) >= 2]
    mild = [describe(f) for f in found if f.grade == 1]
    parts = []
    if fractures:
        parts.append(f"Vertebral fracture: {'; '.join(fractures)}. Further assessment or fracture-liaison referral is suggested.")
    if mild:
        parts.append(f"Mild deformity, indeterminate: {'; '.join(mild)}.")
    if found:
        parts.append("Other causes of a fracture-shaped deformity are to be excluded by the reader.")
    else:
        bodies = f"{len(graded)} {'body' if len(graded) == 1 else 'bodies'}"
        parts.append(f"No vertebral fracture found by height loss ({bodies} assessed, {_span(graded)}).")
    parts += _left_out(findings)
    if any(f.vertebra.level_confidence < UNCERTAIN_LEVEL for f in graded):
        parts.append(_UNCERTAIN)
    return " ".join(parts)


def without_doubt(said: str) -> str:
    """A `sentence` without its doubt of the names.

    >>> without_doubt("No vertebral body could be assessed. Level names are uncertain.")
    'No vertebral body could be assessed.'
    """
    return said.removesuffix(f" {_UNCERTAIN}")


def _left_out(findings: Sequence[Finding]) -> list[str]:
    named = [f"{f.vertebra.level or 'unnamed level'} ({f.reason})" for f in findings if f.grade is None]
    return [f"Not assessed: {', '.join(named)}."] if named else []


def _span(graded: Sequence[Finding]) -> str:
    names = [f.vertebra.level or "unnamed level" for f in graded]
    return names[0] if len(names) == 1 else f"{names[0]}-{names[-1]}"


def describe(finding: Finding) -> str:
    """``T12 wedge, grade 2 (moderate), height loss 31 % (95 % interval 26-36 %)``."""
    # rounded as in the report first, so that table and sentence never differ by a per cent
    loss, low, high = (f"{100 * round(x, 4):.0f}" for x in (finding.loss, *finding.loss_interval_95))
    grade = finding.grade or 0
    name = f"{finding.vertebra.level or 'unnamed level'} {finding.shape}, grade {grade} ({GRADE_NAMES[grade]})"
    return f"{name}, height loss {loss} % (95 % interval {low}-{high} %)"


def density_sentence(density: OpportunisticDensity) -> str:
    """What trabecular bone reads at L1 or its substitute, the category if there is one, and what limits it.

    >>> density_sentence(OpportunisticDensity("L1", 96.4, None, ("no category: the tube voltage is unknown",)))
    'Trabecular bone at L1: 96 HU. No category: the tube voltage is unknown.'
    """
    said = filter(None, (density.category, *density.conditions))
    return " ".join([f"Trabecular bone at {density.level}: {density.mean_hu:.0f} HU.", *(f"{s[:1].upper()}{s[1:]}." for s in said)])
