"""The body of a request, piece by piece; a client must not keep us waiting for ever."""

from __future__ import annotations

import anyio
from starlette.types import Message, Receive

from endplate.service.http.problems import Refused

_DRAIN_S = 5.0
"""How long the rest of a refused body is still read, since most clients read no answer before they have sent all."""


class Body:
    """What a client sends.

    Args:
        receive: of ASGI.
        idle_s: without a byte, after which it is given up.

    Attributes:
        more: whether some of it has yet to come.
    """

    def __init__(self, receive: Receive, idle_s: float) -> None:
        self._receive, self._idle_s = receive, idle_s
        self.more = True

    async def piece(self) -> bytes:
        """The next one.

        Raises:
            Refused: 408 where nothing comes, 400 where the client goes.
        """
        try:
            with anyio.fail_after(self._idle_s):
                message = await self._receive()
        except TimeoutError:
            self.more = False
            raise Refused(
                408, "bad_request", f"nothing came for {self._idle_s:g} s; send it again", {"Connection": "close"}
            ) from None
        self.more = bool(message.get("more_body"))
        if message["type"] == "http.disconnect":
            raise Refused(400, "bad_request", "the request broke off; send it again")
        data: bytes = message.get("body", b"")
        return data

    async def drain(self) -> None:
        """Lets the rest come and go."""
        with anyio.move_on_after(_DRAIN_S):
            while self.more:
                message = await self._receive()
                self.more = bool(message.get("more_body"))


def again(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, for whoever reads it next; then whatever else comes."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
