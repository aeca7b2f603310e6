"""What the service answers when it does not do what it was asked: a code, and a message with value, expectation and remedy."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from endplate.errors import EndplateError, StoreUnusable
from endplate.service.keeping import Conflict

_SHOWN = 200
_METHODS = ("DELETE", "GET", "POST", "PUT")
_ADDRESSES = "expected one of those in /api/openapi.json"
_log = logging.getLogger("endplate.service")


class AsciiJson(JSONResponse):
    """JSON in ASCII: a file name on Linux may hold bytes that are no text, and UTF-8 cannot carry what Python makes of them."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Problem:
    """Why a request was not done.

    Attributes:
        code: stable and short: a refusal code, or ``not_found``, ``bad_request``, ``unauthorised``, ``forbidden_origin``,
            ``conflict``, ``superseded``, ``precondition_required``, ``too_large``, ``busy``, ``fault``.
        message: what was found, what was expected, what to do.
    """

    code: str
    message: str


@dataclass(frozen=True)
class Stale(Problem):
    """A review that follows another version than the last saved one.

    Attributes:
        version: the last saved one.
    """

    version: int


class Refused(Exception):
    """A request that is not done.

    Args:
        status: of HTTP.
        code: as `Problem`.
        message: as `Problem`.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code, message)
        self.headers = dict(headers or {})


def not_found(what: str, remedy: str = "look it up in the worklist") -> Refused:
    """Nothing has that name."""
    return Refused(404, "not_found", f"{what} does not exist, or no longer; {remedy}")


def answer(status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> AsciiJson:
    """As it goes to the client."""
    return AsciiJson(asdict(problem), status, dict(headers or {}))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers of an operation that are problems, for its OpenAPI description."""
    return {s: {"model": Stale if s == 412 else Problem, "description": _WORDS[s]} for s in (*_ALWAYS, *statuses)}


_ALWAYS = (400, 401, 403, 408, 413, 422, 503)
_WORDS = {
    400: "The request is not whole",
    401: "No token, or a wrong one",
    403: "From another site, or by another host name",
    404: "Does not exist",
    408: "Nothing came for too long",
    409: "Not possible in this state",
    412: "Somebody else has saved in between",
    413: "Too large, or no room on the disk",
    415: "Another content type is expected",
    422: "A value is not what it may be",
    428: "If-Match is missing",
    503: "The database is busy or away, or the disk is full",
}


def install(app: FastAPI) -> None:
    """Every error that endpoints raise becomes a `Problem`."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(EndplateError, _endplate)
    app.add_exception_handler(OSError, _no_room)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _refused(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, Refused)
    return answer(error.status, error.problem, error.headers)


def _conflict(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, Conflict)
    return answer(412, Stale("conflict", str(error), error.version))


def _endplate(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, EndplateError)
    if isinstance(error, StoreUnusable):
        _log.error("%s", error.message)  # with the address of the database, which is not the client's business
        problem = Problem("busy", "the database does not answer as it should; try again, or look into the log of endplate serve")
        return answer(503, problem, {"Retry-After": "2"})
    return answer(422, Problem(error.code, error.message))


def _no_room(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, OSError)
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        raise error
    _log.error("%s", error)
    said = f"the service cannot write to its disk ({error.strerror}); free some room there, then try again"
    return answer(503, Problem("busy", said), {"Retry-After": "2"})


def _invalid(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}, got {repr(e.get('input'))[:_SHOWN]}" for e in error.errors()[:5]]
    return answer(422, Problem("bad_request", f"{'; '.join(said)}; see /api/openapi.json"))


def _http(request: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(404, Problem("not_found", f"there is nothing at this address; {_ADDRESSES}"))
    if error.status_code == 405:
        problem = Problem("bad_request", f"method {request.method[:20]} does nothing at this address; {_ADDRESSES}")
        return answer(405, problem, {"Allow": ", ".join(_methods(request))})
    # FastAPI's words for a body that is not even text
    return answer(422, Problem("bad_request", f"{error.detail}; expected JSON in UTF-8; see /api/openapi.json"))


def _methods(request: Request) -> list[str]:
    """All that an address takes; Starlette names those of one route alone."""
    asked = {m: {**request.scope, "method": m} for m in _METHODS}
    return [m for m, scope in asked.items() if any(r.matches(scope)[0] is Match.FULL for r in request.app.routes)]
