"""Who may ask: a token, and signed cookies that stand for it in a browser."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie

COOKIE = "endplate_session"
LASTS_S = 12 * 3600
"""A reading day."""


class Sessions:
    """Makes and checks cookies, signed by the token and a secret of this start: a restart ends all, so that none ended comes back.

    Args:
        token: None where nobody needs one.
        clock: seconds since 1970.
    """

    def __init__(self, token: str | None, clock: Callable[[], float] = time.time) -> None:
        self._key = None if token is None else hmac.digest(secrets.token_bytes(32), token.encode(), "sha256")
        self._token = None if token is None else sha256(token.encode()).digest()
        self._clock = clock
        self._ended: dict[str, float] = {}

    @property
    def needed(self) -> bool:
        """Whether a client must know a token."""
        return self._token is not None

    def is_token(self, text: str) -> bool:
        """Whether this is the token, in a time that tells nothing of it."""
        return self._token is not None and hmac.compare_digest(sha256(text.encode("utf-8", "replace")).digest(), self._token)

    def issue(self) -> str:
        """The value of a new cookie."""
        body = f"{int(self._clock()) + LASTS_S}.{secrets.token_hex(16)}"
        return f"{body}.{self._sign(body)}"

    def is_good(self, cookie: str) -> bool:
        """Whether a cookie is ours, not too old and not ended."""
        body, _, signature = cookie.rpartition(".")
        if self._key is None or not hmac.compare_digest(self._sign(body).encode(), signature.encode("utf-8", "replace")):
            return False
        return int(body.partition(".")[0]) > self._clock() and body not in self._ended

    def end(self, cookie: str) -> None:
        """A cookie is good no more, until it is too old anyway."""
        if self.is_good(cookie):
            now = self._clock()
            self._ended = {c: until for c, until in self._ended.items() if until > now}
            self._ended[cookie.rpartition(".")[0]] = now + LASTS_S

    def admits(self, authorization: str, cookies: str) -> bool:
        """Whether a request with these two headers may be done."""
        if not self.needed:
            return True
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self.is_token(text.strip())
        return self.is_good(cookie_of(cookies))

    def _sign(self, body: str) -> str:
        return hmac.new(self._key or b"", body.encode("utf-8", "replace"), sha256).hexdigest()


def cookie_of(header: str) -> str:
    """The session in a Cookie header, or nothing."""
    try:
        jar: SimpleCookie = SimpleCookie(header)
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""
