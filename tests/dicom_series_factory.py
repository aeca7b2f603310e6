"""Writes DICOM series whose every voxel says where it lies: HU = 20 x + 30 y + 50 z, rounded, x, y, z in LPS mm."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
FLIPPED = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_TURN, _NOD = np.radians(20.0), np.radians(35.0)
OBLIQUE = tuple(
    np.round(
        [np.cos(_TURN), np.sin(_TURN), 0.0, -np.sin(_TURN) * np.cos(_NOD), np.cos(_TURN) * np.cos(_NOD), np.sin(_NOD)], 8
    ).tolist()
)
SLOPES_HU_PER_MM = np.array([20.0, 30.0, 50.0])
FIRST_HU = 0.0


@dataclass(frozen=True)
class Recipe:
    """One series.

    Attributes:
        places_mm: distance of each slice from the first along the normal.
        shear_mm: shift of the first pixel per mm of place, LPS, in the slice plane (gantry tilt).
        extra: further attributes of every slice, set last; None deletes one.
    """

    places_mm: tuple[float, ...] = tuple(2.5 * k for k in range(10))
    shape: tuple[int, int] = (14, 18)
    orientation: tuple[float, ...] = AXIAL
    pixel_spacing_mm: tuple[float, float] = (0.9, 0.7)
    origin_mm: tuple[float, float, float] = (-20.0, -31.0, 12.0)
    shear_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    bits: tuple[int, int] = (16, 16)
    signed: bool = True
    slope: float = 1.0
    intercept: float = -1024.0
    syntax: str = ExplicitVRLittleEndian
    series_uid: str = field(default_factory=generate_uid)
    study_uid: str = "1.2.826.0.1.3680043.8.498.1"
    extra: dict[str, Any] = field(default_factory=dict)

    def changed(self, **changes: Any) -> Recipe:
        return replace(self, **changes)


def expected_hu(points_mm: NDArray[np.floating]) -> NDArray[np.floating]:
    """HU at LPS points (..., 3), before rounding."""
    return np.asarray(points_mm) @ SLOPES_HU_PER_MM + FIRST_HU


def position(recipe: Recipe, k: int) -> NDArray[np.floating]:
    row, column = np.reshape(recipe.orientation, (2, 3))
    return np.array(recipe.origin_mm) + recipe.places_mm[k] * (np.cross(row, column) + np.array(recipe.shear_mm))


def hu_of(recipe: Recipe, k: int) -> NDArray[np.floating]:
    row, column = np.reshape(recipe.orientation, (2, 3))
    j, i = np.meshgrid(np.arange(recipe.shape[0]), np.arange(recipe.shape[1]), indexing="ij")
    steps = j[..., None] * recipe.pixel_spacing_mm[0] * column + i[..., None] * recipe.pixel_spacing_mm[1] * row
    return np.rint(expected_hu(position(recipe, k) + steps))


def stored_of(recipe: Recipe, k: int) -> NDArray[Any]:
    """Stored values as they belong in the file, in native byte order."""
    kind = np.dtype(f"{'i' if recipe.signed else 'u'}{recipe.bits[0] // 8}")
    return np.rint((hu_of(recipe, k) - recipe.intercept) / recipe.slope).astype(kind)


def slice_dataset(recipe: Recipe, k: int) -> Dataset:
    data = _common(recipe, CTImageStorage)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID
    data.InstanceNumber, data.AcquisitionNumber = k + 1, 1
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.ImagePositionPatient = [f"{v:.8g}" for v in position(recipe, k)]
    data.ImageOrientationPatient = [f"{v:.10g}" for v in recipe.orientation]
    data.PixelSpacing = list(recipe.pixel_spacing_mm)
    data.RescaleSlope, data.RescaleIntercept = f"{recipe.slope:g}", f"{recipe.intercept:g}"
    _set_pixels(data, recipe, stored_of(recipe, k))
    for keyword, value in recipe.extra.items():
        if value is None:
            delattr(data, keyword)
        else:
            setattr(data, keyword, value)
    return data


def write(data: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    syntax = data.file_meta.TransferSyntaxUID
    with quiet():
        if syntax.is_encapsulated or not syntax.is_transfer_syntax:
            data.save_as(path, enforce_file_format=True)
        else:
            implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
            data.save_as(path, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    return path


def write_series(folder: Path, recipe: Recipe, name: str = "slice-{:03d}.dcm", *, shuffle: bool = True) -> list[Path]:
    """Files whose names say nothing about their order, unless told otherwise."""
    numbers = np.random.default_rng(5).permutation(len(recipe.places_mm)) if shuffle else np.arange(len(recipe.places_mm))
    return [write(slice_dataset(recipe, k), folder / name.format(numbers[k])) for k in range(len(recipe.places_mm))]


def enhanced_dataset(recipe: Recipe) -> Dataset:
    """An Enhanced CT with one frame per slice, in shuffled order."""
    order = np.random.default_rng(6).permutation(len(recipe.places_mm))
    data = _common(recipe, EnhancedCTImageStorage)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID
    data.InstanceNumber, data.ImageType = 1, ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data.NumberOfFrames = len(order)
    shared = Dataset()
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=list(recipe.orientation))]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=list(recipe.pixel_spacing_mm), SliceThickness=2.5)]
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    data.PerFrameFunctionalGroupsSequence = Sequence([_frame(recipe, int(k), n) for n, k in enumerate(order)])
    data.DimensionIndexSequence = Sequence([])
    _set_pixels(data, recipe, np.stack([stored_of(recipe, int(k)) for k in order]))
    data.Rows, data.Columns = recipe.shape
    return data


@contextmanager
def quiet() -> Iterator[None]:
    """Writers and references warn about what these tests do on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _frame(recipe: Recipe, k: int, n: int) -> Dataset:
    groups = Dataset()
    groups.PlanePositionSequence = [_item(ImagePositionPatient=[f"{v:.8g}" for v in position(recipe, k)])]
    groups.FrameContentSequence = [_item(FrameAcquisitionNumber=1, DimensionIndexValues=[n + 1])]
    rescale = _item(RescaleSlope=f"{recipe.slope:g}", RescaleIntercept=f"{recipe.intercept:g}", RescaleType="HU")
    groups.PixelValueTransformationSequence = [rescale]
    return groups


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _common(recipe: Recipe, sop_class: str) -> Dataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, generate_uid()
    meta.TransferSyntaxUID = recipe.syntax
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.Modality = sop_class, "CT"
    data.PatientName, data.PatientID = "Nobody^Known", "secret-17"
    data.PatientBirthDate = data.PatientSex = data.StudyDate = data.StudyTime = data.AccessionNumber = data.StudyID = ""
    data.StudyInstanceUID, data.SeriesInstanceUID = recipe.study_uid, recipe.series_uid
    data.FrameOfReferenceUID = recipe.study_uid + ".2"
    data.SeriesNumber, data.SeriesDescription, data.Manufacturer = 4, "Chest/../1.0 B70f", "endplate tests"
    data.KVP, data.SliceThickness, data.ConvolutionKernel, data.ContrastBolusAgent = "120", "2.5", ["B70f", "3"], "Ultravist"
    return data


def _set_pixels(data: Dataset, recipe: Recipe, stored: NDArray[Any]) -> None:
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = stored.shape[-2:]
    data.BitsAllocated, data.BitsStored = recipe.bits
    data.HighBit, data.PixelRepresentation = recipe.bits[1] - 1, int(recipe.signed)
    big = data.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    values = stored.astype(stored.dtype.newbyteorder(">" if big else "<"))
    data.add_new("PixelData", "OW", values.tobytes())
