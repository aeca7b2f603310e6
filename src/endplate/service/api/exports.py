"""``/api/scans/{id}/exports``: files that leave the service."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from endplate.exports import NAMES, media_type
from endplate.service import exported
from endplate.service.http.parts import Actor, KnownScan, Service
from endplate.service.http.problems import documented, not_found
from endplate.volume.scan_list import safe_name

router = APIRouter(prefix="/scans/{scan_id}", tags=["exports"], responses=documented(404))
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_JSON: dict[str, Any] = {"schema": {"type": "object"}}
_FILE: dict[str, Any] = {
    "description": "The file",
    "content": {kind: _JSON if kind.endswith("json") else _BINARY for kind in map(media_type, NAMES)},
    "headers": {
        "Content-Disposition": {"description": "its name", "schema": {"type": "string"}},
        "X-Review-Version": {"description": "the version that it shows; 0 for what the model said", "schema": {"type": "integer"}},
    },
}
Name = Annotated[str, Path(max_length=100, json_schema_extra={"enum": list(NAMES)})]
Version = Annotated[
    int | None,
    Query(ge=0, lt=2**31, description="of the review, 0 for the model's; if left out the last signed one, else the last saved one"),
]


@router.get("/exports/{name}", response_class=Response, responses={200: _FILE, **documented(409)})
def export(service: Service, found: KnownScan, name: Name, actor: Actor, version: Version = None) -> Response:
    """One file of a scan, with the state of one version of its review."""
    if name not in NAMES:
        raise not_found(f"export {name!r}", f"expected one of {', '.join(NAMES)}")
    shown, content = exported.file_of(service.store, service.settings, found, name, version)
    service.store.note(actor, "exported", found.id, {"name": name, "version": shown})
    headers = {
        "Content-Disposition": f'attachment; filename="{safe_name(found.name)}-{name}"',
        "X-Review-Version": str(shown),
    }
    return Response(content, media_type=media_type(name), headers=headers)
