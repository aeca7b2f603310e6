"""Every code that endplate writes, from one reviewed table (``codes.csv``)."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from endplate.anatomy import levels

PRIVATE_SCHEME = "99ENDPLATE"
"""Coding Scheme Designator of the codes that neither DICOM nor SNOMED has (PS3.16 section 8.2: private ones begin with 99)."""

GENERIC_LEVELS = ("T13", "L6")
"""Levels without a code of their own: coded as a vertebra, named in a text."""

_SACRAL = "S1"


@cache
def table() -> dict[str, Code]:
    """All codes by their key in ``codes.csv``."""
    text = (resources.files("endplate.dicom") / "codes.csv").read_text(encoding="utf-8")
    return {row["key"]: Code(row["value"], row["scheme"], row["meaning"]) for row in csv.DictReader(text.splitlines())}


def code(key: str) -> Code:
    """A code by its key.

    Raises:
        KeyError: if the table has no such key.
    """
    return table()[key]


def code_of_level(level: str | None) -> Code:
    """The anatomic location of a vertebra; a level without a code of its own, or without a name, is a vertebra."""
    if level is None or level in GENERIC_LEVELS:
        return code("vertebra")
    levels.order(level)
    return code("sacrum" if level == _SACRAL else level)


def sequence_item(key: str) -> Dataset:
    """A code as an item of a code sequence (PS3.3 section 8.8)."""
    item, found = Dataset(), code(key)
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = found.value, found.scheme_designator, found.meaning
    return item


def private_scheme() -> Dataset:
    """Declares the private scheme (PS3.3 C.12.1.1.7, Coding Scheme Identification Sequence)."""
    item: Dataset = CodingSchemeIdentificationItem(
        PRIVATE_SCHEME, name="endplate private codes", version="1", responsible_organization="endplate"
    )
    return item
