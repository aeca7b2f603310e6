"""Pixels of a DICOM series, from the bytes on disk to Hounsfield units."""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused
from endplate.volume.dicom_frames import check_codec, decoded
from endplate.volume.dicom_headers import EXPLICIT_BIG, NATIVE, DicomSlice, PixelFormat
from endplate.volume.dicom_meta import DEFLATED, inflated_pixels
from endplate.volume.hounsfield import AIR_HU, HounsfieldArray

_MOST_THREADS = 8

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
    for syntax in sorted({s.format.transfer_syntax for s in slices} - set(NATIVE) - {DEFLATED}):
        check_codec(syntax)
    for image in slices:
        _check_bytes(image)
    first = slices[0].format
    shape = len(slices), first.rows, first.columns
    hu: HounsfieldArray = np.empty(shape, np.int16) if integral else np.empty(shape, np.float32)
    with warnings.catch_warnings(), ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
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
    plain = (*NATIVE, DEFLATED)
    return _within_bits(_native(image) if pixels.transfer_syntax in plain else decoded(image), pixels)


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
    wanted = _frame_bytes(pixels)
    first = image.pixel_offset + image.frame * wanted
    if pixels.transfer_syntax == DEFLATED:
        data = _inflated(image, first, wanted)
    else:
        _check_bytes(image)
        with image.path.open("rb", buffering=0) as stream:
            stream.seek(first)
            data = stream.read(wanted)
    if len(data) != wanted:
        raise _truncated(image, len(data))
    return np.frombuffer(data, dtype).reshape(pixels.rows, pixels.columns).astype(dtype.newbyteorder("="), copy=False)


def _inflated(image: DicomSlice, first: int, wanted: int) -> bytes:
    try:
        return inflated_pixels(image.path, first, wanted)
    except zlib.error as error:
        found = f"{image.path.name}: the deflated data set is damaged ({error})"
        raise InputRefused("undecodable", f"{found}; expected zlib's format; send the file again") from error


def _frame_bytes(pixels: PixelFormat) -> int:
    return pixels.rows * pixels.columns * pixels.bits_allocated // 8


def _check_bytes(image: DicomSlice) -> None:
    """Before memory is set aside for what the header promises: the file must be long enough to hold it."""
    if image.format.transfer_syntax in NATIVE:
        held = image.path.stat().st_size - image.pixel_offset - image.frame * _frame_bytes(image.format)
        if held < _frame_bytes(image.format):
            raise _truncated(image, max(held, 0))


def _truncated(image: DicomSlice, held: int) -> InputRefused:
    pixels = image.format
    found = f"{image.path.name}: holds {held} bytes of pixels, expected {_frame_bytes(pixels)} ({pixels.rows} x {pixels.columns})"
    return InputRefused("truncated", f"{found}; the file is cut short; send it again")


def _within_bits(values: NDArray[Any], pixels: PixelFormat) -> NDArray[Any]:
    """Keeps Bits Stored up to High Bit: the rest may hold overlays or rubbish (PS3.5 section 8.1.1)."""
    left = pixels.bits_allocated - 1 - pixels.high_bit
    right = pixels.bits_allocated - pixels.bits_stored
    if not left and not right:
        return values
    # up to the top bit, then back down: an arithmetic shift where the type is signed
    return np.asarray(np.right_shift(np.left_shift(values, left), right))
