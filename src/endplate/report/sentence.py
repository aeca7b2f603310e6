"""One sentence to paste into a radiology report; the words of UK RCR guidance and ESSR 2024."""

from __future__ import annotations

from collections.abc import Sequence

from endplate.morphometry.genant import GRADE_NAMES
from endplate.morphometry.measure import Finding

MIMICS = (
    "Fracture-shaped deformities have other causes: consider Scheuermann's disease, Schmorl's node, Cupid's bow, limbus vertebra, "
    "physiological wedging, degenerative or scoliotic remodelling, metastasis or myeloma, haemangioma, and an oblique cut."
)


def sentence(findings: Sequence[Finding]) -> str:
    """What was found, worst level first."""
    graded = [f for f in findings if f.grade is not None]
    if not graded:
        return "No vertebral body could be assessed."
    found = sorted((f for f in graded if f.grade), key=lambda f: -f.loss)
    fractures = [describe(f) for f in found if (f.grade or 0) >= 2]
    mild = [describe(f) for f in found if f.grade == 1]
    span = f"{graded[0].vertebra.level}-{graded[-1].vertebra.level}" if len(graded) > 1 else f"{graded[0].vertebra.level}"
    parts = []
    if fractures:
        parts.append(f"Vertebral fracture: {'; '.join(fractures)}. Further assessment or fracture-liaison referral is suggested.")
    if mild:
        parts.append(f"Mild deformity, indeterminate: {'; '.join(mild)}.")
    if not found:
        parts.append(f"No vertebral fracture found by height loss ({len(graded)} bodies assessed, {span}).")
    return " ".join(parts)


def describe(finding: Finding) -> str:
    """``T12 wedge, grade 2 (moderate), height loss 31 % (95 % interval 26-36 %)``."""
    low, high = (round(100 * x) for x in finding.loss_interval_95)
    grade = finding.grade or 0
    name = f"{finding.vertebra.level} {finding.shape}, grade {grade} ({GRADE_NAMES[grade]})"
    return f"{name}, height loss {100 * finding.loss:.0f} % (95 % interval {low}-{high} %)"
