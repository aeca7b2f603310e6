"""What the service is told at its start."""

from __future__ import annotations

import ipaddress
import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_PORT = 8787
LEAST_TOKEN = 16
"""Characters: fewer can be guessed by trying."""
LONGEST_NAME = 64
"""Characters of an organisation: what Verifying Organization holds (PS3.5 section 6.2, LO)."""
MAKE_TOKEN = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


@dataclass(frozen=True)
class Limits:
    """How much a client may send.

    Attributes:
        total_bytes: of one upload.
        files: in one upload.
        path_characters: of a file's relative path.
        part_characters: of one folder or file name.
        body_bytes: of every request that is no upload.
        spare_bytes: that must stay free on the disk.
        idle_s: without a byte, after which a request is given up.
    """

    total_bytes: int = 4 << 30
    files: int = 20_000
    path_characters: int = 1024
    part_characters: int = 200
    body_bytes: int = 1_000_000
    spare_bytes: int = 256 << 20
    idle_s: float = 60.0


@dataclass(frozen=True)
class Settings:
    """Where the service keeps things, and whom it answers.

    Attributes:
        data: folder of store, scans and uploads.
        database: URL of the store; empty for SQLite in ``data``.
        host: address that it listens at.
        port: that it listens at.
        token: what a client must know; None where whoever reaches the address may do all.
        folders: folders of the server that scans and reports may be read from.
        hosts: further host names that browsers reach it by, such as that of a reverse proxy.
        limits: of what a client sends.
        workers: processes that measure.
        threads: of the networks in each; 0 shares the cores out.
        paths: scans, or folders of scans or finished reports, that are taken in at the start.
        organisation: for which readers sign; stands in verified DICOM objects. Empty where none is to be stated.
    """

    data: Path
    database: str = ""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = field(default=None, repr=False)
    folders: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()
    limits: Limits = Limits()
    workers: int = 1
    threads: int = 0
    paths: tuple[Path, ...] = ()
    organisation: str = ""

    @property
    def roots(self) -> tuple[Path, ...]:
        """All folders of the server that may be read."""
        return (*self.folders, *(path for path in self.paths if path.is_dir()))

    @property
    def url(self) -> str:
        """Of the store's database."""
        if self.database:
            return self.database
        from endplate.service.store import sqlite_url  # SQLAlchemy takes a while to import

        return sqlite_url(self.data / "endplate.sqlite")

    @property
    def scans(self) -> Path:
        """Folder with a folder per scan."""
        return self.data / "scans"

    @property
    def uploads(self) -> Path:
        """Folder with a folder per whole upload."""
        return self.data / "uploads"

    @property
    def incoming(self) -> Path:
        """Folder with a folder per upload that still comes."""
        return self.data / "incoming"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @property
    def mistake(self) -> str | None:
        """What is wrong with the combination, with its remedy, or None."""
        if not 0 <= self.port <= 65535:
            return f"--port {self.port} is no port; expected 0 to 65535 (0 takes a free one)"
        if self.workers < 0 or self.threads < 0:
            return f"--workers {self.workers} --threads {self.threads}: expected 0 or more"
        if self.token is None and not (self.is_local and not self.hosts):
            opened = f"--host {self.host}" if not self.is_local else f"--hosts {self.hosts[0]}"
            return (
                f"{opened} lets other machines in, and no token is set: anyone on the network could read the patients' data. "
                f"Make a token with {MAKE_TOKEN} and give it as ENDPLATE_TOKEN in the environment or as --token"
            )
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            return f"the token has {len(self.token)} characters; expected {LEAST_TOKEN} or more; make one with {MAKE_TOKEN}"
        if self.token is not None and not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            return (
                f"the token holds spaces or characters beyond ASCII; expected letters, digits and signs; make one with {MAKE_TOKEN}"
            )
        if self.organisation and (unfit := _unfit_for_dicom(self.organisation)):
            return f"--organisation {unfit}; it stands in every signed DICOM object"
        gone = [str(path) for path in self.paths if not path.exists()]
        if gone:
            return f"{gone[0]} does not exist; expected a scan, or a folder of scans or of finished reports"
        missing = [str(f) for f in self.folders if not f.is_dir()]
        return f"--folders {missing[0]} is no folder; expected one that exists" if missing else None


def _unfit_for_dicom(text: str) -> str | None:
    """Why a text is no Long String (PS3.5 section 6.2, LO), or None."""
    odd = [c for c in text if c == "\\" or unicodedata.category(c) in ("Cc", "Cs")]
    if odd:
        return f"holds {odd[0]!r}; expected a name without backslashes and control characters"
    return f"has {len(text)} characters; expected at most {LONGEST_NAME}" if len(text) > LONGEST_NAME else None


def is_loopback(host: str) -> bool:
    """Whether an address or name always means this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def default_data() -> Path:
    """``$XDG_DATA_HOME/endplate``, or ``~/.local/share/endplate``."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "endplate"
