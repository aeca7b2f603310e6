"""The application on a socket, with its workers, until somebody ends it."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType

import uvicorn

from endplate.service.deletion import sweep_uploads
from endplate.service.http.app import create_app
from endplate.service.http.connections import PromptProtocol
from endplate.service.jobs.orders import Jobs
from endplate.service.jobs.own_files import reports_in
from endplate.service.jobs.supervise import Staff, start_workers
from endplate.service.settings import Settings
from endplate.service.store import opened_store
from endplate.service.uploads.incoming import scratch, sweep

_GRACE_S = 3
"""How long requests may still take at the end; streams of events end with it."""


class AddressUnusable(Exception):
    """Nothing can listen there; the message says why and what to do."""


def listening(settings: Settings) -> socket.socket:
    """A socket that takes connections; they wait until the application answers.

    Raises:
        AddressUnusable: if the port is in use, or the address is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            said = "is in use, perhaps by another endplate serve; end that, or give another --port (0 takes a free one)"
        elif error.errno == errno.EACCES:
            said = "may not be used by this user; give a --port of 1024 or more"
        else:
            said = f"is no address to listen at: {error.strerror or error}; expected one of this machine, such as 127.0.0.1"
        raise AddressUnusable(f"{where} {said}") from error
    # handed on to every connection: else a small answer's body waits 40 ms for the browser to acknowledge its head
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(settings: Settings, listener: socket.socket) -> str:
    """What to type into a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answers until SIGINT or SIGTERM, then ends in order: requests, workers, store.

    Args:
        settings: of the service.
        listener: that it listens at.
        ready: called when it begins.
    """
    for folder in (settings.data, settings.scans, settings.uploads, settings.incoming):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        stack.enter_context(_ended_by_signals())
        stack.enter_context(listener)
        sweep(settings.incoming)
        stack.enter_context(scratch(settings.incoming))
        store = opened_store(settings.url)
        stack.callback(store.close)
        sweep_uploads(store, settings)
        jobs = Jobs(store, settings.data, settings.url)
        stack.callback(jobs.close)
        _order(jobs, settings)
        if settings.workers:
            staff = Staff(settings.data, settings.url, settings.workers, settings.threads)
            stack.callback(start_workers(staff).stop)
        server = uvicorn.Server(config(create_app(settings, store, jobs), settings))
        ready()
        server.run(sockets=[listener])


def _order(jobs: Jobs, settings: Settings) -> None:
    """Takes in what the service was started with."""
    for path in dict.fromkeys(settings.paths):
        if reports_in(path):
            jobs.order_at_start(path, "import", settings.roots)
        else:
            jobs.order_at_start(path, "find")


def config(app: object, settings: Settings) -> uvicorn.Config:
    """How the application is served; a proxy's word on who asks and how is taken only where one was named."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=partial(PromptProtocol, settings.limits.idle_s),  # type: ignore[arg-type]
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.hosts),
        forwarded_allow_ips="127.0.0.1,::1",
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 << 10,
    )


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does; uvicorn raises both again once it has ended."""

    def end(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
