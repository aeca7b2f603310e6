"""NIfTI headers that promise more than a header may hold."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import nibabel
import numpy as np
import pytest

from endplate.errors import InputRefused
from endplate.volume.files import read_nifti


def with_extension(size: int, end: float, order: str = "<", wide: bool = False) -> bytes:
    """A NIfTI file whose header promises an extension of some size, and voxels from some byte on."""
    kind = nibabel.Nifti2Image if wide else nibabel.Nifti1Image
    image = kind(np.zeros((4, 4, 4), np.int16), np.eye(4))
    content = bytearray((image if order == "<" else kind(image.dataobj, np.eye(4), image.header.as_byteswapped())).to_bytes())
    struct.pack_into(*((f"{order}q", content, 168, int(end)) if wide else (f"{order}f", content, 108, end)))
    first = 544 if wide else 352
    content[first - 4] = 1
    return bytes(content[:first]) + struct.pack(f"{order}ii", size, 6) + bytes(64 << 20)


@pytest.mark.parametrize(
    ("size", "end", "order", "wide"),
    [
        (1 << 25, float(1 << 26), "<", False),
        (1 << 25, float(1 << 26), ">", False),
        (1 << 25, float(1 << 26), "<", True),
        (-16, 1000.0, "<", False),
        (0, 1000.0, "<", False),
        (1 << 25, float("nan"), "<", False),
        (1 << 25, 1000.0, "<", False),
    ],
)
def test_extensions_of_gigabytes_are_not_unpacked(tmp_path: Path, size: int, end: float, order: str, wide: bool) -> None:
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(with_extension(size, end, order, wide), 1))
    tracemalloc.start()
    with pytest.raises(InputRefused) as caught:
        read_nifti(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "bad_header"
    assert peak < 24 << 20


def test_an_extension_of_usual_size_is_fine(tmp_path: Path) -> None:
    for kind in (nibabel.Nifti1Image, nibabel.Nifti2Image):
        image = kind(np.zeros((4, 4, 4), np.int16), np.eye(4))
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"hello" * 100))
        image.to_filename(tmp_path / "ct.nii.gz")
        with pytest.raises(InputRefused) as caught:
            read_nifti(tmp_path / "ct.nii.gz")
        assert caught.value.code not in ("bad_header", "unreadable")
