"""Pixels of a DICOM series, from the bytes on disk to Hounsfield units."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused
from endplate.volume.dicom_headers import EXPLICIT_BIG, NATIVE, DicomSlice, PixelFormat
from endplate.volume.hounsfield import AIR_HU, HounsfieldArray

_MOST_THREADS = 8

_JPEG = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70))
"""JPEG baseline, extended, lossless: pydicom's own decoder of these is under the GPL, imagecodecs is not."""

_TISSUE_HU = (-1024, 3071)
"""A padding value inside this range may also be a measurement: some writers declare 0 HU as padding."""

_LARGEST_INTERCEPT = 1e6


def hounsfield_slices(slices: Sequence[DicomSlice]) -> HounsfieldArray:
    """Slices in HU (n, rows, columns), decoded in threads; int16 where all rescale values are integers, else float32.

    Integers beyond int16 are clipped: -32768 and 32767 HU lie far beyond air and metal.

    Raises:
        InputRefused: ``truncated``, ``codec_missing``, ``undecodable``, ``bad_rescale``.
    """
    integral = all(float(s.slope).is_integer() and float(s.intercept).is_integer() for s in slices)
    for syntax in sorted({s.format.transfer_syntax for s in slices} - set(NATIVE)):
        _check_codec(syntax)
    first = slices[0].format
    shape = len(slices), first.rows, first.columns
    hu: HounsfieldArray = np.empty(shape, np.int16) if integral else np.empty(shape, np.float32)
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        for _ in pool.map(_fill, hu, slices):
            pass
    return hu


def same_pixels(one: DicomSlice, other: DicomSlice) -> bool:
    """True where two slices hold the same Hounsfield units."""
    if one.format.rows != other.format.rows or one.format.columns != other.format.columns:
        return False
    first, second = (stored_values(s) * np.float64(s.slope) + s.intercept for s in (one, other))
    return bool(np.array_equal(first, second))


def stored_values(image: DicomSlice) -> NDArray[Any]:
    """Stored values (rows, columns) of one slice: native byte order, bits outside Bits Stored removed."""
    pixels = image.format
    if pixels.transfer_syntax in NATIVE:
        return _within_bits(_native(image), pixels)
    return _within_bits(_compressed(image), pixels)


def _fill(out: NDArray[Any], image: DicomSlice) -> None:
    """Writes one slice in HU to ``out``. Unsigned pixels with a negative intercept must not wrap, hence the wider type."""
    if not (np.isfinite([image.slope, image.intercept]).all() and image.slope) or abs(image.intercept) > _LARGEST_INTERCEPT:
        found = f"{image.path.name}: rescale slope {image.slope}, intercept {image.intercept}"
        raise InputRefused("bad_rescale", f"{found}; expected finite values, slope not 0; fix the header")
    stored = stored_values(image)
    if out.dtype.kind == "f":
        np.add(stored * np.float64(image.slope), image.intercept, out=out, casting="unsafe")
    elif image.slope == 1 and stored.dtype.itemsize <= 2:
        _add_clipped(stored, int(image.intercept), out)
    else:
        np.clip(stored * np.float64(image.slope) + image.intercept, -32768, 32767, out=out, casting="unsafe")
    if image.padding is not None and not _TISSUE_HU[0] <= image.padding * image.slope + image.intercept <= _TISSUE_HU[1]:
        out[stored == image.padding] = AIR_HU


def _add_clipped(stored: NDArray[Any], intercept: int, out: NDArray[np.int16]) -> None:
    wide = stored.astype(np.int32)
    wide += intercept
    np.clip(wide, -32768, 32767, out=out, casting="unsafe")


def _native(image: DicomSlice) -> NDArray[Any]:
    pixels = image.format
    order = ">" if pixels.transfer_syntax == EXPLICIT_BIG else "<"
    dtype = np.dtype(f"{order}{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}")
    wanted = pixels.rows * pixels.columns * dtype.itemsize
    with image.path.open("rb", buffering=0) as stream:
        stream.seek(image.pixel_offset + image.frame * wanted)
        data = stream.read(wanted)
    if len(data) != wanted:
        found = f"{image.path.name}: holds {len(data)} bytes of pixels, expected {wanted} ({pixels.rows} x {pixels.columns})"
        raise InputRefused("truncated", f"{found}; the file is cut short; send it again")
    return np.frombuffer(data, dtype).reshape(pixels.rows, pixels.columns).astype(dtype.newbyteorder("="), copy=False)


def _within_bits(values: NDArray[Any], pixels: PixelFormat) -> NDArray[Any]:
    """Keeps Bits Stored up to High Bit: the rest may hold overlays or rubbish (PS3.5 section 8.1.1)."""
    left = pixels.bits_allocated - 1 - pixels.high_bit
    right = pixels.bits_allocated - pixels.bits_stored
    if not left and not right:
        return values
    # up to the top bit, then back down: an arithmetic shift where the type is signed
    return np.asarray(np.right_shift(np.left_shift(values, left), right))


def _check_codec(syntax: str) -> None:
    from pydicom.pixels import get_decoder
    from pydicom.uid import UID

    try:
        decoder = get_decoder(UID(syntax))
    except NotImplementedError as error:
        raise InputRefused(
            "unknown_syntax", f"Transfer Syntax is {syntax!r}; expected one of the standard's; convert it"
        ) from error
    if not decoder.is_available and not (syntax in _JPEG and find_spec("imagecodecs")):
        remedy = "pip install 'endplate[codecs]'" + (" imagecodecs" if syntax in _JPEG else "")
        raise InputRefused(
            "codec_missing",
            f"pixels are compressed as {UID(syntax).name}, for which no decoder is installed; "
            f"run: {remedy}, or store the series uncompressed",
        )


def _compressed(image: DicomSlice) -> NDArray[Any]:
    try:
        values = _decoded(image)
    except Exception as error:
        found = f"{image.path.name}: {type(error).__name__}: {error}"
        raise InputRefused("undecodable", f"{found}; the compressed pixels are damaged; send the file again") from error
    pixels = image.format
    if values.shape != (pixels.rows, pixels.columns):
        found = f"{image.path.name}: decodes to {values.shape}"
        raise InputRefused("undecodable", f"{found}, expected {(pixels.rows, pixels.columns)}; send the file again")
    return np.asarray(values).astype(f"{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}", copy=False)


def _decoded(image: DicomSlice) -> NDArray[Any]:
    if image.format.transfer_syntax in _JPEG and find_spec("imagecodecs"):
        from pydicom.encaps import get_frame

        with image.path.open("rb") as stream:
            stream.seek(image.pixel_offset)
            frame = get_frame(stream, image.frame, number_of_frames=image.format.frames)
        values: NDArray[Any] = importlib.import_module("imagecodecs").jpeg_decode(frame)
        return values
    from pydicom.pixels import pixel_array

    return np.asarray(pixel_array(image.path, index=image.frame, raw=True))
