"""Extensions of a NIfTI header, which nibabel reads whole: judged before, for a packed kilobyte may stand for gigabytes of them.

Layout: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h and https://nifti.nimh.nih.gov/pub/dist/doc/nifti2.h
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import IO, cast

from endplate.errors import InputRefused

MOST_BYTES = 16 << 20
"""From the header's begin to the first voxel."""


def check_extensions(path: Path) -> None:
    """Refuses a file whose extensions are too large, or have a size that none can have; what is no NIfTI is let pass.

    Raises:
        InputRefused: ``bad_header``.
        OSError: if it cannot be read or unpacked; so do EOFError and ``zlib.error``.
    """
    packed = path.name.lower().endswith(".gz")
    with cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb") as stream:
        head = stream.read(544)
        for order in "<>":
            if struct.unpack_from(f"{order}i", head.ljust(4, b"\0"))[0] == 348 and len(head) >= 352:
                _check(path.name, stream, order, (352, struct.unpack_from(f"{order}f", head, 108)[0]))
            elif struct.unpack_from(f"{order}i", head.ljust(4, b"\0"))[0] == 540 and len(head) >= 544:
                _check(path.name, stream, order, (544, struct.unpack_from(f"{order}q", head, 168)[0]))


def _check(name: str, stream: IO[bytes], order: str, span: tuple[int, float]) -> None:
    """Args: name of the file; its stream; byte order; where extensions begin and where they end."""
    at, end = span
    if not end <= MOST_BYTES:  # also what is no number
        raise _bad(name, f"its voxels begin at byte {end:,.0f}; expected {MOST_BYTES:,} at most")
    while end - at >= 16:
        stream.seek(at)
        sizes = stream.read(8)
        if len(sizes) < 8:
            return
        (size,) = struct.unpack_from(f"{order}i", sizes)
        if not 8 <= size <= end - at:
            raise _bad(name, f"an extension of {size:,} bytes; expected 8 to {end - at:,.0f}")
        at += size


def _bad(name: str, found: str) -> InputRefused:
    return InputRefused("bad_header", f"{name}: {found}; the file is damaged; export it again")
