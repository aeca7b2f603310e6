"""Compressed frames of a DICOM file: which codec, what the frame itself says of its size, and the decoded values.

A code stream of a few bytes can promise a picture of gigabytes. What it promises is therefore read first and held against
the header; a decoder sees only what agrees.
"""

from __future__ import annotations

import importlib
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused

if TYPE_CHECKING:
    from endplate.volume.dicom_headers import DicomSlice

RLE = "1.2.840.10008.1.2.5"
_JPEG = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70))
"""JPEG baseline, extended, lossless: pydicom's own decoder of these is under the GPL, imagecodecs is not."""

_JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203))
_PLAIN_JPEG_2000 = _JPEG_2000[:2]
"""Decoded by imagecodecs where installed: also OpenJPEG, but without Python's lock, so that threads help."""

_MOST_TILES = 4096
_START_OF_CODE_STREAM = b"\xff\x4f\xff\x51"
"""SOC and SIZ, ISO/IEC 15444-1 A.4.1 and A.5.1."""

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""SOF0 to SOF15 without DHT, JPG and DAC, ITU-T T.81 table B.1; SOF55, ITU-T T.87 C.1.1."""

_JPEG_LS = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (80, 81))
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
_MARKER = re.compile(rb"\xff[\x80-\xff]")
"""Within a JPEG-LS scan no 0xFF is followed by a byte of 0x80 or more but in a marker, ITU-T T.87 A.1."""


def check_codec(syntax: str) -> None:
    """Sees to it that frames of a transfer syntax can be decoded here.

    Raises:
        InputRefused: ``unknown_syntax``, ``codec_missing``.
    """
    from pydicom.pixels import get_decoder
    from pydicom.uid import UID

    try:
        decoder = get_decoder(UID(syntax))
    except NotImplementedError as error:
        raise InputRefused(
            "unknown_syntax", f"Transfer Syntax is {syntax!r}; expected one of the standard's for images; convert it"
        ) from error
    if not decoder.is_available and not (syntax in _JPEG and find_spec("imagecodecs")):
        raise InputRefused(
            "codec_missing",
            f"pixels are compressed as {UID(syntax).name}, for which no decoder is installed; "
            "run: pip install 'endplate[codecs]', or store the series uncompressed",
        )


def decoded(image: DicomSlice) -> NDArray[Any]:
    """Stored values (rows, columns) of a compressed frame.

    Raises:
        InputRefused: ``undecodable``.
    """
    pixels = image.format
    wanted = (pixels.rows, pixels.columns)
    try:
        frame = _frame(image)
        promised = wanted if pixels.transfer_syntax == RLE else promised_size(frame, pixels.transfer_syntax)
        if pixels.transfer_syntax in _JPEG_LS:
            _check_scan(frame)
        values = _values(frame, image) if promised == wanted else None
    # decoders raise what they like on damaged frames
    except Exception as error:
        found = f"{image.path.name}: {type(error).__name__}: {error}"
        raise InputRefused("undecodable", f"{found}; the compressed pixels are damaged; send the file again") from error
    if values is None or values.shape != wanted:
        found = f"{image.path.name}: decodes to {promised if values is None else values.shape}"
        raise InputRefused("undecodable", f"{found}, expected {wanted}; send the file again")
    return values.astype(f"{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}", copy=False)


def promised_size(frame: bytes, syntax: str) -> tuple[int, int]:
    """Rows and columns that a JPEG, JPEG-LS or JPEG 2000 frame says it has.

    Raises:
        ValueError: if it does not say, holds several components, or would be cut into thousands of tiles.
    """
    return _size_of_jpeg_2000(frame) if syntax in _JPEG_2000 else _size_of_jpeg(frame)


def _size_of_jpeg_2000(frame: bytes) -> tuple[int, int]:
    at = frame.find(_START_OF_CODE_STREAM, 0, 4096)
    if at < 0 or len(frame) < at + 42:
        raise ValueError("no start of a JPEG 2000 code stream")
    width, height, left, top, tile_width, tile_height = (
        int.from_bytes(frame[at + 8 + 4 * n : at + 12 + 4 * n], "big") for n in range(6)
    )
    components = int.from_bytes(frame[at + 40 : at + 42], "big")
    tiles = -(-width // max(tile_width, 1)) * -(-height // max(tile_height, 1))
    if components != 1 or tiles > _MOST_TILES:
        raise ValueError(f"{components} components in {tiles} tiles, expected 1 component in at most {_MOST_TILES} tiles")
    return height - top, width - left


def _size_of_jpeg(frame: bytes) -> tuple[int, int]:
    at = 2
    while frame[:2] == b"\xff\xd8" and at + 10 <= len(frame):
        if frame[at] != 0xFF:
            break
        if frame[at + 1] in _START_OF_FRAME:
            if frame[at + 9] != 1:
                raise ValueError(f"{frame[at + 9]} components, expected 1")
            return int.from_bytes(frame[at + 5 : at + 7], "big"), int.from_bytes(frame[at + 7 : at + 9], "big")
        # 0xFF may fill, ITU-T T.81 B.1.1.2
        at += 1 if frame[at + 1] == 0xFF else 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    raise ValueError("no start of a JPEG frame")


def _check_scan(frame: bytes) -> None:
    """The scan of a JPEG-LS frame must run on to the end of the image: where it breaks off, CharLS 2.4 counts zeros for seconds.

    Raises:
        ValueError: if it does not.
    """
    scan = frame.find(_START_OF_SCAN)
    marker = _MARKER.search(frame, scan + 2) if scan >= 0 else None
    if marker is None or frame[marker.start() : marker.start() + 2] != _END_OF_IMAGE:
        raise ValueError("the JPEG-LS scan breaks off before the end of the image")


def _frame(image: DicomSlice) -> bytes:
    from pydicom.encaps import get_frame

    with image.path.open("rb") as stream:
        stream.seek(image.pixel_offset)
        return bytes(get_frame(stream, image.frame, number_of_frames=image.format.frames))


def _is_plain_jpeg_2000(frame: bytes, image: DicomSlice) -> bool:
    """True where the code stream agrees with the header on sign and bits; else pydicom knows what the writer meant."""
    pixels = image.format
    if pixels.transfer_syntax not in _PLAIN_JPEG_2000:
        return False
    # Ssiz, ISO/IEC 15444-1 table A.11: the sign above seven bits of precision less one
    sample = frame[frame.find(_START_OF_CODE_STREAM, 0, 4096) + 42]
    return bool(sample >> 7) == pixels.signed and (sample & 0x7F) < pixels.bits_allocated


def _values(frame: bytes, image: DicomSlice) -> NDArray[Any]:
    pixels = image.format
    if pixels.transfer_syntax in _JPEG and find_spec("imagecodecs"):
        values: NDArray[Any] = importlib.import_module("imagecodecs").jpeg_decode(frame)
        return values
    if _is_plain_jpeg_2000(frame, image) and find_spec("imagecodecs"):
        values = importlib.import_module("imagecodecs").jpeg2k_decode(frame, numthreads=1)
        return values
    from pydicom.encaps import encapsulate
    from pydicom.pixels import get_decoder
    from pydicom.uid import UID

    found, _ = get_decoder(UID(pixels.transfer_syntax)).as_array(
        encapsulate([frame], has_bot=False),
        index=0,
        raw=True,
        rows=pixels.rows,
        columns=pixels.columns,
        number_of_frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=pixels.bits_allocated,
        bits_stored=pixels.bits_stored,
        pixel_representation=int(pixels.signed),
        pixel_keyword="PixelData",
    )
    return np.asarray(found)
