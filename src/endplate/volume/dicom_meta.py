"""What precedes the data set of a DICOM file: preamble and file meta information, PS3.10 section 7.1.

Read by hand, because a deflated data set must be recognised before any library starts to inflate it.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import BinaryIO

from endplate.errors import InputRefused

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"

MOST_HEADER_BYTES = 8 << 20
"""How far a deflated data set is inflated in search of its pixels; an Enhanced CT of 5,000 frames needs 3 MB."""

MOST_PIXEL_BYTES = 64 << 20
"""Pixels of one deflated file: a slice of 4,096 x 4,096 at 32 bits, or 128 frames of 512 x 512."""

LARGE_BYTES = 4 << 20
MOST_READS = 1_000_000
"""Of the header of one file: two for each item or element; half a million empty items take 0.2 GB."""

_LONG = (b"OB", b"UN", b"OW", b"SQ", b"UT")
_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_CHUNK = 1 << 18
_PLAIN_META = (
    bytes(128)
    + b"DICM"
    + b"\x02\x00\x00\x00UL\x04\x00\x1c\x00\x00\x00"
    + b"\x02\x00\x10\x00UI\x14\x00"
    + EXPLICIT_LITTLE.encode()
    + b"\x00"
)
"""Stands before an inflated data set, so that it reads as a file of its own."""


def transfer_syntax(stream: BinaryIO, name: str) -> tuple[str, int]:
    """Transfer Syntax UID, empty if the file does not say, and the byte at which the data set starts.

    Raises:
        InputRefused: ``not_dicom``.
    """
    head = stream.read(140)
    if head[128:132] != b"DICM":
        if head[:2] in (b"\x08\x00", b"\x02\x00", b"\x00\x08") and len(head) > 8:
            return "", 0
        raise InputRefused("not_dicom", f"{name}: does not begin as DICOM does; expected 'DICM' at byte 128; give a CT file")
    at, syntax = 132, ""
    while True:
        stream.seek(at)
        element = stream.read(12)
        if element[:2] != b"\x02\x00":
            return syntax, at
        wide = element[4:6] in _LONG
        length = int.from_bytes(element[8:12] if wide else element[6:8], "little")
        start = at + (12 if wide else 8)
        if element[2:4] == b"\x10\x00":
            stream.seek(start)
            syntax = stream.read(min(length, 64)).rstrip(b"\0 ").decode("ascii", "replace")
        at = start + length


def inflated_header(stream: BinaryIO, start: int, name: str) -> tuple[io.BytesIO, int]:
    """The beginning of a deflated data set as a plain file, and by how many bytes its offsets are ahead of the data set's.

    Raises:
        InputRefused: ``deflated`` where no pixels come within `MOST_HEADER_BYTES`.
        zlib.error: for a damaged stream.
    """
    beginning = inflated(stream, start, 0, MOST_HEADER_BYTES)
    if len(beginning) == MOST_HEADER_BYTES and _PIXEL_DATA not in beginning:
        found = f"{name}: is deflated DICOM whose first {MOST_HEADER_BYTES:,} bytes hold no pixels"
        raise InputRefused("deflated", f"{found}; expected a header shorter than that; store it as Explicit VR Little Endian")
    return io.BytesIO(_PLAIN_META + beginning), len(_PLAIN_META)


class CountedReads(io.BufferedReader):
    """A file of which pydicom reads only so many pieces: of an empty item it makes an object a hundred times as large.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._left = MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """The next piece.

        Raises:
            ValueError: if there have been too many.
        """
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"more than {MOST_READS:,} elements and items before its pixels, expected a header of fewer")
        return super().read(size)


def opened_file(path: Path) -> BinaryIO:
    """A DICOM file for pydicom; reads are counted where it is large enough to do harm."""
    return CountedReads(path) if path.stat().st_size > LARGE_BYTES else path.open("rb")


def plain_header(stream: BinaryIO, name: str) -> BinaryIO:
    """A stream for pydicom, which would inflate a deflated file to its end, however long that is.

    Raises:
        InputRefused: as `transfer_syntax` and `inflated_header`.
    """
    syntax, start = transfer_syntax(stream, name)
    plain: BinaryIO = inflated_header(stream, start, name)[0] if syntax == DEFLATED else stream
    plain.seek(0)
    return plain


def inflated(stream: BinaryIO, start: int, first: int, count: int) -> bytes:
    """Bytes ``first`` to ``first + count`` of a deflated data set, fewer at its end; nothing behind them is inflated.

    Args:
        stream: the file.
        start: where the data set starts in it.
        first: bytes to pass over.
        count: bytes wanted.

    Raises:
        zlib.error: for a damaged stream.
    """
    stream.seek(start)
    engine, place, kept = zlib.decompressobj(-zlib.MAX_WBITS), 0, bytearray()
    pending = b""
    while place < first + count and not engine.eof:
        pending = engine.unconsumed_tail or stream.read(_CHUNK)
        if not pending:
            break
        piece = engine.decompress(pending, _CHUNK)
        kept += piece[max(0, first - place) : first + count - place]
        place += len(piece)
    return bytes(kept)


def inflated_pixels(path: Path, first: int, count: int) -> bytes:
    """Bytes of the pixels of a deflated file.

    Raises:
        zlib.error: for a damaged stream.
    """
    with path.open("rb") as stream:
        _, start = transfer_syntax(stream, path.name)
        return inflated(stream, start, first, count)
