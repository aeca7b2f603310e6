"""A phantom's known cancellous bone is given back from any grid; what is no cancellous bone gets a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from endplate import phantom
from endplate.anatomy import Vertebra
from endplate.densitometry import attenuation, attenuations
from endplate.geometry import frames
from endplate.phantom import Phantom, ScannerSettings, SpineShape
from endplate.phantom.settings import Anatomy, BodySettings, TissueSettings
from endplate.phantom.spine.turn import turned
from endplate.volume import Volume
from strategies import rotations

PLAIN_HU = 8.0
"""Without texture and noise: what the endplates' sclerosis and the grid leave."""
TEXTURED_HU = 25.0
"""With them: the texture has clouds of a few mm, of which a region holds few."""
GRID_HU = 12.0
PLAIN = TissueSettings(texture=0.0)
SMALL = ScannerSettings((17.6, 20.9), 0.9, 1.0, field_mm=(140.0, 140.0), noise_hu=0.0, streaks_hu=0.0)
LEVELS = ("T11", "T12", "L1", "L2")


@cache
def made(
    tissue: TissueSettings = PLAIN,
    scanner: ScannerSettings = SMALL,
    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    bodies: tuple[tuple[str, Any], ...] = (),
    fracture: str = "",
) -> Phantom:
    """A lumbar phantom whose L1 has particulars."""
    spine = phantom.spine(LEVELS, SpineShape())
    if fracture:
        spine = phantom.fracture(spine, *phantom.parse_fracture(fracture))
    anatomy = Anatomy(tissue, bodies={"L1": BodySettings(**dict(bodies))})
    return phantom.render(turned(spine, turn_deg), anatomy, scanner, seed=3)


def body(scan: Phantom, level: str = "L1") -> Vertebra:
    return next(v for v in scan.vertebrae if v.level == level)


@pytest.mark.parametrize("cancellous", [20.0, 90.0, 170.0, 300.0])
@pytest.mark.parametrize("offset", [-6.0, 10.0])
def test_the_known_bone_is_given_back(cancellous: float, offset: float) -> None:
    scan = made(TissueSettings(cancellous=cancellous, texture=0.0), replace(SMALL, offset_hu=offset))
    for name in ("T12", "L1"):
        found = attenuation(scan.volume, body(scan, name))
        assert found.reason is None
        assert found.mean_hu == pytest.approx(cancellous + offset, abs=PLAIN_HU)
        assert found.sd_hu < 20.0
        assert 120.0 < found.area_mm2 < 450.0


@pytest.mark.parametrize(
    "scanner",
    [
        SMALL,
        replace(SMALL, slice_mm=5.0),
        replace(SMALL, slice_mm=3.0, pixel_mm=1.5),
        replace(SMALL, slice_mm=0.6, pixel_mm=0.6),
        replace(SMALL, feet_first=True),
    ],
    ids=["1 mm", "5 mm slices", "coarse", "fine", "feet first"],
)
def test_noise_and_texture_leave_the_mean(scanner: ScannerSettings) -> None:
    scan = made(TissueSettings(), replace(scanner, noise_hu=25.0))
    for name in ("T12", "L1"):
        found = attenuation(scan.volume, body(scan, name))
        assert found.mean_hu == pytest.approx(170.0, abs=TEXTURED_HU)
        assert found.sd_hu > 15.0


@pytest.mark.parametrize("turn_deg", [(18.0, 0.0, 0.0), (0.0, 12.0, 0.0), (0.0, 0.0, 20.0), (-10.0, 8.0, -15.0)])
def test_a_patient_who_lies_askew_reads_the_same(turn_deg: tuple[float, float, float]) -> None:
    scan = made(turn_deg=turn_deg)
    assert attenuation(scan.volume, body(scan)).mean_hu == pytest.approx(170.0, abs=PLAIN_HU)


def regridded(scan: Phantom, axes: NDArray[np.floating], centre_mm: NDArray[np.floating], reach_mm: float = 42.0) -> Volume:
    """The scan about a point on another grid; ``axes`` (3, 3) are its steps in columns."""
    count = np.ceil(2 * reach_mm / np.linalg.norm(axes, axis=0)).astype(int)
    matrix = frames.affine(axes, centre_mm - axes @ ((count - 1) / 2))
    grid = np.stack(np.meshgrid(*map(np.arange, count), indexing="ij"), -1)
    voxels = frames.apply(scan.volume.voxel_from_patient @ matrix, grid)
    hu = map_coordinates(scan.volume.hu.astype(np.float32), np.moveaxis(voxels, -1, 0), order=1, cval=-1024.0)
    return Volume(np.rint(hu).astype(np.int16), matrix)


@given(
    rotation=rotations(),
    spacing=st.tuples(st.floats(0.6, 4.0), st.floats(0.6, 1.5), st.floats(0.6, 1.5)),
    order=st.permutations((0, 1, 2)),
    signs=st.tuples(*(st.sampled_from((-1, 1)),) * 3),
)
@settings(max_examples=40, deadline=None)
def test_any_orientation_spacing_and_flip_reads_the_same(
    rotation: NDArray[np.floating], spacing: tuple[float, float, float], order: list[int], signs: tuple[int, int, int]
) -> None:
    scan = made()
    vertebra = body(scan)
    axes = (rotation * np.array(spacing) * np.array(signs))[:, order]
    found = attenuation(regridded(scan, axes, vertebra.centre_mm), vertebra)
    assert found.reason is None
    assert found.mean_hu == pytest.approx(170.0, abs=GRID_HU)


@given(st.lists(st.floats(-1.5, 1.5), min_size=18, max_size=18))
@settings(max_examples=25, deadline=None)
def test_points_that_are_a_little_off_read_the_same(off: list[float]) -> None:
    scan = made()
    vertebra = body(scan)
    moved = replace(vertebra, points_mm=vertebra.points_mm + np.reshape(off, (3, 2, 3)))
    assert attenuation(scan.volume, moved).mean_hu == pytest.approx(170.0, abs=GRID_HU)


@pytest.mark.parametrize("aside_mm", [-5.0, 5.0])
def test_points_beside_the_mid_plane_are_centred_between_the_walls(aside_mm: float) -> None:
    scan = made()
    moved = replace(body(scan), points_mm=body(scan).points_mm + np.array([aside_mm, 0.0, 0.0]))
    assert attenuation(scan.volume, moved).mean_hu == pytest.approx(170.0, abs=PLAIN_HU)


@pytest.mark.parametrize("metal", ["cement", "screws"])
def test_cement_and_screws_are_a_reason_and_leave_the_neighbour_alone(metal: str) -> None:
    scan = made(bodies=((metal, True),))
    found = attenuation(scan.volume, body(scan))
    assert found.reason is not None
    assert found.reason.startswith("metal, cement or dense sclerosis in the body (")
    assert np.isnan([found.mean_hu, found.sd_hu, found.area_mm2]).all()
    assert attenuation(scan.volume, body(scan, "T12")).mean_hu == pytest.approx(170.0, abs=PLAIN_HU)


def painted(hu: float, radius_mm: float, level: str = "L1") -> tuple[Volume, Vertebra]:
    """The scan with a ball of another density in the middle of the region."""
    scan = made()
    vertebra = body(scan, level)
    centre = 0.6 * vertebra.points_mm[0].mean(0) + 0.4 * vertebra.points_mm[2].mean(0)
    index = np.stack(np.meshgrid(*map(np.arange, scan.volume.hu.shape), indexing="ij"), -1)
    ball = np.linalg.norm(frames.apply(scan.volume.patient_from_voxel, index) - centre, axis=-1) < radius_mm
    return Volume(np.where(ball, np.int16(hu), scan.volume.hu), scan.volume.patient_from_voxel), vertebra


def test_a_bone_island_is_left_out() -> None:
    plain, island = attenuation(made().volume, body(made())), attenuation(*painted(700.0, 3.0))
    assert island.reason is None
    assert island.mean_hu == pytest.approx(170.0, abs=25.0)
    assert island.area_mm2 < 0.9 * plain.area_mm2


@pytest.mark.parametrize(
    ("hu", "radius_mm", "words"),
    [(650.0, 7.0, "uneven"), (-900.0, 3.0, "air or no image"), (1500.0, 9.0, "metal, cement"), (900.0, 14.0, "a mean of")],
)
def test_sclerosis_gas_and_foreign_matter_are_reasons(hu: float, radius_mm: float, words: str) -> None:
    found = attenuation(*painted(hu, radius_mm))
    assert found.reason is not None
    assert found.reason.startswith(words)


def test_a_body_that_is_cut_or_doubted_is_not_measured() -> None:
    scan = made()
    cut = attenuation(scan.volume, replace(body(scan), complete=False))
    assert cut.reason == "cut by the field of view"
    assert attenuation(scan.volume, replace(body(scan), doubt="the points disagree")).reason == "the points disagree"


@pytest.mark.parametrize("cut", [lambda hu, k: hu[:k], lambda hu, k: hu[k:]], ids=["below", "above"])
def test_a_region_beyond_the_scan_is_said_even_of_a_body_that_claims_to_be_whole(cut: Callable[..., Any]) -> None:
    scan = made()
    k = round(float(frames.apply(scan.volume.voxel_from_patient, body(scan).centre_mm)[0]))
    hu = cut(scan.volume.hu, k)
    matrix = scan.volume.patient_from_voxel.copy()
    if len(hu) != k:
        matrix[:3, 3] += k * matrix[:3, 0]
    assert attenuation(Volume(hu, matrix), body(scan)).reason == "the region reaches beyond the scan"


def test_padding_about_a_round_field_of_view_is_no_bone() -> None:
    scan = made()
    empty = Volume(np.full_like(scan.volume.hu, -2000), scan.volume.patient_from_voxel)
    assert str(attenuation(empty, body(scan)).reason).startswith("air or no image in the region (100%")


def test_a_body_pressed_flat_leaves_no_room() -> None:
    flat = body(made())
    squeezed = flat.points_mm.mean(1, keepdims=True) + 0.2 * (flat.points_mm - flat.points_mm.mean(1, keepdims=True))
    assert "leave no room" in str(attenuation(made().volume, replace(flat, points_mm=squeezed)).reason)


def test_points_that_span_no_body_are_a_reason() -> None:
    line = np.linspace([0.0, 0, 0], [0, 0, 30], 6).reshape(3, 2, 3)
    for points in (line, np.zeros((3, 2, 3)), np.arange(18.0).reshape(3, 2, 3)):
        assert attenuation(made().volume, replace(body(made()), points_mm=points)).reason is not None


def test_a_fractured_body_is_measured_too() -> None:
    scan = made(fracture="L1:wedge:2")
    assert attenuation(scan.volume, body(scan)).reason is None


def test_the_volume_is_not_changed_and_the_order_kept() -> None:
    scan = made()
    before = scan.volume.hu.copy()
    found = attenuations(scan.volume, scan.vertebrae)
    assert found == tuple(attenuation(scan.volume, v) for v in scan.vertebrae)
    assert np.array_equal(before, scan.volume.hu)
