"""``endplate export-truth``: signed reviews as truth for training and evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from endplate.cli import exit_codes

if TYPE_CHECKING:
    from endplate.review.agreement import Agreement


def export_truth(reviews: Path, *, out: Path, norms: str | None = None) -> int:
    """Write signed reviews as annotated cases.

    Writes OUT/CASE/truth.json for every accepted review and OUT/agreement.json: how far readers and model agree.

    Args:
        reviews: folder with CASE/report.json, as the model wrote it, and CASE/review.json.
        out: folder for the cases; ``endplate evaluate`` reads it, and training too once CASE/ct.nii.gz lies beside truth.json.
        norms: table to grade by: a shipped one's name, or the path of your own; the one that each report names if left out.
    """
    import json
    import sys

    from endplate.errors import InputRefused
    from endplate.morphometry.norms import chosen
    from endplate.report.table import write_atomically
    from endplate.review.agreement import agreement
    from endplate.review.truth import read_reviews, truth_content

    try:
        table = chosen(norms) if norms else None
    except ValueError as error:
        print(f"endplate: --norms: {error}", file=sys.stderr)
        return exit_codes.USAGE
    scans = read_reviews(reviews, table)
    kept = [s for s in scans if s.reason_against is None]
    for scan in scans:
        if scan.reason_against is not None:
            print(f"{scan.name}: left out, {scan.reason_against}")
    if not kept:
        raise InputRefused("no_review", f"{reviews} holds no review that can be truth; sign one, accepted or accepted with edits")
    for scan in kept:
        folder = out / scan.name
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "truth.json", (json.dumps(truth_content(scan), indent=1, allow_nan=False) + "\n").encode())
    found = agreement(kept)
    content = found.to_dict() | {"left_out": {s.name: s.reason_against for s in scans if s.reason_against is not None}}
    write_atomically(out / "agreement.json", (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
    print("\n".join(_lines(found)))
    return exit_codes.OK


def _lines(found: Agreement) -> list[str]:
    scans = f"{found.scans} scans, {found.without_edits} accepted without edits"
    lines = [f"{scans}; {found.vertebrae} vertebrae in both, {found.added} added, {found.deleted} deleted by readers."]
    if found.point_mm is not None and found.levels_same is not None:
        moved = f"{found.points_moved} of {found.points} points moved; mean distance {found.point_mm:.2f} mm"
        lines.append(f"{moved} (95th percentile {found.point_mm_p95:.2f}), heights {found.height_mm:.2f} mm apart.")
        kappa = "not defined, one class only" if found.kappa is None else f"{found.kappa:.2f}"
        lines.append(f"Same level name {found.levels_same:.1%}; grade 2 or more, kappa {kappa} ({found.graded} vertebrae).")
    lines.append("Readers saw the model's points first: blind readings would agree less.")
    return lines
