from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.detection import codec


def chain(count: int, height: float, depth: float, disc: float, tilt: float) -> list[codec.Body]:
    """Bodies one below the other, each tilted, every point known."""
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    box = np.array([[[s * height / 2, (c - 1) * depth / 2] for s in (-1, 1)] for c in (0, 1, 2)])
    return [
        codec.Body(box @ turn.T + (40 + k * (height + disc), 45.0 + 3 * np.sin(k)), np.full((3, 2), 0.5), 1.5, 1.0)
        for k in range(count)
    ]


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 8), st.floats(12, 32), st.floats(17, 38), st.floats(1.5, 10), st.floats(-0.35, 0.35))
def test_decoding_inverts_encoding(count: int, height: float, depth: float, disc: float, tilt: float) -> None:
    bodies = chain(count, height, depth, disc, tilt)
    rows = int(80 + count * (height + disc))
    found = codec.decode(codec.encode(bodies, (rows // 4 + 1, 24)))
    assert len(found) == count
    for true, seen in zip(bodies, found, strict=True):
        np.testing.assert_allclose(seen.points_px, true.points_px, atol=1e-9)
        np.testing.assert_allclose(seen.sd_px, true.sd_px, atol=1e-9)
        assert abs(seen.lateral_px - true.lateral_px) < 1e-9


def test_one_body_seen_twice_is_one_body() -> None:
    """Cells of one body that disagree by a few millimetres still make one vertebra."""
    body = chain(1, 24, 30, 5, 0.1)[0]
    maps = codec.encode([body], (30, 24))
    inside = maps.objectness > 0
    half = inside & (np.arange(30)[:, None] < np.flatnonzero(inside.any(1)).mean())
    maps.offsets[0::2, half] += 6.0 / codec.OFFSET_PX
    assert len(codec.decode(maps)) == 1


def test_empty_maps_hold_no_body() -> None:
    assert codec.decode(codec.encode([], (20, 24))) == []


def test_a_lone_weak_cell_is_noise() -> None:
    maps = codec.encode([], (20, 24))
    maps.objectness[5, 5] = 0.9
    assert codec.decode(maps) == []


def test_central_part_is_inside_the_outline() -> None:
    body = chain(1, 20, 30, 5, 0.2)[0]
    cells = codec.cell_centres((30, 24), 4)
    inner, outer = (codec.central_part(body.points_px, cells, k) for k in (0.6, 1.0))
    assert inner.sum() > 0
    assert (outer | ~inner).all()
    assert not codec.central_part(body.points_px, body.centre_px + np.array([0.0, 17.0]), 1.0)
