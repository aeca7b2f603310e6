"""What the user names: folders, files, quoted patterns, manifests, and series on a DICOMweb server."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from endplate.cohort import manifest
from endplate.volume import dicomweb


def expanded(inputs: Iterable[str]) -> list[Path | str]:
    """The paths, and as text the URLs, that are meant, each once, in the order given.

    Args:
        inputs: a path; a pattern with ``*``, ``?``, ``[...]`` or ``**``; a manifest, ``.csv`` or ``.parquet``; or a DICOMweb URL.

    Raises:
        ValueError: if a pattern matches nothing.
        InputRefused: if a manifest cannot be read.
    """
    return list(dict.fromkeys(path for one in inputs for path in _expanded(one)))


def _expanded(one: str) -> list[Path | str]:
    if dicomweb.is_url(one):
        return [one]
    path = Path(one).expanduser()
    if path.suffix.lower() in manifest.SUFFIXES and path.is_file():
        return [text if dicomweb.is_url(text) else Path(text) for text in manifest.read_manifest(path)]
    if path.exists() or not glob.has_magic(one):
        return [path]  # a path that is not there becomes a refusal with its row
    found: list[Path | str] = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    if not found:
        raise ValueError(f"no path matches {one!r}; expected at least one; check the pattern, relative to {Path.cwd()}")
    return found
