"""``/api/folders``: scans and finished reports that lie on the server already."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from endplate.service.http.parts import Actor, Service
from endplate.service.http.problems import Refused, documented
from endplate.service.records import Job

router = APIRouter(tags=["uploads"], responses=documented())


class Folder(BaseModel):
    """Which folder, and what lies in it."""

    path: str = Field(min_length=1, max_length=4096)
    kind: Literal["scans", "reports"]


@router.post("/folders", status_code=202, responses=documented(404))
def folders(service: Service, folder: Folder, actor: Actor) -> Job:
    """Orders the scans of a folder to be measured, or its finished reports to be taken in."""
    path = _allowed(folder.path, service.settings.roots)
    if folder.kind == "scans":
        return service.jobs.order_find([path], actor)
    return service.jobs.order_import(path, actor, roots=service.settings.roots)


def _allowed(text: str, roots: tuple[Path, ...]) -> Path:
    """The folder, links followed, if it lies in one that the service was told of."""
    if not roots:
        raise Refused(422, "bad_request", "this service reads no folders; start it with --folders ROOT for each that it may read")
    if not text.isprintable():
        raise Refused(422, "bad_request", f"path {text[:100]!r}: expected one without control characters")
    known = [root.resolve() for root in roots]
    try:
        path = Path(text).resolve()
        inside = Path(text).is_absolute() and any(path.is_relative_to(root) for root in known)
        there = inside and path.is_dir()
    except (OSError, RuntimeError, ValueError):  # links in a circle, names too long, lone surrogates
        inside = there = False
    if not inside:
        found = f"path {text[:200]!r}: expected an absolute one within {', '.join(map(str, known))}"
        raise Refused(422, "bad_request", f"{found}; start endplate serve with --folders for another")
    if not there:
        raise Refused(404, "not_found", f"{path} is no folder on the server; expected one that holds scans or reports")
    return path
