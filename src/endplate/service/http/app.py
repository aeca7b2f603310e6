"""The application: doors, endpoints, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from fastapi import FastAPI, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from endplate import __version__
from endplate.service.api import audit, exports, folders, images, reviews, scans, session, uploads
from endplate.service.api import jobs as jobs_api
from endplate.service.http import pages, problems
from endplate.service.http.parts import Parts
from endplate.service.http.problems import AsciiJson
from endplate.service.http.security import Guard
from endplate.service.http.session import COOKIE, Sessions
from endplate.service.keeping import Store
from endplate.service.settings import Settings

if TYPE_CHECKING:
    from endplate.service.jobs.orders import Jobs

_SAYS = "Finds vertebral fractures on CT and lets readers review them. Research use only: not a medical device."

_KEYS = [Security(HTTPBearer(auto_error=False)), Security(APIKeyCookie(name=COOKIE, auto_error=False))]
"""Either opens; said here for the description alone, the guard has judged them before."""


def create_app(settings: Settings, store: Store, jobs: Jobs) -> FastAPI:
    """The service.

    Args:
        settings: of its start.
        store: what is kept; the caller closes it.
        jobs: takes orders; the caller closes it.
    """
    sessions = Sessions(settings.token)
    app = FastAPI(
        title="endplate",
        version=__version__,
        description=_SAYS,
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=AsciiJson,
    )
    app.state.parts = Parts(settings, store, jobs, sessions)
    # uploads that are looked at, large archives even unpacked, must not take the threads of everybody else
    app.state.looks = CapacityLimiter(2)
    app.add_middleware(Guard, settings=settings, sessions=sessions)
    problems.install(app)
    app.include_router(session.router, prefix="/api")
    for part in (uploads, folders, jobs_api, scans, images, reviews, exports, audit):
        app.include_router(part.router, prefix="/api", dependencies=_KEYS if settings.token else [])
    pages.install(app)
    return app
