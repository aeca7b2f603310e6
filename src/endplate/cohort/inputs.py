"""What the user names: folders, files, quoted patterns, and manifests."""

from __future__ import annotations

import glob
import importlib
from collections.abc import Callable, Iterable
from pathlib import Path

MANIFESTS = (".csv", ".parquet")


def expanded(inputs: Iterable[str]) -> list[Path]:
    """The paths that are meant, each once, in the order given.

    Args:
        inputs: a path; a pattern with ``*``, ``?``, ``[...]`` or ``**``; or a manifest, ``.csv`` or ``.parquet``.

    Raises:
        ValueError: if a pattern matches nothing, or a manifest cannot be read.
    """
    return list(dict.fromkeys(path for one in inputs for path in _expanded(one)))


def _expanded(one: str) -> list[Path]:
    path = Path(one).expanduser()
    if path.suffix.lower() in MANIFESTS and path.is_file():
        return _manifest(path)
    if path.exists() or not glob.has_magic(one):
        return [path]  # a path that is not there becomes a refusal with its row
    found = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    if not found:
        raise ValueError(f"no path matches {one!r}; expected at least one; check the pattern, relative to {Path.cwd()}")
    return found


def _manifest(path: Path) -> list[Path]:
    reader: Callable[[Path], list[Path]] = importlib.import_module("endplate.cohort.manifest").read_manifest
    return reader(path)
