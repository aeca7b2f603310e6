"""Files that a finished report brings or names: followed only within folders that the service may read.

A report from elsewhere may name any path as its scan's: the whole disk, which would be walked for hours, or somebody else's file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from endplate.report.report import Source

MOST_FILES = 20_000
"""Below the path of one scan; more is no scan's own folder."""
MOST_BYTES = 64 << 20
"""Of a report or its picture."""
REPORT = "report.json"


class Elsewhere(ValueError):
    """A path that is not followed; the message says why."""


def reports_in(folder: Path) -> list[Path]:
    """Where finished reports lie: ``folder/report.json`` and ``folder/SCAN/report.json``, as ``endplate quantify`` writes them."""
    return sorted([*folder.glob(REPORT), *folder.glob(f"[!.]*/{REPORT}")])


def content_of(path: Path, folder: Path) -> bytes:
    """What a file of a folder holds.

    Raises:
        Elsewhere: if it is no plain file, lies outside the folder behind links, or is too large.
        OSError: if it cannot be read.
    """
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise Elsewhere(f"{path.name} is no file of {folder}; expected a plain one, no link that leads elsewhere; copy it there")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise Elsewhere(f"{path.name} has {size:,} bytes; expected at most {MOST_BYTES:,}; quantify the scan again")
    return path.read_bytes()


def check_source(source: Source, roots: Sequence[Path]) -> None:
    """Whether the scan that a report names may be looked for.

    Args:
        source: of the report.
        roots: folders that may be read, whatever lies below them.

    Raises:
        Elsewhere: if its path leads out of them, or to so many files that it is no scan's own folder.
    """
    try:
        path = Path(source.path).resolve()
        inside = bool(source.path) and any(path.is_relative_to(root.resolve()) for root in roots)
        many = inside and path.is_dir() and _has_many(path)
    except (OSError, RuntimeError, ValueError):  # links in a circle, names too long, lone surrogates
        inside = many = False
    if not inside:
        found = f"the scan's path {source.path[:200]!r} lies in no folder that the service may read"
        raise Elsewhere(f"{found}; start endplate serve with --folders for its folder, delete this scan, and take the report again")
    if many:
        raise Elsewhere(f"{source.path[:200]!r} holds more than {MOST_FILES:,} files; expected the folder of one scan alone")


def _has_many(folder: Path) -> bool:
    count = 0
    for _, folders, names in os.walk(folder):
        count += len(folders) + len(names)
        if count > MOST_FILES:
            return True
    return False
