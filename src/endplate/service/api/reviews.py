"""``/api/scans/{id}/review``: versions of what readers make of a scan; none is ever lost or overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from endplate.report.report import Report
from endplate.report.review_state import Decision
from endplate.review.document import Review, json_schema
from endplate.service import saving
from endplate.service.http.parts import Actor, KnownScan, Service
from endplate.service.http.problems import AsciiJson, documented, not_found
from endplate.service.saving import Saved

router = APIRouter(prefix="/scans/{scan_id}", tags=["reviews"], responses=documented(404))
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/json": {"schema": json_schema()}}}}
_TAG: dict[str, Any] = {"description": "Version in quotes, for If-Match", "schema": {"type": "string"}}
_TAGGED: dict[int | str, dict[str, Any]] = {200: {"headers": {"ETag": _TAG}}}
IfMatch = Annotated[str | None, Header(description="ETag of the version that was loaded; required")]


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


@dataclass(frozen=True)
class Version:
    """One kept version of a review.

    Attributes:
        version: from 1.
        decision: of it.
        saved_at: when.
        reader: who signed; None in a draft.
        signed_at: when.
        edits: sentences.
    """

    version: int
    decision: Decision
    saved_at: str
    reader: str | None
    signed_at: str | None
    edits: tuple[str, ...]


@dataclass(frozen=True)
class Versions:
    """All of them.

    Attributes:
        reviews: oldest first.
    """

    reviews: tuple[Version, ...]


@router.get("/review", response_model=Review, responses=_TAGGED)
def review(service: Service, found: KnownScan, actor: Actor) -> AsciiJson:
    """The last saved version; what the model said, with ETag "0", where nobody saved one."""
    version, document = saving.last(service.store, found)
    service.store.note(actor, "review_opened", found.id, {"version": version})
    return AsciiJson(document, headers={"ETag": saving.tag_of(version)})


@router.put("/review", response_model=Saved, responses={**_TAGGED, **documented(412, 428)}, openapi_extra=_BODY)
def save(service: Service, found: KnownScan, body: Body, actor: Actor, response: Response, if_match: IfMatch = None) -> Saved:
    """Appends a draft to the versions."""
    loaded = saving.follows(if_match)
    saved = saving.save(service.store, found, saving.drafted(saving.parsed(body)), loaded, actor)
    response.headers["ETag"] = saved.etag
    return saved


@router.post("/review/sign", response_model=Saved, responses={**_TAGGED, **documented(412, 428)}, openapi_extra=_BODY)
def sign(service: Service, found: KnownScan, body: Body, actor: Actor, response: Response, if_match: IfMatch = None) -> Saved:
    """Appends a signed version; the time is the service's."""
    loaded = saving.follows(if_match)
    saved = saving.save(service.store, found, saving.signed_now(saving.parsed(body)), loaded, actor)
    response.headers["ETag"] = saved.etag
    return saved


@router.post("/measure", response_model=Report, openapi_extra=_BODY)
def measure(service: Service, found: KnownScan, body: Body) -> AsciiJson:
    """The report as a review would leave it; nothing is kept."""
    report = saving.model_of(service.store, found)
    _, plain = saving.applied(report, saving.review_of(saving.parsed(body)))
    return AsciiJson(plain)


@router.get("/reviews")
def versions(service: Service, found: KnownScan) -> Versions:
    """All kept versions, without their documents."""
    kept = service.store.reviews(found.id)
    return Versions(tuple(Version(r.version, r.decision, r.saved_at, r.reader, r.signed_at, r.edits) for r in kept))


@router.get("/reviews/{version}", response_model=Review, responses=_TAGGED)
def version(service: Service, found: KnownScan, version: Annotated[int, Path(ge=1, lt=2**31)]) -> AsciiJson:
    """The document of one version."""
    kept = service.store.review(found.id, version)
    if kept is None:
        raise not_found(f"version {version} of the review of scan {found.name}", "see the list of versions")
    return AsciiJson(kept.document, headers={"ETag": saving.tag_of(version)})
