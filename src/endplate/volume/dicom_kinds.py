"""Which DICOM files are slices of a CT."""

from __future__ import annotations

from typing import Any

from endplate.errors import InputRefused

# Defined terms of Image Type, PS3.3 C.8.2.1.1.1 and C.8.16.1, that mark a picture rather than parallel slices
_PICTURES = {
    "LOCALIZER": "localiser",
    "SCOUT": "localiser",
    "PROJECTION IMAGE": "projection",
    "MIP": "projection",
    "MAX_IP": "projection",
    "MIN_IP": "projection",
    "VOLUME_RENDER": "rendering",
    "SURFACE_RENDER": "rendering",
    "SCREEN SAVE": "screen capture",
    "DOSE_INFO": "dose report",
}
PICTURE_CODES = frozenset(kind.replace(" ", "_") for kind in _PICTURES.values())
"""Codes of what these terms mark."""

_CT_IMAGES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
"""CT, Enhanced CT, Legacy Converted Enhanced CT Image Storage, PS3.4 table B.5-1."""


class NotASlice(InputRefused):
    """A good DICOM file that is not part of a CT volume: a localiser, a secondary capture, a report.

    Args:
        code: a short stable name.
        message: why.
        series: Series Instance UID, for counting.
    """

    def __init__(self, code: str, message: str, series: str = "") -> None:
        super().__init__(code, message)
        self.series = series


def check_kind(dataset: Any) -> None:
    """Sorts out DICOM that is no slice of a CT: other modalities, pictures, localisers, reports, derived maps.

    Args:
        dataset: header of one file; only ``get`` is used.

    Raises:
        NotASlice: with the reason.
        InputRefused: ``no_pixels`` for a CT image that was cut short.
    """
    modality, series = str(dataset.get("Modality", "")), str(dataset.get("SeriesInstanceUID", ""))
    sop_class = dataset.get("SOPClassUID")
    if not dataset.get("Rows"):
        if modality == "CT" and sop_class in _CT_IMAGES:
            raise InputRefused("no_pixels", "is a CT image without rows or pixels; expected both; it is cut short, send it again")
        name = getattr(sop_class, "name", "") or modality or "no SOP Class"
        raise NotASlice("no_image", f"holds no image ({name})", series)
    if modality != "CT":
        raise NotASlice("not_ct", f"modality is {modality or 'not given'}; expected CT; give a CT series", series)
    if str(sop_class).startswith("1.2.840.10008.5.1.4.1.1.7"):
        raise NotASlice("secondary_capture", "is a secondary capture, a picture without measured values", series)
    if int(dataset.get("SamplesPerPixel") or 1) != 1:
        raise NotASlice("colour", "is a colour picture", series)
    rescale = str(dataset.get("RescaleType") or "HU").upper()
    if rescale not in ("HU", "US", "HU_MOD"):
        raise NotASlice("not_hounsfield", f"Rescale Type is {rescale}; expected HU; give the CT itself, not a derived map", series)
    _check_image_type(texts(dataset.get("ImageType")), series)


def _check_image_type(image_type: tuple[str, ...], series: str) -> None:
    for value in image_type:
        if value.upper() in _PICTURES:
            kind = _PICTURES[value.upper()]
            raise NotASlice(kind.replace(" ", "_"), f"is a {kind} (Image Type {value})", series)


def texts(value: Any) -> tuple[str, ...]:
    """The values of an attribute of one, many or no strings."""
    return () if value is None else (str(value),) if isinstance(value, str) else tuple(str(v) for v in value)
