from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from endplate.geometry.sampling import nearest

IMAGE = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


@given(st.tuples(st.floats(-3, 8), st.floats(-3, 8), st.floats(-3, 8)))
def test_the_nearest_voxel_is_given_and_nothing_beyond_them(voxel: tuple[float, float, float]) -> None:
    got = float(nearest(IMAGE, np.array(voxel)))
    k, j, i = (int(np.floor(v + 0.5)) for v in voxel)
    inside = 0 <= k < 4 and 0 <= j < 5 and 0 <= i < 6
    assert got == IMAGE[k, j, i] if inside else np.isnan(got)


def test_the_shape_is_that_of_the_points() -> None:
    assert nearest(IMAGE, np.zeros((2, 3, 3))).shape == (2, 3)
    assert nearest(IMAGE, np.zeros((0, 3))).shape == (0,)
