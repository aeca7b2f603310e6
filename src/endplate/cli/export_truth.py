"""``endplate export-truth``: signed reviews as truth for training and evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from endplate.cli import exit_codes

if TYPE_CHECKING:
    from endplate.morphometry.norms import Norms
    from endplate.review.agreement import Agreement
    from endplate.review.truth import ReviewedScan


def export_truth(
    reviews: Path | None = None, *, out: Path, norms: str | None = None, data: Path | None = None, database: str | None = None
) -> int:
    """Write signed reviews as annotated cases.

    Writes OUT/CASE/truth.json for every accepted review and OUT/agreement.json: how far readers and model agree.

    Args:
        reviews: folder with CASE/report.json, as the model wrote it, and CASE/review.json; if left out, what was signed on the
            review page is taken (``endplate serve``), each scan as its last signed version leaves it.
        out: folder for the cases; ``endplate evaluate`` reads it, and training too once CASE/ct.nii.gz lies beside truth.json.
        norms: table to grade by: a shipped one's name, or the path of your own; the one that each report names if left out.
        data: folder of the service's data; that of ``endplate serve`` if left out.
        database: URL of the service's database; SQLite in that folder if left out.
    """
    import json
    import sys

    from endplate.errors import InputRefused
    from endplate.morphometry.norms import chosen
    from endplate.report.table import write_atomically
    from endplate.review.agreement import agreement
    from endplate.review.truth import read_reviews, truth_content

    if reviews is not None and (data or database):
        print("endplate: expected either REVIEWS or --data and --database, got both; leave one out", file=sys.stderr)
        return exit_codes.USAGE
    try:
        table = chosen(norms) if norms else None
    except ValueError as error:
        print(f"endplate: --norms: {error}", file=sys.stderr)
        return exit_codes.USAGE
    scans = read_reviews(reviews, table) if reviews is not None else _of_service(data, database, table)
    kept = [s for s in scans if s.reason_against is None]
    for scan in scans:
        if scan.reason_against is not None:
            print(f"{scan.name}: left out, {scan.reason_against}")
    if not kept:
        raise InputRefused(
            "no_review", f"{reviews or 'the service'} holds no review that can be truth; sign one, accepted or accepted with edits"
        )
    for scan in kept:
        folder = out / scan.name
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "truth.json", (json.dumps(truth_content(scan), indent=1, allow_nan=False) + "\n").encode())
    found = agreement(kept)
    content = found.to_dict() | {"left_out": {s.name: s.reason_against for s in scans if s.reason_against is not None}}
    write_atomically(out / "agreement.json", (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
    print("\n".join(_lines(found)))
    return exit_codes.OK


def _of_service(data: Path | None, database: str | None, norms: Norms | None) -> tuple[ReviewedScan, ...]:
    from endplate.cli.serve import check_installed
    from endplate.errors import InputRefused

    check_installed()
    from endplate.service.corrections import signed_scans
    from endplate.service.settings import default_data
    from endplate.service.store import opened_store, sqlite_url

    file = (data or default_data()).absolute() / "endplate.sqlite"
    if database is None and not file.is_file():
        raise InputRefused("no_review", f"{file} does not exist; give a folder of reviews, or --data as to endplate serve")
    store = opened_store(database or sqlite_url(file))
    try:
        return signed_scans(store, norms)
    finally:
        store.close()


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
