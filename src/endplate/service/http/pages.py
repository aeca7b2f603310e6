"""The pages and what they need, as the files of ``endplate/web`` lie there."""

from __future__ import annotations

import mimetypes
from importlib import resources
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from endplate.service.http.parts import HEX
from endplate.service.http.problems import not_found

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
"""Media types, said here since a machine's own table may say otherwise and a browser then refuses the scripts."""


def web() -> Path:
    """The folder of the pages."""
    return Path(str(resources.files("endplate") / "web"))


def install(app: FastAPI) -> None:
    """Adds the pages and ``/static``."""
    for suffix, kind in _TYPES.items():
        mimetypes.add_type(kind, suffix)
    app.add_api_route("/", _worklist, include_in_schema=False)
    app.add_api_route("/login", _login, include_in_schema=False)
    app.add_api_route("/scans/{scan_id}", _review, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=web(), follow_symlink=False), name="static")


def _page(name: str) -> FileResponse:
    path = web() / name
    if not path.is_file():
        raise not_found(f"page {name}", "install endplate anew")
    return FileResponse(path, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"})


def _worklist() -> FileResponse:
    return _page("worklist.html")


def _login() -> FileResponse:
    return _page("login.html")


def _review(scan_id: Annotated[str, InPath(pattern=HEX)]) -> FileResponse:
    return _page("review.html")
