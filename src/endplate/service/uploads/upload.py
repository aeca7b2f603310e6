"""Uploads: received, looked at, and only then kept."""

from __future__ import annotations

import errno
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import anyio
from starlette.requests import Request

from endplate.errors import InputRefused
from endplate.service.http.bodies import Body
from endplate.service.http.problems import Refused
from endplate.service.settings import Settings
from endplate.service.uploads.incoming import arriving
from endplate.service.uploads.receiving import Receiver
from endplate.volume.promises import check_promise
from endplate.volume.read import files_of, find_scans
from endplate.volume.scan_list import file_stem, safe_name

_BATCH = 1 << 20
"""Bytes that are written at once."""


@dataclass(frozen=True)
class Upload:
    """What has come.

    Attributes:
        folder: that holds it.
        name: what the user sees.
    """

    folder: Path
    name: str


async def received(request: Request, settings: Settings) -> Upload:
    """Takes an upload in; whatever goes wrong, nothing of it stays.

    Raises:
        Refused: if the client sends what we do not take.
        InputRefused: if none of the scans can be measured, as far as headers and archives tell.
    """
    body = Body(request.receive, settings.limits.idle_s)
    try:
        return await _received(request, body, settings)
    except (Refused, InputRefused):
        await body.drain()
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise Refused(
            413, "too_large", f"the disk of {settings.data} is full; free some room, or start with another --data"
        ) from error


async def _received(request: Request, body: Body, settings: Settings) -> Upload:
    promised = request.headers.get("content-length", "0")
    _check_size(int(promised) if promised.isdecimal() else 0, settings)
    async with _in_threads(arriving(settings.incoming, settings.uploads)) as folder:
        receiver = Receiver(request.headers.get("content-type", ""), folder / "files", settings.limits)
        try:
            await _onto_disk(body, receiver, settings)
        finally:
            receiver.close()
        name = await anyio.to_thread.run_sync(_settle, folder, receiver, limiter=request.app.state.looks)
    return Upload(settings.uploads / folder.name, name)


@asynccontextmanager
async def _in_threads(place: AbstractContextManager[Path]) -> AsyncIterator[Path]:
    """A context that others need not wait for: thousands of files may have to go at its end, even if the service ends too."""
    folder = await anyio.to_thread.run_sync(place.__enter__)
    try:
        yield folder
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(place.__exit__, type(error), error, error.__traceback__)
        raise
    await anyio.to_thread.run_sync(place.__exit__, None, None, None)


def _check_size(size: int, settings: Settings) -> None:
    limits = settings.limits
    if size > limits.total_bytes:
        found = f"the upload has {size:,} bytes or more; expected at most {limits.total_bytes:,}"
        raise Refused(413, "too_large", f"{found}; send it in parts, or point the service at the folder with --folders")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(settings.data).free
    if size + limits.spare_bytes > free:
        found = f"the upload needs {size:,} bytes and {limits.spare_bytes:,} to spare, the disk of the service has {free:,}"
        raise Refused(413, "too_large", f"{found}; free some room, or start endplate serve with --data on another disk")


async def _onto_disk(body: Body, receiver: Receiver, settings: Settings) -> None:
    size = 0
    while body.more:
        piece = await body.piece()
        size += len(piece)
        if size > settings.limits.total_bytes:
            _check_size(size, settings)
        receiver.take(piece)
        if receiver.held >= _BATCH:
            await anyio.to_thread.run_sync(_check_size, 0, settings)
            await anyio.to_thread.run_sync(receiver.flush)
    receiver.finish()
    await anyio.to_thread.run_sync(receiver.flush)


def _settle(folder: Path, receiver: Receiver) -> str:
    """Looks at the scans, and gives their folder the name that they shall have."""
    if not receiver.paths:
        raise Refused(422, "bad_request", "the upload holds no file; expected at least one in a field named 'files'")
    files = folder / "files"
    _check_scans(files)
    top = _top(receiver.paths)
    label = receiver.name.strip() or top or (file_stem(Path(receiver.paths[0].name)) if len(receiver.paths) == 1 else "upload")
    place = folder / safe_name(label)
    if top is not None:
        (files / top).rename(folder / "top")  # its name is the client's, and might be that of another of these folders
        files.rmdir()
        files = folder / "top"
    files.rename(place)
    return place.name


def _top(paths: Sequence[PurePosixPath]) -> str | None:
    """The folder that all lies in, if there is one."""
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path in paths}
    return tops.pop() or None if len(tops) == 1 else None


def _check_scans(folder: Path) -> None:
    """At least one scan that can be measured, as far as headers tell; no archive that is made to harm."""
    try:
        found = find_scans(folder)
        harmful = [item for item in found.refused if item.code in ("zip_unsafe", "zip_too_large")]
        reasons = [(item.code, item.reason) for item in found.refused]
        good = 0
        for scan in found.scans if not harmful else ():
            try:
                with files_of(scan) as here:
                    check_promise(here)
                good += 1
            except InputRefused as refused:
                reasons.append((refused.code, refused.message))
        if harmful or not good:
            first = [(item.code, item.reason) for item in harmful] or reasons
            raise InputRefused(first[0][0], "; ".join(reason for _, reason in first[:3]))
    except InputRefused as refused:
        # where the service keeps uploads is not the client's business
        said = refused.message.replace(f"{folder}/", "").replace(str(folder), "the upload")
        raise InputRefused(refused.code, said) from None
