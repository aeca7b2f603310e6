"""A multipart body onto the disk as it comes, never wholly in memory; names are judged before a byte is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from endplate.service.http.problems import Refused
from endplate.service.settings import Limits

_MOST_TEXT = 1000
"""Bytes of a field that is no file."""


def safe_path(name: bytes, limits: Limits) -> PurePosixPath:
    """A file's relative path as the client names it.

    Raises:
        Refused: if it leads elsewhere, is too long, or holds what no file name should.
    """
    text = name.decode("utf-8", "replace").replace("\\", "/")
    shown = repr(text[:80])
    parts = [part for part in text.split("/") if part != "."]
    odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c == "\N{REPLACEMENT CHARACTER}"]
    if not parts:
        raise _bad_name(f"{shown} names no file; expected a relative path")
    if text.startswith("/") or ".." in parts or ":" in parts[0]:
        raise _bad_name(f"{shown} leads out of the upload; expected a relative path without '..'")
    if odd:
        raise _bad_name(f"{shown} holds the character {odd[0]!r}; expected UTF-8 text without control characters")
    if len(text) > limits.path_characters or any(len(p.encode()) > limits.part_characters for p in parts):
        expected = f"at most {limits.path_characters} characters, {limits.part_characters} bytes in each folder's or file's name"
        raise _bad_name(f"{shown}... is too long with {len(text)}; expected {expected}")
    if any(not part.strip(" .") for part in parts):
        raise _bad_name(f"{shown} has a part without a name; expected one in each")
    return PurePosixPath(*parts)


def _bad_name(what: str) -> Refused:
    return Refused(422, "bad_request", f"file name {what}; rename it")


class Receiver:
    """Takes the body in pieces; `flush` writes what has come of the files and is to be called in a thread.

    Args:
        content_type: of the request, with its boundary.
        folder: that the files go to.
        limits: of what a client sends.

    Attributes:
        paths: of the files, as the client names them.
        name: the field of that name.
        held: bytes that wait to be written.

    Raises:
        Refused: if the body is no multipart form.
    """

    def __init__(self, content_type: str, folder: Path, limits: Limits) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            found = f"content type {content_type[:100]!r}; expected multipart/form-data with a boundary"
            raise Refused(415, "bad_request", f"{found}; send the scans as fields named 'files'")
        self.paths: list[PurePosixPath] = []
        self.name = ""
        self.held = 0
        self._folder, self._limits = folder, limits
        self._header, self._headers = [b"", b""], dict[bytes, bytes]()
        self._in_file, self._text, self._ended = False, b"", False
        self._folders = set[PurePosixPath]()
        self._pending: list[Callable[[], None]] = []
        self._stream: BinaryIO | None = None
        calls = {
            "on_part_begin": self._part_begin,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_header_field": lambda data, start, end: self._add_header(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add_header(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(options[b"boundary"], calls)  # type: ignore[arg-type]
        except FormParserError as error:
            raise _no_form(error) from None

    def take(self, data: bytes) -> None:
        """A piece of the body."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _no_form(error) from None

    def finish(self) -> None:
        """No more comes.

        Raises:
            Refused: if the form is not whole.
        """
        if not self._ended:
            raise Refused(400, "bad_request", "the upload ends before its form does; expected a whole one; send it again")

    def flush(self) -> None:
        """Writes the files as far as they have come."""
        pending, self._pending, self.held = self._pending, [], 0
        for write in pending:
            write()

    def close(self) -> None:
        """Lets go of the file that is being written."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _part_begin(self) -> None:
        self._headers, self._header, self._text = {}, [b"", b""], b""

    def _add_header(self, which: int, data: bytes) -> None:
        self._header[which] += data

    def _header_end(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = [b"", b""]

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        field = options.get(b"name", b"").decode("utf-8", "replace")
        self._in_file = b"filename" in options
        if field != ("files" if self._in_file else "name"):
            raise Refused(422, "bad_request", f"field {field[:80]!r}: expected files in 'files', and text in 'name' alone")
        if not self._in_file:
            return
        if len(self.paths) >= self._limits.files:
            raise Refused(413, "too_large", f"more than {self._limits.files:,} files; send them in parts, or as a zip")
        path = safe_path(options[b"filename"], self._limits)
        self.paths.append(path)
        self._folders.update(path.parents)
        if len(self._folders) > self._limits.files + 1:  # each takes room on the disk, and a path may hold hundreds
            raise Refused(413, "too_large", f"more than {self._limits.files:,} folders; send them in parts, or as a zip")
        self._pending.append(lambda: self._open(self._folder / path))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._in_file:
            self.held += len(piece)
            self._pending.append(lambda: self._write(piece))
        elif len(self._text) + len(piece) > _MOST_TEXT:
            raise Refused(413, "too_large", f"field 'name': more than {_MOST_TEXT} bytes; shorten it")
        else:
            self._text += piece

    def _part_end(self) -> None:
        if self._in_file:
            self._pending.append(self.close)
        else:
            self.name = self._text.decode("utf-8", "replace")

    def _end(self) -> None:
        self._ended = True

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._stream = path.open("xb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise _bad_name(f"{path.name[:80]!r} comes twice; expected each path once") from None

    def _write(self, piece: bytes) -> None:
        assert self._stream is not None
        self._stream.write(piece)


def _no_form(error: Exception) -> Refused:
    return Refused(
        400, "bad_request", f"the body is no multipart form ({str(error)[:100]}); expected fields named 'files'; send it again"
    )
