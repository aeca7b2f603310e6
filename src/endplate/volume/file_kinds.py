"""What a file is, from its name alone: which format, or nothing that could hold a CT."""

from __future__ import annotations

KINDS = {".nii.gz": "nifti", ".nii": "nifti", ".nrrd": "nrrd", ".nhdr": "nrrd", ".mha": "mha", ".mhd": "mha", ".zip": "zip"}
"""Format by suffix; every other file that is not irrelevant may be DICOM."""

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")

_IRRELEVANT = (
    *(".json", ".txt", ".csv", ".tsv", ".md", ".xml", ".html", ".htm", ".pdf", ".yaml", ".yml", ".toml", ".log", ".xlsx", ".docx"),
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".py", ".ipynb", ".sh", ".exe", ".inf", ".ini", ".db", ".lock"),
    *(".npy", ".npz", ".raw", ".zraw", ".gz", ".tar", ".bval", ".bvec", ".onnx", ".stl"),
)
"""Suffixes never opened; ``.raw`` and ``.gz`` belong to a header beside them."""


def kind_of(name: str) -> str:
    """``nifti``, ``nrrd``, ``mha``, ``zip``, or nothing for what may be DICOM.

    >>> kind_of("a/CT.NII.GZ"), kind_of("IM0001")
    ('nifti', '')
    """
    return next((kind for suffix, kind in KINDS.items() if name.lower().endswith(suffix)), "")


def suffix_of(name: str) -> str:
    """The suffix of a known format or of DICOM, else nothing; never anything else that a name may hold."""
    return next((suffix for suffix in (*KINDS, *DICOM_SUFFIXES) if name.lower().endswith(suffix)), "")


def is_relevant(name: str) -> bool:
    """Whether a file found in a folder is worth opening; hidden and irrelevant ones are not."""
    return not name.startswith(".") and (bool(kind_of(name)) or not name.lower().endswith(_IRRELEVANT))


def is_dicom_directory(name: str) -> bool:
    """Whether a file is the index of a DICOM medium, PS3.10 section 8.6."""
    return name.upper() == "DICOMDIR"
