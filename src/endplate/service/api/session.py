"""``/api/health`` and ``/api/session``: what anyone may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from endplate import __version__
from endplate.service.http.parts import Service
from endplate.service.http.problems import Refused, documented
from endplate.service.http.session import COOKIE, LASTS_S, cookie_of

router = APIRouter(tags=["session"], responses=documented())


@dataclass(frozen=True)
class Health:
    """That it runs.

    Attributes:
        version: of endplate.
        status: always ok.
    """

    version: str
    status: Literal["ok"]


@dataclass(frozen=True)
class Session:
    """Whether a client may ask for more.

    Attributes:
        token_needed: whether the service was started with a token.
        signed_in: whether this client has shown it, or needs none.
    """

    token_needed: bool
    signed_in: bool


class Token(BaseModel):
    """What a reader types."""

    token: str = Field(max_length=4096)


@router.get("/health")
def health() -> Health:
    """That the service runs."""
    return Health(__version__, "ok")


@router.get("/session")
def session(service: Service, request: Request) -> Session:
    """Whether this client is signed in."""
    admitted = service.sessions.admits(request.headers.get("authorization", ""), request.headers.get("cookie", ""))
    return Session(service.sessions.needed, admitted)


@router.post("/session", status_code=204)
def sign_in(service: Service, request: Request, token: Token) -> Response:
    """Sets the cookie for whoever knows the token."""
    if not service.sessions.needed:
        return Response(status_code=204)
    if not service.sessions.is_token(token.token):
        raise Refused(401, "unauthorised", "this is not the token; expected the one that endplate serve was started with")
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE, service.sessions.issue(), max_age=LASTS_S, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


@router.delete("/session", status_code=204)
def sign_out(service: Service, request: Request) -> Response:
    """Ends the session of the cookie."""
    service.sessions.end(cookie_of(request.headers.get("cookie", "")))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
