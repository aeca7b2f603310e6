"""The one in-memory form of a CT."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from endplate.errors import InputRefused
from endplate.geometry import frames


@dataclass(frozen=True)
class Source:
    """Where a volume came from; rendered in the report, never used to measure.

    Attributes:
        kind: ``dicom``, ``nifti``, ``nrrd``, ``mha`` or ``phantom``.
        path: file or folder as given by the user.
        name: a safe folder name for this scan's results.
        tags: further facts for the report: series_instance_uid, kvp, contrast, kernel, ...
        messages: what the reader noticed and the user should know (``skipped: localiser, 1 file``).
    """

    kind: str
    path: str = ""
    name: str = "scan"
    tags: dict[str, str | float | int | None] = field(default_factory=dict)
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Volume:
    """A CT in Hounsfield units.

    Attributes:
        hu: Hounsfield units (slices k, rows j, columns i), int16 or float32.
        patient_from_voxel: affine (4, 4) from array index (k, j, i) to LPS mm, voxel centres; may be oblique,
            flipped or sheared (gantry tilt).
        source: where it came from.

    Raises:
        InputRefused: if the array is not three-dimensional, or the affine is not finite and invertible.
    """

    hu: NDArray[np.int16] | NDArray[np.float32]
    patient_from_voxel: NDArray[np.floating]
    source: Source = Source("phantom")

    def __post_init__(self) -> None:
        if self.hu.ndim != 3:
            raise InputRefused("not_a_volume", f"expected a 3D image, got shape {self.hu.shape}; give one CT volume")
        matrix = np.asarray(self.patient_from_voxel, float)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
            raise InputRefused(
                "bad_geometry", f"the voxel-to-patient matrix is not invertible: {matrix.tolist()}; check the header"
            )

    @property
    def spacing_mm(self) -> NDArray[np.floating]:
        """Step in mm along (k, j, i)."""
        return frames.spacing(self.patient_from_voxel)

    @property
    def voxel_from_patient(self) -> NDArray[np.floating]:
        """Affine (4, 4) from LPS mm to array index (k, j, i)."""
        return np.linalg.inv(np.asarray(self.patient_from_voxel, float))

    @property
    def slice_mm(self) -> float:
        """Spacing along the voxel axis that runs most nearly head to feet."""
        return float(self.spacing_mm[int(np.abs(self.patient_from_voxel[2, :3] / self.spacing_mm).argmax())])
