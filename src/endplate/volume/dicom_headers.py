"""DICOM headers: what one file says about itself, its slices and their place in the patient.

Names follow the DICOM standard, PS3.3 (C.7.6.2 Image Plane, C.7.6.3 Image Pixel, C.8.2.1 CT Image, C.8.15 Enhanced CT).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
from pydicom import config
from pydicom.tag import BaseTag, Tag

from endplate.errors import InputRefused
from endplate.volume.dicom_kinds import check_kind, texts
from endplate.volume.dicom_meta import DEFLATED, EXPLICIT_LITTLE, MOST_PIXEL_BYTES, inflated_header, opened_file, transfer_syntax

IMPLICIT_LITTLE, EXPLICIT_BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
NATIVE = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG)

# Attributes of a functional group macro, PS3.3 C.7.6.16.2, by the sequence that holds them
_MACROS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "RescaleType": "PixelValueTransformationSequence",
    "FrameAcquisitionNumber": "FrameContentSequence",
    "FrameType": "CTImageFrameTypeSequence",
    "PixelPaddingValue": "PixelValueTransformationSequence",
}
_KEYWORDS = [
    *("SOPClassUID", "SOPInstanceUID", "ImageType", "Modality", "Manufacturer", "SeriesDescription", "SliceThickness", "KVP"),
    *("ConvolutionKernel", "ContrastBolusAgent", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "AcquisitionNumber"),
    *("InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "SamplesPerPixel", "NumberOfFrames", "Rows", "Columns"),
    *("PixelSpacing", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "RescaleIntercept"),
    *("RescaleSlope", "RescaleType", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]
_TAGS: list[BaseTag | int | str | tuple[int, int]] = [Tag(keyword) for keyword in _KEYWORDS]
"""Looked up once: pydicom takes keywords too, and then looks up each of them for every file."""


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels of one file are stored.

    Attributes:
        transfer_syntax: UID, from the file meta information or as guessed from the bytes.
        rows: pixels down.
        columns: pixels across.
        bits_allocated: bits per stored pixel.
        bits_stored: bits of it that carry the value.
        high_bit: the most significant of those.
        signed: two's complement where True.
        frames: frames in the file.
    """

    transfer_syntax: str
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    frames: int = 1


@dataclass(frozen=True)
class DicomSlice:
    """One slice: where its pixels are on disk and where they are in the patient.

    Attributes:
        path: file.
        frame: index of the frame in the file.
        pixel_offset: byte at which the value of Pixel Data starts.
        format: how the pixels are stored.
        position_mm: Image Position (Patient), LPS mm: centre of the first pixel.
        orientation: Image Orientation (Patient): directions along a row, then down a column.
        pixel_spacing_mm: Pixel Spacing: between rows, then between columns.
        slope: Rescale Slope.
        intercept: Rescale Intercept.
        padding: Pixel Padding Value as a stored value, or None.
        sop_instance_uid: of the file.
        acquisition: Acquisition Number, or None.
        instance: Instance Number, or the frame index.
        image_type: Image Type or Frame Type.
    """

    path: Path
    frame: int
    pixel_offset: int
    format: PixelFormat
    position_mm: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing_mm: tuple[float, ...]
    slope: float
    intercept: float
    padding: int | None
    sop_instance_uid: str
    acquisition: int | None
    instance: int
    image_type: tuple[str, ...]


@dataclass(frozen=True)
class DicomFile:
    """One CT file.

    Attributes:
        series_instance_uid: groups files into series.
        series_number: for the user's eyes.
        slices: one, or one per frame.
        tags: facts for the report; nothing that identifies the patient.
    """

    series_instance_uid: str
    series_number: int | None
    slices: tuple[DicomSlice, ...]
    tags: dict[str, str | float | int | None] = field(default_factory=dict)


def read_dicom_file(path: Path) -> DicomFile:
    """The header of one CT file; pixels stay on disk.

    Raises:
        NotASlice: for DICOM that is no slice of a CT volume.
        InputRefused: ``not_dicom``, ``deflated``, ``no_pixels``, ``no_geometry``, ``bad_header``, ``unreadable``.
    """
    try:
        with opened_file(path) as stream, config.disable_value_validation(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(stream, path)
    except InputRefused:
        raise
    except OSError as error:
        raise InputRefused("unreadable", f"{path.name}: {error.strerror or error}; check the file and its permissions") from error
    # a mutated header makes pydicom raise any of a dozen types; a header that needs much memory promises what is not there
    except Exception as error:
        raise InputRefused(
            "bad_header", f"{path.name}: {type(error).__name__}: {error}; the header is damaged; export again"
        ) from error


def _read(stream: BinaryIO, path: Path) -> DicomFile:
    syntax, start = transfer_syntax(stream, path.name)
    plain: BinaryIO = stream
    ahead = 0
    if syntax == DEFLATED:
        plain, ahead = inflated_header(stream, start, path.name)
    plain.seek(0)
    dataset = pydicom.dcmread(plain, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    check_kind(dataset)
    implicit, little = dataset.original_encoding
    offset = _pixel_offset(plain, bool(implicit), bool(little), path) - ahead
    if not syntax:
        syntax = IMPLICIT_LITTLE if implicit else EXPLICIT_LITTLE if little else EXPLICIT_BIG
    return _file(dataset, path, syntax, offset)


def _pixel_offset(stream: BinaryIO, implicit: bool, little: bool, path: Path) -> int:
    """Byte at which the value of Pixel Data (7FE0,0010) starts; pydicom has stopped at the element."""
    tag = b"\xe0\x7f\x10\x00" if little else b"\x7f\xe0\x00\x10"
    if stream.read(4) != tag:
        raise InputRefused("no_pixels", f"{path.name}: has no Pixel Data; it is cut short or no image; export it again")
    return stream.tell() + (4 if implicit else 8)


def _file(dataset: Any, path: Path, syntax: str, offset: int) -> DicomFile:
    pixels = _format(dataset, syntax, path)
    frames = [_slice(dataset, path, frame, (offset, pixels)) for frame in range(pixels.frames)]
    number = dataset.get("SeriesNumber")
    return DicomFile(str(dataset.SeriesInstanceUID), None if number is None else int(number), tuple(frames), _tags(dataset))


def _format(dataset: Any, syntax: str, path: Path) -> PixelFormat:
    allocated = int(dataset.BitsAllocated)
    stored = int(dataset.get("BitsStored") or allocated)
    high = dataset.get("HighBit")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if allocated not in (8, 16, 32) or not 1 <= stored <= allocated:
        raise InputRefused(
            "bad_header", f"{path.name}: Bits Allocated {allocated}, Bits Stored {stored}; expected 8, 16 or 32 bits"
        )
    if frames > 1 and len(dataset.get("PerFrameFunctionalGroupsSequence") or ()) != frames:
        raise InputRefused(
            "no_geometry", f"{path.name}: {frames} frames without a position each; expected Enhanced CT; export slices"
        )
    size = int(dataset.Rows) * int(dataset.Columns) * frames * allocated // 8
    if syntax == DEFLATED and size > MOST_PIXEL_BYTES:
        raise InputRefused(
            "deflated",
            f"{path.name}: is deflated DICOM of {size:,} bytes of pixels; expected at most {MOST_PIXEL_BYTES:,} in one file; "
            "store it as Explicit VR Little Endian",
        )
    high_bit = stored - 1 if high is None or not stored - 1 <= int(high) < allocated else int(high)
    signed = bool(int(dataset.get("PixelRepresentation") or 0))
    return PixelFormat(syntax, int(dataset.Rows), int(dataset.Columns), allocated, stored, high_bit, signed, frames)


def _slice(dataset: Any, path: Path, frame: int, pixels: tuple[int, PixelFormat]) -> DicomSlice:
    def value(keyword: str, default: Any = None) -> Any:
        return _attribute(dataset, keyword, frame, default)

    acquisition = value("FrameAcquisitionNumber", value("AcquisitionNumber"))
    return DicomSlice(
        path=path,
        frame=frame,
        pixel_offset=pixels[0],
        format=pixels[1],
        position_mm=_numbers(value("ImagePositionPatient"), 3, path),
        orientation=_numbers(value("ImageOrientationPatient"), 6, path),
        pixel_spacing_mm=_numbers(value("PixelSpacing"), 2, path),
        slope=float(value("RescaleSlope", 1.0)),
        intercept=float(value("RescaleIntercept", 0.0)),
        padding=_padding(value("PixelPaddingValue"), pixels[1]),
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
        acquisition=None if acquisition in (None, "") else int(acquisition),
        instance=int(value("InstanceNumber", 0) or 0) + frame,
        image_type=texts(value("FrameType", value("ImageType"))),
    )


def _attribute(dataset: Any, keyword: str, frame: int, default: Any) -> Any:
    """From the frame's functional groups, else the shared ones, else the data set itself."""
    sequence = _MACROS.get(keyword)
    if sequence and dataset.get("PerFrameFunctionalGroupsSequence"):
        shared = dataset.get("SharedFunctionalGroupsSequence") or [{}]
        for groups in (dataset.PerFrameFunctionalGroupsSequence[frame], shared[0]):
            macro = groups.get(sequence)
            if macro and macro[0].get(keyword) is not None:
                return macro[0].get(keyword)
    found = dataset.get(keyword)
    return default if found is None else found


def _numbers(values: Any, count: int, path: Path) -> tuple[float, ...]:
    if values is None or len(values) != count:
        raise InputRefused("no_geometry", f"{path.name}: lacks position, orientation or pixel spacing; export the original series")
    return tuple(float(v) for v in values)


def _padding(value: Any, pixels: PixelFormat) -> int | None:
    """Pixel Padding Value in the pixels' own representation; writers often give a negative one as unsigned."""
    if value in (None, "", b""):
        return None
    number = int.from_bytes(value[:2], "little") if isinstance(value, bytes) else int(value)
    number %= 1 << pixels.bits_allocated
    return number - (1 << pixels.bits_allocated) if pixels.signed and number >> (pixels.bits_allocated - 1) else number


def _tags(dataset: Any) -> dict[str, str | float | int | None]:
    """Facts for the report. No name, number or date of the patient is among them."""
    kernel, agent = dataset.get("ConvolutionKernel"), dataset.get("ContrastBolusAgent")
    number = _attribute(dataset, "SliceThickness", 0, None)
    kvp = dataset.get("KVP")
    return {
        "series_instance_uid": str(dataset.get("SeriesInstanceUID", "")),
        "study_instance_uid": str(dataset.get("StudyInstanceUID", "")),
        "series_description": str(dataset.get("SeriesDescription") or "") or None,
        "manufacturer": str(dataset.get("Manufacturer") or "") or None,
        "kernel": "/".join(texts(kernel)) or None,
        "contrast": "/".join(texts(agent)) or None,
        "kvp": None if kvp in (None, "") else float(kvp),
        "slice_thickness": None if number in (None, "") else float(number),
    }
