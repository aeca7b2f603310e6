"""A real PostgreSQL server of our own, in a temporary folder, for as long as tests run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=150 -c shared_buffers=32MB"


@contextmanager
def running() -> Iterator[str]:
    """Its address without a database, such as ``postgresql://endplate@127.0.0.1:5432``; skips where it is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="endplate-postgresql-"))
    data, log = folder / "data", folder / "log"
    try:
        _give_away(folder)
        _run(programs / "initdb", "-D", str(data), "-U", "endplate", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        port = _started(programs, data, log)
        try:
            yield f"postgresql://endplate@127.0.0.1:{port}"
        finally:
            _run(programs / "pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(programs: Path, data: Path, log: Path) -> int:
    """The port that the server listens at."""
    for tries in range(5):
        port = _free_port()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {data.parent} {QUICK}"
        try:
            _run(programs / "pg_ctl", "-D", str(data), "-w", "-t", "120", "-l", str(log), "-o", options, "start")
            return port
        except subprocess.CalledProcessError:  # another process has taken the port since
            if tries == 4:
                raise
    raise AssertionError


def emptied(server: str, name: str = "endplate_test") -> str:
    """The URL of a database without tables: made the first time, emptied each further time, which is quicker."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")  # type: ignore[arg-type]
            return f"{server}/{name}"
    with psycopg.connect(f"{server}/{name}", autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return f"{server}/{name}"


def _programs() -> Path | None:
    """Where they are; Debian keeps them off the path."""
    on_path = shutil.which("initdb")
    found = [Path(on_path)] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _run(*command: str | Path) -> None:
    # PostgreSQL does not run as root
    as_nobody = ("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups") if os.geteuid() == 0 else ()
    subprocess.run([*as_nobody, *command], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=180)


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
