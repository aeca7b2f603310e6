"""The door: every request passes here first. Host and Origin, token, size; every answer leaves with strict headers.

Host is checked against DNS rebinding: a page of elsewhere whose name is made to mean this machine still bears its own name.
Origin and Sec-Fetch-Site are checked since SameSite cookies do not keep apart two ports of one machine.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from endplate.service.http.bodies import Body, again
from endplate.service.http.problems import Problem, Refused, answer
from endplate.service.http.session import Sessions
from endplate.service.settings import Settings, is_loopback

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STRICT = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/api/health", "/api/session", "/login")
_UPLOADS = "/api/uploads"
_PORTS = {"http": 80, "https": 443}
_log = logging.getLogger("endplate.service")


class Guard:
    """ASGI middleware.

    Args:
        app: what is behind the door.
        settings: whom it may answer.
        sessions: who has shown the token.
    """

    def __init__(self, app: ASGIApp, settings: Settings, sessions: Sessions) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions
        self._names = {"localhost", settings.host.lower(), *(h.lower() for h in settings.hosts)}
        if not settings.is_local:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._answered(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def strict(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                _make_strict(scope, MutableHeaders(raw=message.setdefault("headers", [])))
            await send(message)

        try:
            stopped = self._stopped(scope)
            if stopped is not None:
                await stopped(scope, receive, strict)
                return
            heard = receive if scope["path"] == _UPLOADS else await self._body(scope, receive)
            await self._app(scope, heard, strict)
        except Refused as refused:
            await answer(refused.status, refused.problem, refused.headers)(scope, receive, strict)
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if began:
                raise
            problem = Problem("fault", "endplate itself failed; its log has the traceback; please report it")
            await answer(500, problem)(scope, receive, strict)

    def _stopped(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), str(scope["path"])
        host = headers.get("host", "")
        if not self._knows(host):
            known = ", ".join(sorted(self._names))
            found = f"this service is not known as {host[:100]!r}; expected one of {known}"
            return answer(403, Problem("forbidden_origin", f"{found}; start it with --hosts NAME for a further name"))
        if (scope["method"] not in _SAFE or path.startswith("/api/")) and not _from_here(headers, host):
            found = f"a request of another site, {(headers.get('origin') or 'a link')[:100]!r}; expected this service's own pages"
            return answer(403, Problem("forbidden_origin", f"{found}; open http://{host}/ itself"))
        if path in _OPEN or path.startswith("/static/"):
            return None
        if self._sessions.admits(headers.get("authorization", ""), headers.get("cookie", "")):
            return None
        if scope["method"] == "GET" and not path.startswith("/api/") and "text/html" in headers.get("accept", ""):
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            return RedirectResponse(f"/login?next={quote(path + query, safe='/')}", 303)
        found = "this needs the token that endplate serve was started with; expected it as Authorization: Bearer TOKEN"
        return answer(401, Problem("unauthorised", f"{found}; browsers sign in at /login"), {"WWW-Authenticate": "Bearer"})

    def _knows(self, host: str) -> bool:
        """Whether a Host header names this service; no name that leads to an address of its owner's choice is one."""
        name, _ = _split(host)
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return not self._settings.is_local or is_loopback(str(address))

    async def _body(self, scope: Scope, receive: Receive) -> Receive:
        """The whole small body, read before anything parses it."""
        most = self._settings.limits.body_bytes
        promised = Headers(scope=scope).get("content-length", "0")
        size, came = int(promised) if promised.isdecimal() else 0, 0
        body, pieces = Body(receive, self._settings.limits.idle_s), list[bytes]()
        body.more = scope["method"] not in _SAFE or size > 0
        while body.more and size <= most:
            pieces.append(await body.piece())
            came += len(pieces[-1])
            size = max(size, came)
        if size > most:
            await body.drain()
            found = f"the request's body has {size:,} bytes or more; expected at most {most:,}"
            raise Refused(413, "too_large", f"{found}; send files to {_UPLOADS}", {"Connection": "close"})
        return again(b"".join(pieces), receive) if pieces else receive


def _split(host: str) -> tuple[str, int | None]:
    """Name and port of a Host header, in lower case, without a final dot; an empty name where it is none."""
    if any(c in host for c in "@/\\?# ,"):
        return "", None
    try:
        parts = urlsplit(f"//{host}")
        return (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None


def _from_here(headers: Headers, host: str) -> bool:
    """Whether our own page sends this, or no browser at all."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    if len(headers.getlist("host")) != 1 or len(headers.getlist("origin")) > 1:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    scheme, _, place = origin.partition("://")
    if scheme not in _PORTS:
        return False
    (name, port), (our_name, our_port) = _split(place), _split(host)
    usual = _PORTS[scheme]  # behind a proxy for HTTPS we see the Host header without its port
    return bool(name) and name == our_name and (port or usual) == (our_port or usual)


def _make_strict(scope: Scope, headers: MutableHeaders) -> None:
    for name, value in STRICT.items():
        headers[name] = value
    static = str(scope["path"]).startswith("/static/")
    headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
