from __future__ import annotations

import numpy as np
import pytest

from endplate import phantom
from endplate.anatomy import levels
from endplate.anatomy.vertebra import exact
from endplate.densitometry.mid_plane import mid_plane
from endplate.densitometry.region import region_of
from endplate.densitometry.walls import lateral_walls
from endplate.phantom import Phantom, ScannerSettings, SpineShape
from endplate.phantom.settings import Anatomy, BodySettings
from endplate.phantom.spine.norms import norm
from endplate.volume import Volume
from strategies import body_points

WALL_MM = 1.5
WAIST_MM = BodySettings().waist_mm


def made(first: str, last: str, width: float = 1.0) -> Phantom:
    names = levels.USUAL[levels.USUAL.index(first) : levels.USUAL.index(last) + 1]
    spine = phantom.spine(names, SpineShape(size=1.0))
    top, bottom = levels.coordinate(first) - 0.4, levels.coordinate(last) + 0.9
    scanner = ScannerSettings((top, bottom), 1.0, 1.5, field_mm=(200.0, 200.0))
    return phantom.render(spine, Anatomy(bodies={n: BodySettings(width=width) for n in names}), scanner, seed=1)


@pytest.mark.parametrize(("first", "last", "width"), [("T5", "T8", 1.0), ("T11", "L2", 0.9), ("L2", "L4", 1.1)])
def test_the_walls_of_a_phantom_are_found(first: str, last: str, width: float) -> None:
    scan = made(first, last, width)
    for vertebra in scan.vertebrae:
        if vertebra.complete and vertebra.level:
            plane = mid_plane(vertebra)
            assert plane is not None
            walls = lateral_walls(scan.volume, plane)
            assert walls is not None
            half = float(norm("width", levels.coordinate(vertebra.level))) * width / 2 - WAIST_MM
            assert walls == pytest.approx((-half, half), abs=WALL_MM), vertebra.level


def test_without_walls_the_ellipse_is_narrow_and_on_the_points() -> None:
    plane = mid_plane(exact(body_points((25.0, 24.0, 26.0))))
    assert plane is not None
    even = Volume(np.full((80, 80, 80), 120, np.int16), np.array([[0, 0, 1.0, -40], [0, 1, 0, -40], [-1, 0, 0, 40], [0, 0, 0, 1]]))
    assert lateral_walls(even, plane) is None
    region = region_of(even, plane)
    assert region.centre_mm[1] == 0.0
    assert region.half_mm[1] < 0.3 * plane.depth_mm
    assert region.half_width_mm is None


def test_the_region_keeps_clear_of_the_walls_and_the_vein() -> None:
    for depth in (12.0, 20.0, 30.0, 40.0):
        plane = mid_plane(exact(body_points((25.0, 24.0, 26.0), depth_mm=depth)))
        assert plane is not None
        assert plane.depth_mm == pytest.approx(depth, abs=0.1)
        region = region_of(Volume(np.zeros((4, 4, 4), np.int16), np.eye(4)), plane)
        front, back = (region.centre_mm[0] + sign * region.half_mm[0] for sign in (-1, 1))
        assert front >= 4.5 - 1e-9
        assert back <= 0.66 * plane.depth_mm + 1e-9
        assert region.slab_mm <= 2.0


def test_the_mid_plane_halves_the_columns_of_a_wedge() -> None:
    points = body_points((15.0, 19.0, 26.0))
    plane = mid_plane(exact(points))
    assert plane is not None
    assert np.allclose(plane.axes @ plane.axes.T, np.eye(3))
    assert plane.axes[0, 2] < -0.9, "s runs down"
    assert plane.axes[2, 0] == pytest.approx(1.0), "r runs to the left"
    middles = (points.mean(1) - plane.origin_mm) @ plane.axes.T
    assert np.abs(middles[:, 0]).max() < 0.5
    assert plane.height_mm == pytest.approx(15.0)
