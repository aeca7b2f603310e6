"""MetaImage (``.mha``, ``.mhd``): a text header, then raw or zlib-compressed values.

Keys as in ITK's MetaIO documentation, https://docs.itk.org/projects/metaio or Modules/ThirdParty/MetaIO/src/MetaIO.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused
from endplate.volume.hounsfield import MOST_VOXELS

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_ALIASES = {
    "Origin": "Offset",
    "Position": "Offset",
    "Orientation": "TransformMatrix",
    "Rotation": "TransformMatrix",
    "ElementByteOrderMSB": "BinaryDataByteOrderMSB",
}
_LONGEST_HEADER = 65536


@dataclass(frozen=True)
class MetaHeader:
    """What the text says.

    Attributes:
        sizes: voxels per axis, the fastest first.
        dtype: type and byte order of one value.
        axes_mm: step (3, 3) in LPS mm, one row per axis.
        origin_mm: centre of the first voxel in LPS mm (3,).
        data_file: ``LOCAL``, or the name of the file that holds the values.
        offset: bytes before the values; -1 counts them from the end of the file.
        compressed: True where the values are zlib-compressed.
    """

    sizes: tuple[int, ...]
    dtype: np.dtype[Any]
    axes_mm: NDArray[np.float64]
    origin_mm: NDArray[np.float64]
    data_file: str
    offset: int
    compressed: bool


def read_header(path: Path) -> MetaHeader:
    """The header of a MetaImage file.

    Raises:
        InputRefused: ``unreadable`` if it is none, ``not_a_ct`` for several values per voxel.
    """
    pairs, length = _pairs(path)
    kind = pairs.get("ElementType", "")
    if kind not in _TYPES or int(pairs.get("ElementNumberOfChannels", "1")) != 1:
        channels = pairs.get("ElementNumberOfChannels", "1")
        raise InputRefused(
            "not_a_ct", f"{path.name}: {channels} values of type {kind!r} per voxel; expected one number; convert it"
        )
    sizes = tuple(int(n) for n in pairs["DimSize"].split())
    return MetaHeader(
        sizes=sizes,
        dtype=np.dtype((">" if _is_true(pairs, "BinaryDataByteOrderMSB") else "<") + _TYPES[kind]),
        axes_mm=_axes(pairs, len(sizes)),
        origin_mm=_numbers(pairs.get("Offset", "0 0 0"))[:3],
        data_file=pairs["ElementDataFile"],
        offset=length if pairs["ElementDataFile"] == "LOCAL" else int(pairs.get("HeaderSize", "0")),
        compressed=_is_true(pairs, "CompressedData"),
    )


def read_values(path: Path, header: MetaHeader) -> NDArray[Any]:
    """The stored values, flat, in the order of the file.

    Raises:
        InputRefused: ``truncated`` if there are fewer than the header says, ``too_large`` if it promises too many.
    """
    count = int(np.prod(header.sizes, dtype=object))
    if not 0 < count <= MOST_VOXELS:
        raise InputRefused("too_large", f"{path.name}: {count:,} voxels; expected 1 to {MOST_VOXELS:,}; crop the image")
    source = path if header.data_file == "LOCAL" else path.parent / header.data_file
    wanted = count * header.dtype.itemsize
    with source.open("rb") as stream:
        stream.seek(*((-wanted, 2) if header.offset == -1 else (header.offset, 0)))
        # never inflate more than the header promises
        data = zlib.decompressobj().decompress(stream.read(), wanted) if header.compressed else stream.read(wanted)
    if len(data) != wanted:
        raise InputRefused("truncated", f"{source.name}: holds {len(data)} bytes of values, expected {wanted}; copy the file again")
    return np.frombuffer(data, header.dtype)


def _pairs(path: Path) -> tuple[dict[str, str], int]:
    pairs: dict[str, str] = {}
    with path.open("rb") as stream:
        while stream.tell() < _LONGEST_HEADER:
            key, equals, value = stream.readline(4096).decode("latin-1").partition("=")
            if not equals:
                break
            name = key.strip()
            pairs[_ALIASES.get(name, name)] = value.strip()
            if name == "ElementDataFile":
                return pairs, stream.tell()
    raise InputRefused("unreadable", f"{path.name}: no MetaImage header with ElementDataFile; the file is damaged; export it again")


def _axes(pairs: dict[str, str], count: int) -> NDArray[np.float64]:
    spacing = _numbers(pairs.get("ElementSpacing", pairs.get("ElementSize", "1 " * count)))
    cosines = _numbers(pairs["TransformMatrix"]).reshape(count, count) if "TransformMatrix" in pairs else np.eye(count)
    return np.asarray(cosines * spacing[:, None])[:3, :3]


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array([float(word) for word in text.split()])


def _is_true(pairs: dict[str, str], key: str) -> bool:
    return pairs.get(key, "False").lower() == "true"
