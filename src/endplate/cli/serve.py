"""``endplate serve``: worklist and review page in the browser, over the review service."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from endplate.cli import exit_codes
from endplate.errors import ExtraMissing

TOKEN = "ENDPLATE_TOKEN"
ORGANISATION = "ENDPLATE_ORGANISATION"
_LIBRARIES = ("fastapi", "uvicorn", "python_multipart", "sse_starlette", "sqlalchemy", "alembic", "dbos")


def serve(
    *paths: Path,
    data: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8787,
    database: str | None = None,
    workers: int = 1,
    threads: int = 0,
    token: str | None = None,
    folders: tuple[Path, ...] | None = None,
    hosts: tuple[str, ...] | None = None,
    organisation: str | None = None,
    open_browser: Annotated[bool, Parameter(name="--open")] = False,
) -> int:
    """Serve worklist and review page to browsers.

    Args:
        paths: scans, or folders of scans or of finished reports (FOLDER/report.json or FOLDER/SCAN/report.json), to take in at
            the start; read in place. What is in the worklist already stays as it is.
        data: folder for scans, reviews and uploads; $XDG_DATA_HOME/endplate or ~/.local/share/endplate if left out.
        host: address to listen at; any but this machine's own needs a token.
        port: to listen at; 0 takes a free one.
        database: URL of a database, such as postgresql://USER@HOST/NAME; SQLite in the data folder if left out, or
            ENDPLATE_DATABASE of the environment.
        workers: processes that measure; 0 leaves that to workers started elsewhere.
        threads: of the networks in each worker; 0 shares the cores out.
        token: that clients must know; ENDPLATE_TOKEN of the environment is better, since others see what you type here.
        folders: a folder of this machine that scans and finished reports may be read from; may be given several times.
        hosts: a further name that browsers reach it by, such as a reverse proxy's; may be given several times.
        organisation: for which readers sign: the verifying organisation of signed DICOM objects, at most 64 characters;
            ENDPLATE_ORGANISATION of the environment if left out, "Not stated" without either.
        open_browser: open the worklist in a browser.
    """
    check_installed()
    from endplate.service.settings import Settings, default_data

    settings = Settings(
        data=(data or default_data()).absolute(),
        database=database or os.environ.get("ENDPLATE_DATABASE", ""),
        host=host,
        port=port,
        token=token or os.environ.get(TOKEN) or None,
        folders=tuple(folder.absolute() for folder in folders or ()),
        hosts=hosts or (),
        workers=workers,
        threads=threads,
        paths=tuple(path.absolute() for path in paths),
        organisation=(os.environ.get(ORGANISATION, "") if organisation is None else organisation).strip(),
    )
    if settings.mistake is not None:
        return _usage(settings.mistake)
    from endplate.service.http import serving

    try:
        listener = serving.listening(settings)
    except serving.AddressUnusable as error:
        return _usage(str(error))
    address = serving.address_of(settings, listener)

    def ready() -> None:
        needs = "sign in with the token" if settings.token else "no token is needed on this machine"
        print(f"endplate serve: {address} ({needs}; data in {settings.data}; Ctrl-C ends it)", flush=True)
        if open_browser:
            import webbrowser

            webbrowser.open(address)

    try:
        serving.serve(settings, listener, ready)
    except KeyboardInterrupt:
        print("endplate serve: ended; jobs that were not done go on at the next start", flush=True)
    return exit_codes.OK


def _usage(said: str) -> int:
    print(f"endplate: {said}", file=sys.stderr)
    return exit_codes.USAGE


def check_installed() -> None:
    """That the libraries of the service are there.

    Raises:
        ExtraMissing: with the command that installs them.
    """
    from importlib.util import find_spec

    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise ExtraMissing(
            "service_missing", f"endplate serve needs {', '.join(missing)}, not installed; install: pip install 'endplate[service]'"
        )
