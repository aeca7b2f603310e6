"""A phantom as a native CT DICOM series, with its truth beside it (PS3.3 C.8.2.1, CT Image)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from endplate.phantom.phantom import Phantom

_ROOT = "1.2.826.0.1.3680043.8.498."
"""pydicom's own root; UIDs under it are hashes of the phantom's name, hence the same for the same seed."""


def write_series(phantom: Phantom, folder: Path) -> Path:
    """Writes ``folder/series/*.dcm`` and ``folder/truth.json``; gives the series folder."""
    series = Path(folder) / "series"
    series.mkdir(parents=True, exist_ok=True)
    common = _common(phantom)
    for k in range(phantom.volume.hu.shape[0]):
        _slice(common, phantom, k).save_as(series / f"{k + 1:04d}.dcm", enforce_file_format=True)
    (Path(folder) / "truth.json").write_text(json.dumps(phantom.truth(), indent=1) + "\n", encoding="utf-8")
    return series


def _uid(phantom: Phantom, what: str) -> str:
    volume = phantom.volume
    entropy = [what, str(phantom.seed), volume.source.name, str(volume.hu.shape), str(volume.patient_from_voxel.round(4).tolist())]
    return str(generate_uid(prefix=_ROOT, entropy_srcs=[*entropy, str(int(volume.hu.sum(dtype=np.int64)))]))


def _common(phantom: Phantom) -> Dataset:
    volume = phantom.volume
    rows, columns = volume.hu.shape[1:]
    axes = volume.patient_from_voxel[:3, :3] / volume.spacing_mm
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = CTImageStorage, "CT"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = _uid(phantom, "study"), _uid(phantom, "series")
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = _uid(phantom, "frame"), ""
    ds.PatientName, ds.PatientID = "Phantom^Endplate", volume.source.name
    ds.PatientBirthDate, ds.PatientSex, ds.PatientPosition = "", "O", "HFS"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20000101", "000000", "1", ""
    ds.SeriesDate, ds.SeriesTime, ds.ContentDate, ds.ContentTime = "20000101", "000000", "20000101", "000000"
    ds.ReferringPhysicianName, ds.Manufacturer, ds.ManufacturerModelName = "", "endplate", "procedural phantom"
    ds.StudyDescription, ds.SeriesDescription = "Procedural spine CT", "endplate phantom, not a patient"
    ds.SeriesNumber, ds.AcquisitionNumber = 1, 1
    ds.ImageType, ds.KVP, ds.ConvolutionKernel = ["DERIVED", "PRIMARY", "AXIAL"], "120", "PHANTOM"
    ds.BurnedInAnnotation, ds.BodyPartExamined = "NO", "SPINE"
    ds.Rows, ds.Columns = rows, columns
    ds.PixelSpacing = [_ds(volume.spacing_mm[1]), _ds(volume.spacing_mm[2])]
    ds.SliceThickness = ds.SpacingBetweenSlices = _ds(volume.spacing_mm[0])
    ds.ImageOrientationPatient = [_ds(v) for v in (*axes[:, 2], *axes[:, 1])]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "0", "HU"
    ds.WindowCenter, ds.WindowWidth = "300", "1000"
    return ds


def _slice(common: Dataset, phantom: Phantom, k: int) -> Dataset:
    volume = phantom.volume
    ds = Dataset()
    ds.update(common)
    origin = volume.patient_from_voxel[:3, 3] + k * volume.patient_from_voxel[:3, 0]
    normal = np.cross(*np.array(common.ImageOrientationPatient, float).reshape(2, 3))
    ds.SOPInstanceUID, ds.InstanceNumber = f"{common.SeriesInstanceUID[:56]}.{k + 1}", k + 1
    ds.ImagePositionPatient, ds.SliceLocation = [_ds(v) for v in origin], _ds(float(origin @ normal))
    ds.PixelData = np.ascontiguousarray(volume.hu[k].astype("<i2")).tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.ImplementationClassUID = pydicom.uid.PYDICOM_IMPLEMENTATION_UID
    return ds


def _ds(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 6.2, VR DS)."""
    return f"{float(value):.10g}"[:16]
