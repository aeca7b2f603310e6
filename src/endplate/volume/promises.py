"""Whether a file can hold as many voxels as its header promises, without reading one of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from endplate.errors import InputRefused
from endplate.volume import meta_image
from endplate.volume.dicom_headers import NATIVE, DicomSlice
from endplate.volume.hounsfield import MOST_VOXELS
from endplate.volume.nifti_header import check_extensions
from endplate.volume.scan_list import FoundScan

MOST_RATIO = 1032
"""Deflate makes no more bytes of one, RFC 1951: 258 bytes of a two-bit code."""


def check_promise(scan: FoundScan) -> None:
    """Refuses a scan whose header promises more than its files hold.

    Args:
        scan: with files that can be opened (`endplate.volume.read.files_of`).

    Raises:
        InputRefused: ``truncated`` or ``too_large``; ``unreadable`` for a header that is none.
    """
    if scan.series is not None:
        _check_slices(scan.series.slices)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            voxels, wanted, held, compressed = _PROMISES[scan.kind](scan.path)
    except InputRefused:
        raise
    except Exception as error:  # the libraries raise a dozen exception types on damaged headers
        found = f"{scan.path.name}: {type(error).__name__}: {error}"
        raise InputRefused(
            "unreadable", f"{found}; expected a header of {scan.kind}; the file is damaged; export it again"
        ) from error
    _check(scan.path.name, (voxels, wanted), held * (MOST_RATIO if compressed else 1))


def _check(name: str, promised: tuple[int, int], held: int) -> None:
    voxels, wanted = promised
    if not 0 < voxels <= MOST_VOXELS:
        raise InputRefused("too_large", f"{name}: promises {voxels:,} voxels; expected 1 to {MOST_VOXELS:,}; crop the image")
    if wanted > held:
        raise InputRefused(
            "truncated", f"{name}: its header promises {wanted:,} bytes of voxels, the file holds {held:,} at most; send it again"
        )


def _check_slices(slices: Iterable[DicomSlice]) -> None:
    for image in slices:
        pixels = image.format
        if pixels.transfer_syntax in NATIVE:
            one = pixels.rows * pixels.columns * math.ceil(pixels.bits_allocated / 8)
            held = max(0, image.path.stat().st_size - image.pixel_offset)
            _check(image.path.name, (pixels.rows * pixels.columns * pixels.frames, one * pixels.frames), held)


def _nifti(path: Path) -> tuple[int, int, int, bool]:
    import nibabel

    check_extensions(path)
    image: Any = nibabel.load(path)
    voxels = math.prod(map(int, image.shape))
    wanted, size = voxels * image.get_data_dtype().itemsize, path.stat().st_size
    if not path.name.lower().endswith(".gz"):
        return voxels, wanted, size - int(image.dataobj.offset), False
    with path.open("rb") as stream:
        stream.seek(-4, 2)
        whole = int.from_bytes(stream.read(4), "little")  # length modulo 2^32 at the end of a gzip file, RFC 1952
    if wanted < 1 << 32 and whole < wanted <= size * MOST_RATIO:
        return voxels, wanted, whole, False
    return voxels, wanted, size, True


def _nrrd(path: Path) -> tuple[int, int, int, bool]:
    import nrrd
    import numpy as np

    with path.open("rb") as stream:
        header: Any = nrrd.read_header(stream)
        held = path.stat().st_size - stream.tell()
    voxels = math.prod(int(n) for n in header["sizes"])
    beside = header.get("data file", header.get("datafile"))
    if beside is not None:
        file = path.parent / Path(str(beside)).name
        held = file.stat().st_size if file.is_file() else 0
    width = np.dtype(_NRRD_TYPES.get(str(header["type"]), str(header["type"]))).itemsize
    # text and hexadecimal take more than a byte per byte
    return voxels, voxels * width, held, str(header["encoding"]).lower() not in ("raw", "txt", "text", "ascii", "hex")


_NRRD_TYPES = {
    **dict.fromkeys(("signed char", "int8_t", "uchar", "unsigned char", "uint8_t"), "i1"),
    **dict.fromkeys(("short int", "signed short", "signed short int", "int16_t", "ushort", "unsigned short"), "i2"),
    **dict.fromkeys(("unsigned short int", "uint16_t"), "i2"),
    **dict.fromkeys(("signed int", "int32_t", "uint", "unsigned int", "uint32_t"), "i4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64_t"), "i8"),
}
"""Names of types, https://teem.sourceforge.net/nrrd/format.html#type, that numpy does not know, by one of the same width."""


def _meta(path: Path) -> tuple[int, int, int, bool]:
    header = meta_image.read_header(path)
    file = path if header.data_file == "LOCAL" else path.parent / Path(header.data_file).name
    size = file.stat().st_size if file.is_file() else 0
    voxels = math.prod(header.sizes)
    return voxels, voxels * header.dtype.itemsize, size - max(0, header.offset), header.compressed


_PROMISES: dict[str, Callable[[Path], tuple[int, int, int, bool]]] = {"nifti": _nifti, "nrrd": _nrrd, "mha": _meta}
"""Voxels, bytes that they need, bytes that the file has for them, whether those are compressed; by kind of file."""
