"""The socket that the service listens at."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from endplate.service.http import serving
from endplate.service.settings import Settings


def test_connections_send_small_answers_at_once(tmp_path: Path) -> None:
    with serving.listening(Settings(tmp_path, port=0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
