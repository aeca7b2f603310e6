"""Planes through a box, on any box and at any place."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.geometry import frames
from endplate.review.planes import Box, Which, box_of, cut, to_int16

AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}
places = st.floats(-400, 400)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    shape = tuple(draw(st.integers(1, 9)) for _ in range(3))
    return Box(shape, draw(st.sampled_from([0.5, 1.0, 2.5])), (draw(places), draw(places), draw(places)))


def numbered(box: Box) -> np.ndarray:
    return np.arange(np.prod(box.shape), dtype=np.int16).reshape(box.shape)


@settings(deadline=None, max_examples=300)
@given(boxes(), st.sampled_from(get_args(Which)), places, st.data())
def test_a_pixel_is_the_voxel_that_lies_there(box: Box, which: Which, at: float, data: st.DataObject) -> None:
    image, where = cut(numbered(box), box, which, at)
    assert list(image.shape) == where["shape"]
    r, c = (data.draw(st.integers(0, n - 1)) for n in image.shape)
    x, y, z = np.array(where["origin_lps_mm"]) + where["spacing_mm"] * (
        r * np.array(where["row_lps"]) + c * np.array(where["column_lps"])
    )
    first, step = box.origin_lps_mm, box.spacing_mm
    i, j, k = (round((x - first[0]) / step), round((y - first[1]) / step), round((first[2] - z) / step))
    assert image[r, c] == numbered(box)[k, j, i]
    assert (x, y, z)[AXIS[which]] == pytest.approx(where["at_mm"])
    assert frames.apply(box.patient_from_voxel, np.array([k, j, i])) == pytest.approx(np.array([x, y, z]))


@settings(deadline=None, max_examples=300)
@given(boxes(), st.sampled_from(get_args(Which)), st.one_of(places, st.sampled_from([-1e300, 1e300])))
def test_the_nearest_plane_is_given(box: Box, which: Which, at: float) -> None:
    _, where = cut(numbered(box), box, which, at)
    count = dict(zip(("axial", "coronal", "sagittal"), box.shape, strict=True))[which]
    sign = -1.0 if which == "axial" else 1.0
    there = box.origin_lps_mm[AXIS[which]] + sign * box.spacing_mm * np.arange(count)
    assert np.abs(there - where["at_mm"]).min() < 1e-9
    assert abs(where["at_mm"] - at) <= np.abs(there - at).min() + 1e-9


def test_rows_and_columns_run_as_a_radiologist_expects() -> None:
    box = Box((4, 5, 6), 1.0, (0.0, 0.0, 0.0))
    ways = {which: cut(numbered(box), box, which, 0.0)[1] for which in get_args(Which)}
    down = {which: where["row_lps"] for which, where in ways.items()}
    along = {which: where["column_lps"] for which, where in ways.items()}
    feet, back, left = [0, 0, -1], [0, 1, 0], [1, 0, 0]
    assert down == {"sagittal": feet, "coronal": feet, "axial": back}
    assert along == {"sagittal": back, "coronal": left, "axial": left}
    assert {which: where["shape"] for which, where in ways.items()} == {"sagittal": [4, 5], "coronal": [4, 6], "axial": [5, 6]}


def test_what_is_no_plane_is_refused() -> None:
    box = Box((4, 5, 6), 1.0, (0.0, 0.0, 0.0))
    wrong: Any = "oblique"
    with pytest.raises(ValueError, match="sagittal, coronal, axial, got 'oblique'"):
        cut(numbered(box), box, wrong, 0.0)
    for at in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            cut(numbered(box), box, "axial", at)


def test_facts_make_the_box_again() -> None:
    box = Box((4, 5, 6), 1.0, (1.5, -2.0, 3.0))
    assert box_of(box.facts) == box


@pytest.mark.parametrize("shape", [(0, 5, 6), (4, -1, 6), (5000, 5000, 5000)])
def test_an_empty_or_enormous_box_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="voxels"):
        Box(shape, 1.0, (0.0, 0.0, 0.0))


def test_grey_values_are_rounded_and_clipped() -> None:
    hu = np.array([0.6, -0.6, -1023.4, 32767.9, 1e9, -1e9], np.float32)
    assert to_int16(hu).tolist() == [1, -1, -1023, 32767, 32767, -32768]
