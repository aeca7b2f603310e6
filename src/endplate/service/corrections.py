"""Signed reviews of the whole store, as `endplate.review.truth` takes them: corrections are training data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from endplate.errors import InputRefused
from endplate.morphometry.norms import SHIPPED, Norms, shipped
from endplate.review.apply import reviewed
from endplate.review.document import Review
from endplate.review.truth import ReviewedScan
from endplate.service.keeping import Store
from endplate.service.records import Query, Scan
from endplate.volume.scan_list import safe_name

PAGE = 500


def signed_scans(store: Store, norms: Norms | None = None) -> tuple[ReviewedScan, ...]:
    """Every scan that a reader has signed, as the last signed version leaves it, by name.

    Args:
        store: of the review service; it is only read.
        norms: to grade by; the shipped table that each report names if left out.

    Raises:
        InputRefused: if nothing is signed, or a report names norms that do not come with endplate and none are given.
    """
    found = [(scan, one) for scan in _scans(store) if (one := _of_scan(store, scan, norms)) is not None]
    if not found:
        raise InputRefused("no_review", "the service's store holds no signed review; sign one on the review page")
    often = Counter(one.name for _, one in found)
    unique = [replace(one, name=f"{one.name}-{scan.id[:8]}") if often[one.name] > 1 else one for scan, one in found]
    return tuple(sorted(unique, key=lambda s: s.name))


def _scans(store: Store) -> Iterator[Scan]:
    page = 1
    while scans := store.worklist(Query(sort="added", page=page, size=PAGE)).scans:
        yield from (scan for scan in scans if scan.review_version)
        page += 1


def _of_scan(store: Store, scan: Scan, norms: Norms | None) -> ReviewedScan | None:
    signed = [saved for saved in store.reviews(scan.id) if saved.decision != "draft"]
    model = store.report(scan.id)
    if not signed or model is None:
        return None
    if norms is None and model.software.norms not in SHIPPED:
        said = f"measured by the norms {model.software.norms!r}, which do not come with endplate; give that table with --norms"
        raise InputRefused("bad_review", f"{scan.name}: {said}")
    review = Review.from_dict(signed[-1].document)
    return ReviewedScan(safe_name(scan.name), model, review, reviewed(model, review, norms or shipped(model.software.norms)))
