"""Another order of axes changes indices, never what lies where."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from endplate.geometry import frames
from endplate.volume import Volume
from endplate.volume.axes import along_patient


def canonical() -> Volume:
    axes = Rotation.from_euler("xyz", (11.0, -7.0, 14.0), degrees=True).as_matrix()[:, [2, 1, 0]] * np.array([2.0, 0.8, 0.7])
    return Volume(np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6), frames.affine(axes, np.array([3.0, -20.0, 7.0])))


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("backwards", list(product((False, True), repeat=3)))
def test_every_storage_order_gives_one_array(order: tuple[int, int, int], backwards: tuple[bool, bool, bool]) -> None:
    known = canonical()
    hu, matrix = known.hu.transpose(order), known.patient_from_voxel[:, [*order, 3]].copy()
    for axis in range(3):
        if backwards[axis]:
            hu = np.flip(hu, axis)
            matrix[:3, 3] += matrix[:3, axis] * (hu.shape[axis] - 1)
            matrix[:3, axis] *= -1
    found = along_patient(Volume(hu, matrix))
    assert np.array_equal(found.hu, known.hu)
    assert found.patient_from_voxel == pytest.approx(known.patient_from_voxel)
