"""DICOMDIR, the index of a DICOM medium (PS3.3 annex F): what it lists and what of that is there.

The names that it lists are compared with the files that a search has found; none is ever opened as a path.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import pydicom
from pydicom import config

from endplate.volume.dicom_meta import DEFLATED, transfer_syntax

_MOST_BYTES = 8 << 20
"""Of 20,000 files; pydicom makes a hundred times as much of items that are empty."""


def note_on(directory: Path) -> str:
    """What the user should know of a DICOMDIR: files that it lists and that are not there; empty if all is well."""
    try:
        listed = _listed(directory)
    # a damaged index makes pydicom raise any of a dozen types
    except Exception as error:
        return f"DICOMDIR cannot be read ({type(error).__name__}: {error}); its folder was searched instead"
    present = _present(directory.parent)
    missing = [name for name in listed if name.upper() not in present]
    if not missing:
        return ""
    return f"DICOMDIR lists {len(listed)} files of which {len(missing)} are missing, such as {missing[0]!r}; copy the medium again"


def _listed(directory: Path) -> list[str]:
    """Referenced File IDs (0004,1500), their components joined by a slash."""
    size = directory.stat().st_size
    if size > _MOST_BYTES:
        raise ValueError(f"{size:,} bytes, expected at most {_MOST_BYTES:,}")
    with config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with directory.open("rb") as stream:
            # PS3.10 section 8.6 has it plain; pydicom would inflate another to its end, however long that is
            if transfer_syntax(stream, directory.name)[0] == DEFLATED:
                raise ValueError("deflated, expected Explicit VR Little Endian")
            stream.seek(0)
            dataset = pydicom.dcmread(stream, specific_tags=["DirectoryRecordSequence"])
        return [name for record in dataset.DirectoryRecordSequence if (name := _file_id(record))]


def _file_id(record: Any) -> str:
    components = record.get("ReferencedFileID") or ()
    return "/".join([components] if isinstance(components, str) else [str(c) for c in components])[:200]


def _present(folder: Path) -> set[str]:
    """Files below a folder, relative to it, in capitals, also without their suffix."""
    names = {
        Path(os.path.relpath(Path(where, name), folder)).as_posix().upper() for where, _, files in os.walk(folder) for name in files
    }
    return names | {str(Path(name).with_suffix("")) for name in names}
