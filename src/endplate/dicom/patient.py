"""Who the patient is and which study it was, carried over from the scan's own header.

Headers may lack attributes, be in any character set, or hold what the standard forbids. Two rules make valid attributes of
them: an identifier is carried over letter for letter or left empty, for another number may be another patient's; a text is
made to fit. The results are written in UTF-8 where they need more than ASCII.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
from pydicom import config
from pydicom.dataset import Dataset

from endplate.volume.dicom_meta import plain_header

TAGS = (
    *("SpecificCharacterSet", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge"),
    *("PatientSize", "PatientWeight", "PatientIdentityRemoved", "DeidentificationMethod", "StudyDate", "StudyTime"),
    *("StudyDescription", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
"""What is read of the header besides the UIDs."""

# Value representations, PS3.5 section 6.2: longest value in characters
_LONGEST = {"LO": 64, "SH": 16, "PN": 64}
_DATE = re.compile(r"(?:1[6-9]|2[0-9])\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?")
_AGE = re.compile(r"\d{3}[DWMY]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")


def patient_and_study(header: Dataset) -> Dataset:
    """Patient, General Study and Patient Study attributes (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2), valid whatever the header holds."""
    out = Dataset()
    out.PatientName = _person_name(_text(header, "PatientName"))
    out.PatientID = _identifier(header, "PatientID", "LO")
    out.PatientBirthDate = _matching(header, "PatientBirthDate", _DATE)
    out.PatientSex = _matching(header, "PatientSex", re.compile("[MFO]"))
    out.StudyDate, out.StudyTime = _matching(header, "StudyDate", _DATE), _matching(header, "StudyTime", _TIME)
    out.ReferringPhysicianName = _person_name(_text(header, "ReferringPhysicianName"))
    out.StudyID, out.AccessionNumber = _identifier(header, "StudyID", "SH"), _identifier(header, "AccessionNumber", "SH")
    optional = {
        "IssuerOfPatientID": _identifier(header, "IssuerOfPatientID", "LO"),
        "StudyDescription": fitting(_text(header, "StudyDescription"), "LO"),
        "PatientAge": _matching(header, "PatientAge", _AGE),
        "PatientSize": _number(header, "PatientSize"),
        "PatientWeight": _number(header, "PatientWeight"),
    }
    for keyword, value in optional.items():
        if value:
            setattr(out, keyword, value)
    _carry_deidentification(header, out)
    return out


@contextmanager
def opened_header(path: Path, tags: Sequence[str]) -> Iterator[Dataset]:
    """Some tags of a file's header, whatever they hold; pydicom decodes an element when it is asked for, so use it in the block."""
    with path.open("rb") as stream, config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = plain_header(stream, path.name)
        yield pydicom.dcmread(plain, stop_before_pixels=True, specific_tags=list(tags), force=True)


def of_file(path: Path) -> Dataset:
    """As `patient_and_study`, of a file; empty values where it cannot be read."""
    try:
        with opened_header(path, TAGS) as header:
            return patient_and_study(header)
    # what a damaged file raises depends on its bytes
    except Exception:
        return patient_and_study(Dataset())


def character_set(dataset: Dataset) -> str | None:
    """``ISO_IR 192`` (UTF-8) if any text of the data set needs it, nothing for ASCII."""
    texts = (str(element.value) for element in dataset.iterall() if element.VR in ("PN", "LO", "SH", "ST", "LT", "UT", "UC"))
    return None if all(text.isascii() for text in texts) else "ISO_IR 192"


def fitting(text: str, vr: str) -> str:
    """A text without control characters and backslashes, no longer than its value representation allows.

    What has to be cut is cut to that many bytes, for some receivers count those.
    """
    said, longest = " ".join(_CONTROL.sub(" ", text).split()), _LONGEST[vr]
    return said if len(said) <= longest else said.encode()[:longest].decode("utf-8", "ignore").strip()


def _carry_deidentification(header: Dataset, out: Dataset) -> None:
    """A result of a de-identified scan is de-identified (PS3.3 C.7.1.1, required with a method)."""
    removed = _text(header, "PatientIdentityRemoved").strip()
    if removed in ("YES", "NO"):
        out.PatientIdentityRemoved = removed
    if removed == "YES":
        out.DeidentificationMethod = fitting(_text(header, "DeidentificationMethod"), "LO") or "as the source series"


def _text(header: Dataset, keyword: str) -> str:
    """The value in its own character set, several values with a backslash between; empty where it cannot be read."""
    with warnings.catch_warnings():
        # a wrong or unknown character set is decoded as well as possible
        warnings.simplefilter("ignore")
        try:
            value: Any = header.get(keyword)
            # what a damaged element raises depends on its bytes
        except Exception:
            return ""
        if value is None:
            return ""
        many = value if not isinstance(value, str) and hasattr(value, "__iter__") and not hasattr(value, "components") else (value,)
        return "\\".join(str(v) for v in many)


def _identifier(header: Dataset, keyword: str, vr: str) -> str:
    text = _text(header, keyword).strip(" \0")
    return "" if _CONTROL.search(text) or len(text) > _LONGEST[vr] else text


def _matching(header: Dataset, keyword: str, pattern: re.Pattern[str]) -> str:
    text = _text(header, keyword).strip(" \0")
    return text if pattern.fullmatch(text) else ""


def _number(header: Dataset, keyword: str) -> str:
    return _matching(header, keyword, re.compile(r"\d{1,3}(?:\.\d{1,8})?"))


def _person_name(text: str) -> str:
    """At most three groups (alphabetic, ideographic, phonetic) of at most five components (PS3.5 6.2.1)."""
    groups = ["^".join(part.strip() for part in group.split("^")[:5]) for group in text.split("=")[:3]]
    return "=".join(fitting(group, "PN").rstrip("^") for group in groups).rstrip("=")
