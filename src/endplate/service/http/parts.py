"""What every endpoint works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Path, Request

from endplate.service.http.problems import not_found
from endplate.service.http.session import Sessions
from endplate.service.keeping import Store
from endplate.service.records import Scan
from endplate.service.settings import Settings

if TYPE_CHECKING:
    from endplate.service.jobs.orders import Jobs

HEX = "^[0-9a-f]{32}$"


@dataclass(frozen=True)
class Parts:
    """The service in its parts.

    Attributes:
        settings: of its start.
        store: what is kept.
        jobs: takes orders.
        sessions: who has shown the token.
    """

    settings: Settings
    store: Store
    jobs: Jobs
    sessions: Sessions


def _parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Service = Annotated[Parts, Depends(_parts)]
"""The parts, in the arguments of an endpoint."""

ScanId = Annotated[str, Path(pattern=HEX, description="32 hexadecimal digits")]
JobId = Annotated[str, Path(pattern=HEX, description="32 hexadecimal digits")]


def _scan(service: Service, scan_id: ScanId) -> Scan:
    found = service.store.scan(scan_id)
    if found is None:
        raise not_found(f"scan {scan_id}")
    return found


KnownScan = Annotated[Scan, Depends(_scan)]
"""The scan of ``{scan_id}``; 404 where there is none."""


def _actor(request: Request) -> str:
    return f"client {request.client.host}" if request.client else "client"


Actor = Annotated[str, Depends(_actor)]
"""Who asks, as far as we know: the client's address."""
