"""``/api/uploads``: scans from the reader's own computer."""

from __future__ import annotations

import shutil
from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from endplate.service.http.events import in_thread
from endplate.service.http.parts import Actor, Service
from endplate.service.http.problems import documented
from endplate.service.records import Job
from endplate.service.uploads.upload import received

router = APIRouter(tags=["uploads"], responses=documented(415))
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
        "name": {"type": "string", "maxLength": 250},
    },
}


@router.post(
    "/uploads",
    status_code=202,
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def upload(service: Service, request: Request, actor: Actor) -> Job:
    """Takes DICOM files, a zip, NIfTI, NRRD or MHA, and orders what they hold to be measured."""
    came = await received(request, service.settings)
    try:
        return await in_thread(partial(service.jobs.order_find, [came.folder], actor, came.name))
    except BaseException:
        shutil.rmtree(came.folder, ignore_errors=True)
        raise
