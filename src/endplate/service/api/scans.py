"""``/api/scans``: the worklist, and one scan with all that its page needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from endplate.morphometry.norms import SHIPPED, shipped
from endplate.report.report import Report
from endplate.review.images import read_images
from endplate.review.rules import rules
from endplate.service.deletion import delete
from endplate.service.http.parts import Actor, KnownScan, Service
from endplate.service.http.problems import documented
from endplate.service.records import Page, Scan, ScanStatus, Sort
from endplate.service.records import Query as Asked

router = APIRouter(tags=["scans"], responses=documented())
ReviewFilter = Literal["none", "draft", "accepted", "accepted_with_edits", "rejected"]


@dataclass(frozen=True)
class ScanDetail:
    """A scan and what its page needs.

    Attributes:
        scan: the line of the worklist.
        report: the model's; None until it is measured.
        rules: what the page grades by (`endplate.review.rules`); None where the report's norms are not ours.
        images: ``images.json``; None where there are none.
    """

    scan: Scan
    report: Report | None
    rules: dict[str, Any] | None
    images: dict[str, Any] | None


@router.get("/scans")
def worklist(  # noqa: PLR0913 - each is a parameter of the query
    service: Service,
    status: Annotated[list[ScanStatus] | None, Query()] = None,
    review: Annotated[list[ReviewFilter] | None, Query()] = None,
    grade: Annotated[int | None, Query(ge=0, le=3)] = None,
    search: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
    sort: Sort = "priority",
    descending: bool = False,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page:
    """A page of the worklist."""
    asked = Asked(tuple(status or ()), tuple(review or ()), grade, search, sort, descending, page, size)
    return service.store.worklist(asked)


@router.get("/scans/{scan_id}", responses=documented(404))
def scan(service: Service, found: KnownScan) -> ScanDetail:
    """One scan."""
    report = service.store.report(found.id)
    norms = None if report is None else report.software.norms
    images = read_images(service.settings.scans / found.id / "images")
    return ScanDetail(found, report, rules(shipped(norms)) if norms in SHIPPED else None, None if images is None else images.info)


@router.delete("/scans/{scan_id}", status_code=204, responses=documented(404))
def delete_scan(service: Service, found: KnownScan, actor: Actor) -> Response:
    """Takes a scan out: header, report, images, its job's name and message, and its upload once no other scan or job needs that.

    The versions of its review with their comments stay in the database, out of reach of this API, and the audit trail stays, with
    the scan's name.
    """
    delete(service, found, actor)
    return Response(status_code=204)
