"""One order of a volume's axes, whatever the order in which a file stores it."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endplate.volume.hounsfield import HounsfieldArray
from endplate.volume.volume import Volume

_PATIENT_AXIS = (2, 1, 0)
"""Which axis of LPS slices, rows and columns follow: to the head, to the back, to the left."""


def along_patient(volume: Volume) -> Volume:
    """The same voxels in the same places, indexed so that slices run to the head, rows to the back and columns to the left.

    Nothing is interpolated. Whatever samples every n-th voxel then sees the same ones in DICOM and in NIfTI.
    """
    cosines = volume.patient_from_voxel[:3, :3] / volume.spacing_mm
    order = max(permutations(range(3)), key=lambda o: sum(abs(cosines[_PATIENT_AXIS[n], o[n]]) for n in range(3)))
    backwards = [bool(cosines[_PATIENT_AXIS[n], order[n]] < 0) for n in range(3)]
    if order == (0, 1, 2) and not any(backwards):
        return volume
    turned: NDArray[Any] = np.transpose(volume.hu, order)
    hu = turned[tuple(slice(None, None, -1 if b else 1) for b in backwards)]
    contiguous: HounsfieldArray = np.ascontiguousarray(hu)
    old_from_new = np.zeros((4, 4))
    old_from_new[3, 3] = 1.0
    for new, old in enumerate(order):
        old_from_new[old, new] = -1.0 if backwards[new] else 1.0
        old_from_new[old, 3] = volume.hu.shape[old] - 1.0 if backwards[new] else 0.0
    return replace(volume, hu=contiguous, patient_from_voxel=volume.patient_from_voxel @ old_from_new)
