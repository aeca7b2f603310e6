"""Volumes that come as one file: NIfTI, NRRD and MetaImage. Nothing is resampled; the header's frame is kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused
from endplate.geometry import frames
from endplate.volume import meta_image
from endplate.volume.hounsfield import MOST_VOXELS, hounsfield
from endplate.volume.nifti_header import check_extensions
from endplate.volume.plausibility import check_plausible
from endplate.volume.volume import Source, Volume

_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_IJK_FROM_KJI = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], float)
"""The file formats index (i, j, k), the fastest axis first; a Volume indexes (k, j, i)."""

_MM_PER_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}

_LPS_FROM_NRRD_SPACE = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}

_FEWEST_SLICES = 3


def read_nifti(path: Path) -> Volume:
    """A NIfTI file (``.nii``, ``.nii.gz``) in HU and LPS mm.

    Raises:
        InputRefused: for a damaged file, 2D or 4D images, values that are no HU, a frame that is not invertible.
    """
    return _guarded(_nifti, Path(path))


def read_nrrd(path: Path) -> Volume:
    """An NRRD file (``.nrrd``, or ``.nhdr`` beside its data) in HU and LPS mm.

    Raises:
        InputRefused: as `read_nifti`, and for a frame that is not tied to the patient.
    """
    return _guarded(_nrrd, Path(path))


def read_meta_image(path: Path) -> Volume:
    """A MetaImage (``.mha``, or ``.mhd`` beside its data) in HU and LPS mm.

    Raises:
        InputRefused: as `read_nifti`.
    """
    return _guarded(_meta_image, Path(path))


def _guarded(read: Callable[[Path], Volume], path: Path) -> Volume:
    """The libraries raise a dozen exception types on damaged files; callers meet one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            volume = read(path)
    except (InputRefused, MemoryError):
        raise
    except FileNotFoundError as error:
        raise InputRefused("no_scan", f"{error.filename or path} does not exist; give a file or a folder") from error
    except Exception as error:
        raise InputRefused(
            "unreadable", f"{path}: {type(error).__name__}: {error}; the file is damaged; export it again"
        ) from error
    check_plausible(volume, path.name)
    return volume


def _nifti(path: Path) -> Volume:
    import nibabel

    check_extensions(path)
    image: Any = nibabel.load(path)
    if not isinstance(image, nibabel.Nifti1Pair):
        raise InputRefused("unreadable", f"{path.name}: is a {type(image).__name__}; expected NIfTI; convert the image")
    shape = _three_axes(image.shape, path.name)
    stored = np.asanyarray(image.dataobj.get_unscaled()).reshape(shape, order="F").T
    hu, messages = hounsfield(stored, float(image.dataobj.slope), float(image.dataobj.inter))
    if not (image.header["qform_code"] or image.header["sform_code"]):
        messages += ("the header names no orientation: left and right, front and back are assumed, not known",)
    units = np.diag([_MM_PER_UNIT.get(image.header.get_xyzt_units()[0], 1.0)] * 3 + [1.0])
    patient_from_voxel = _LPS_FROM_RAS @ units @ image.affine @ _IJK_FROM_KJI
    return Volume(hu, patient_from_voxel, Source("nifti", str(path), messages=messages))


def _nrrd(path: Path) -> Volume:
    import nrrd

    with path.open("rb") as stream:
        header: Any = nrrd.read_header(stream)
        directions, sizes = _spatial_axes(header, path.name)
        _check_beside(header.get("data file", header.get("datafile")), path)
        data = nrrd.read_data(header, stream, str(path), index_order="F")
    hu, messages = hounsfield(data.reshape(sizes, order="F").T)
    space = str(header.get("space", "")).lower()
    if space not in _LPS_FROM_NRRD_SPACE:
        raise InputRefused(
            "bad_geometry", f"{path.name}: space is {space!r}; expected one tied to the patient, such as LPS; add it"
        )
    to_lps = np.diag([*_LPS_FROM_NRRD_SPACE[space], 1.0])
    axes = frames.affine(directions.T, np.asarray(header.get("space origin", (0, 0, 0)), float))
    return Volume(hu, to_lps @ axes @ _IJK_FROM_KJI, Source("nrrd", str(path), messages=messages))


def _spatial_axes(header: Any, name: str) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """Steps (3, 3), one row per axis, and sizes of the three axes that lie in space; the others must have length 1."""
    sizes = np.asarray(header["sizes"], int)
    rows = header.get("space directions")
    if rows is None:
        raise InputRefused("bad_geometry", f"{name}: has no 'space directions'; expected the frame of the patient; export it again")
    steps = [None if row is None or np.isnan(np.asarray(row, float)).any() else np.asarray(row, float) for row in rows]
    spatial = [a for a, step in enumerate(steps) if step is not None]
    others = [int(n) for a, n in enumerate(sizes) if a not in spatial]
    if len(spatial) != 3 or any(n != 1 for n in others):
        raise InputRefused("not_a_volume", f"{name}: sizes {sizes.tolist()}, {len(spatial)} axes in space; expected one 3D image")
    return np.array([steps[a] for a in spatial], float), _three_axes([sizes[a] for a in spatial], name)


def _meta_image(path: Path) -> Volume:
    header = meta_image.read_header(path)
    shape = _three_axes(header.sizes, path.name)
    if header.data_file != "LOCAL":
        _check_beside(header.data_file, path)
    hu, messages = hounsfield(meta_image.read_values(path, header).reshape(shape, order="F").T)
    patient_from_voxel = frames.affine(header.axes_mm.T, header.origin_mm) @ _IJK_FROM_KJI
    return Volume(hu, patient_from_voxel, Source("mha", str(path), messages=messages))


def _three_axes(sizes: Any, name: str) -> tuple[int, ...]:
    """The sizes of a 3D image, after trailing axes of length 1 are dropped."""
    shape = tuple(int(n) for n in sizes)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < _FEWEST_SLICES:
        raise InputRefused("not_a_volume", f"{name}: sizes are {shape}; expected one 3D image; export a single volume")
    if int(np.prod(shape, dtype=object)) > MOST_VOXELS:
        raise InputRefused("too_large", f"{name}: sizes are {shape}; expected at most {MOST_VOXELS:,} voxels; crop the image")
    return shape


def _check_beside(data_file: Any, header: Path) -> None:
    """A header from elsewhere must not make us open any file of this machine."""
    if data_file is None:
        return
    target = (header.parent / str(data_file)).resolve()
    if target.parent != header.parent.resolve():
        raise InputRefused("bad_data_file", f"{header.name} points to {data_file!r}; expected a file beside it; move it there")
