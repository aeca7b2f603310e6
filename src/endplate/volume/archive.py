"""Zip archives: unpacked within bounds into a temporary folder, under numbers, and gone afterwards.

Names in an archive are only judged, never used: not even a part of one becomes the name of a file.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from endplate.errors import InputRefused
from endplate.volume.file_kinds import is_dicom_directory, is_relevant, kind_of, suffix_of

MOST_MEMBERS = 50_000
MOST_BYTES = 8 << 30
MOST_RATIO = 200
"""CT compresses 2 to 10 times, mostly air 50 times; deflate reaches 1,000 on zeros."""

RATIO_FROM_BYTES = 64 << 20
"""Less than this may be as compressible as it likes."""

_MOST_DIRECTORY_BYTES = 16 << 20
_TAIL = 22 + 65535 + 20 + 56
"""End of central directory record with its longest comment, ZIP64 locator and record, APPNOTE 4.3.14 to 4.3.16."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 1 << 20


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """A path whose files can be opened until the block ends: of a zip, its temporary folder; else the path itself.

    Raises:
        InputRefused: as `unpacked`.
    """
    if path.is_file() and kind_of(path.name) == "zip":
        with unpacked(path) as folder:
            yield folder
    else:
        yield path


@contextmanager
def unpacked(path: Path, only: Collection[str] = ()) -> Iterator[Path]:
    """A temporary folder with the archive's files; gone when the block ends, however it ends.

    The n-th file of the archive that may hold a CT is ``{n:06d}`` with the suffix of its format; the same every time.

    Args:
        path: the archive.
        only: names of that kind to unpack; all if left out.

    Raises:
        InputRefused: ``bad_zip``, ``zip_encrypted``, ``zip_unsafe``, ``zip_too_large``.
    """
    with tempfile.TemporaryDirectory(prefix="endplate-") as place:
        folder = Path(place)
        try:
            _check_directory(path)
            with zipfile.ZipFile(path) as archive:
                members = _checked(archive, path)
                wanted = {name: member for name, member in members.items() if not only or name in only}
                _check_room(path, sum(m.file_size for m in wanted.values()), folder)
                for name, member in wanted.items():
                    _unpack(archive, member, folder / name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
            raise InputRefused("bad_zip", f"{path.name}: {error}; expected a whole zip archive; copy it again") from error
        except OSError as error:
            found = f"{path.name} cannot be unpacked into {folder.parent}: {error.strerror or error}"
            raise InputRefused(
                "unreadable", f"{found}; expected a readable archive and room; set TMPDIR to another disk"
            ) from error
        yield folder


def _check_directory(path: Path) -> None:
    """The list of members must be short enough to be read at all."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read(_TAIL)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise InputRefused("bad_zip", f"{path.name}: has no end of a zip archive; expected a whole one; copy it again")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if directory == 0xFFFFFFFF:
        wide = tail.rfind(b"PK\x06\x06", 0, end)
        directory = int.from_bytes(tail[wide + 40 : wide + 48], "little") if wide >= 0 else directory
    if directory > _MOST_DIRECTORY_BYTES:
        found = f"{path.name}: lists its members in {directory:,} bytes"
        raise InputRefused("zip_too_large", f"{found}; expected at most {_MOST_DIRECTORY_BYTES:,}; give the unpacked folder")


def _checked(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Members that may hold a CT, by the name that they get here."""
    members = archive.infolist()
    for member in members:
        _check_member(member, path)
    total = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or total > MOST_BYTES:
        found = f"{path.name}: holds {len(members):,} files of {total:,} bytes"
        raise InputRefused(
            "zip_too_large", f"{found}; expected at most {MOST_MEMBERS:,} of {MOST_BYTES:,}; give the unpacked folder"
        )
    ratio = total / max(path.stat().st_size, 1)
    if total > RATIO_FROM_BYTES and ratio > MOST_RATIO:
        found = f"{path.name}: {path.stat().st_size:,} bytes promise {total:,}, {ratio:,.0f} times as many"
        raise InputRefused("zip_too_large", f"{found}; expected at most {MOST_RATIO} times; give the unpacked folder")
    relevant = [member for member in members if _may_hold_a_ct(member)]
    return {f"{n:06d}{suffix_of(member.filename)}": member for n, member in enumerate(relevant, 1)}


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    link = stat.S_ISLNK(member.external_attr >> 16)
    if ".." in parts or parts[0] == "" or parts[0].endswith(":") or link:
        kind = "a link" if link else "a path that leads elsewhere"
        raise InputRefused(
            "zip_unsafe", f"{path.name}: holds {kind}, {member.filename[:80]!r}; expected plain files; do not trust this archive"
        )
    if member.flag_bits & 1:
        raise InputRefused("zip_encrypted", f"{path.name}: is encrypted; expected a plain archive; give the unpacked folder")
    if member.compress_type not in _METHODS:
        found = f"{path.name}: is compressed by method {member.compress_type}"
        raise InputRefused("bad_zip", f"{found}; expected stored or deflated; give the unpacked folder")


def _may_hold_a_ct(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    known = is_relevant(name.name) and kind_of(name.name) != "zip" and not is_dicom_directory(name.name)
    return known and not hidden and not member.is_dir()


def _check_room(path: Path, total: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if total > free:
        found = f"{path.name}: needs {total:,} bytes in {folder.parent}, which has {free:,} free"
        raise InputRefused("zip_too_large", f"{found}; expected room for it; free some, or set TMPDIR to another disk")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    # zipfile stops at the size that the member declares, which has been summed up above
    with archive.open(member) as source, target.open("xb") as stream:
        shutil.copyfileobj(source, stream, _CHUNK)
