"""``/api/scans/{id}/images``: pixels for the review page, in Hounsfield units."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse
from numpy.typing import NDArray

from endplate.review.images import ReviewImages, plane, read_images
from endplate.service.http.parts import KnownScan, Service
from endplate.service.http.problems import documented, not_found
from endplate.service.records import Scan

router = APIRouter(prefix="/scans/{scan_id}", tags=["images"], responses=documented(404))
_INT: dict[str, Any] = {"schema": {"type": "integer"}}
_SHAPE = {"X-Rows": {"description": "rows", **_INT}, "X-Columns": {"description": "columns", **_INT}}
_BYTES: dict[str, Any] = {
    "description": "int16, little endian, row by row",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "headers": _SHAPE,
}
_PNG: dict[str, Any] = {"description": "A picture", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("/images/straight", response_class=Response, responses={200: _BYTES, 304: {"description": "As the client has it"}})
def straight(service: Service, found: KnownScan, if_none_match: Annotated[str, Header()] = "") -> Response:
    """The straightened image, channel by channel from the patient's right to the left."""
    pixels = np.ascontiguousarray(_images(service, found).straight, "<i2")
    tag = f'"{sha256(pixels.tobytes()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}  # kept, but asked for again: a scan may be deleted
    if tag in [t.strip().removeprefix("W/") for t in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return _pixels(pixels, {**headers, "X-Channels": str(len(pixels))})


@router.get("/images/{which}", response_class=Response, responses={200: _BYTES})
def original(
    service: Service,
    found: KnownScan,
    which: Literal["sagittal", "coronal", "axial"],
    at: Annotated[float, Query(ge=-100_000, le=100_000, allow_inf_nan=False, description="LPS mm")],
) -> Response:
    """A plane of the unstraightened scan; the nearest one where ``at`` lies outside."""
    pixels, _ = plane(_images(service, found), which, at)
    return _pixels(np.ascontiguousarray(pixels, "<i2"), {})


@router.get("/overview.png", response_class=Response, responses={200: _PNG})
def overview(service: Service, found: KnownScan) -> FileResponse:
    """The model's picture."""
    path = service.settings.scans / found.id / "overview.png"
    if not path.is_file():
        raise not_found(f"the picture of scan {found.name}", "it comes with the measurement")
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "no-store"})


def _images(service: Service, found: Scan) -> ReviewImages:
    images = read_images(service.settings.scans / found.id / "images")
    if images is None:
        raise not_found(f"images of scan {found.name}", found.without_images or "they come with the measurement")
    return images


def _pixels(pixels: NDArray[np.int16], headers: dict[str, str]) -> Response:
    rows, columns = pixels.shape[-2:]
    shape = {"X-Rows": str(rows), "X-Columns": str(columns)}
    return Response(pixels.tobytes(), headers={**shape, **headers}, media_type="application/octet-stream")
