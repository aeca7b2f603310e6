"""Phantom -> oracle -> the whole pipeline -> the phantom's own heights: everything but the weights, on every geometry."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from endplate import oracle, phantom, pipeline
from endplate.anatomy import COLUMNS, Vertebra, levels
from endplate.detection.detect import detect
from endplate.geometry import frames
from endplate.geometry.curves import through
from endplate.localisation.localise import Centreline, localise
from endplate.morphometry import measure
from endplate.morphometry.heights import heights
from endplate.morphometry.summary import kyphosis_deg
from endplate.phantom import Phantom, ScannerSettings, SpineShape
from endplate.phantom.phantom import inside
from endplate.phantom.spine.turn import turned
from endplate.report import figure
from endplate.report.report import Entry, Report, json_schema
from endplate.straightening import straighten
from endplate.volume import Volume

Floats = NDArray[np.floating]
HEIGHT_MM = 0.3
POINT_MM = 1.0
CENTRELINE_MM = 2.0
UPRIGHT = SpineShape(kyphosis_deg=0.0, lordosis_deg=0.0, cervical_deg=0.0)
BENT = SpineShape(kyphosis_deg=50.0, scoliosis_deg=30.0)
SMALL = ScannerSettings((13.1, 20.8), 1.6, 1.5, field_mm=(240.0, 200.0), off_centre_mm=(14.0, -9.0))


@cache
def made(shape: SpineShape = BENT, scanner: ScannerSettings = SMALL, turn_deg: tuple[float, float, float] | None = None) -> Phantom:
    """A CT of a spine with a moderate wedge of T9 and a moderate crush of T12."""
    spine = phantom.spine(levels.USUAL[1:], shape)
    for fracture in ("T12:crush:2", "T9:wedge:2"):
        spine = phantom.fracture(spine, *phantom.parse_fracture(fracture))
    return phantom.render(turned(spine, turn_deg) if turn_deg else spine, scanner=scanner, seed=1, shape=shape)


def quantified(volume: Volume, truth: Sequence[Vertebra], top_level: str | None = None) -> Report:
    return pipeline.quantify_volume(volume, oracle.models(truth), pipeline.Settings(top_level)).report


def points_of(entry: Entry) -> Floats:
    return np.array([getattr(entry.points_lps_mm, column) for column in COLUMNS])


def assert_true(report: Report, truth: Sequence[Vertebra], point_mm: float = POINT_MM) -> None:
    assert report.status == "ok"
    assert [e.level for e in report.vertebrae] == [v.level for v in truth]
    assert [e.complete for e in report.vertebrae] == [v.complete for v in truth]
    for entry, known in zip(report.vertebrae, truth, strict=True):
        read = [getattr(entry.heights_mm, column) for column in COLUMNS]
        assert read == pytest.approx(heights(known.points_mm), abs=HEIGHT_MM), entry.level
        away = np.linalg.norm(points_of(entry) - known.points_mm, axis=-1)
        assert away.max() < point_mm, entry.level


@pytest.mark.parametrize(
    "shape",
    [UPRIGHT, SpineShape(kyphosis_deg=75.0), SpineShape(scoliosis_deg=45.0), SpineShape(scoliosis_deg=-30.0), BENT],
    ids=["straight", "kyphotic", "scoliotic to the left", "scoliotic to the right", "both"],
)
def test_the_heights_of_any_spine_come_back(shape: SpineShape) -> None:
    scan = made(shape)
    assert sum(v.complete for v in scan.vertebrae) >= 6
    assert_true(quantified(scan.volume, scan.vertebrae), scan.vertebrae)


@pytest.mark.parametrize(
    "scanner",
    [replace(SMALL, slice_mm=5.0), replace(SMALL, pixel_mm=2.4, slice_mm=0.8), replace(SMALL, feet_first=True)],
    ids=["thick slices", "thin slices", "feet first"],
)
def test_the_heights_of_any_grid_come_back(scanner: ScannerSettings) -> None:
    scan = made(scanner=scanner)
    assert_true(quantified(scan.volume, scan.vertebrae), scan.vertebrae)


@pytest.mark.parametrize(
    ("turn_deg", "point_mm"),
    [((18.0, 0.0, 0.0), POINT_MM), ((0.0, 12.0, 0.0), 2.0), ((0.0, 0.0, 20.0), 8.0)],
    ids=["pitched", "leaning", "rolled"],
)
def test_the_heights_of_a_patient_who_lies_askew_come_back(turn_deg: tuple[float, float, float], point_mm: float) -> None:
    """Straight space does not roll with the patient: in a rolled one the heights hold, while front and back points leave the
    mid-plane of the body sideways, by up to half its depth times the sine of the roll."""
    scan = made(UPRIGHT, turn_deg=turn_deg)
    assert_true(quantified(scan.volume, scan.vertebrae), scan.vertebrae, point_mm)


@pytest.mark.parametrize(
    ("order", "signs"),
    [
        ((0, 1, 2), (-1, -1, -1)),
        ((0, 2, 1), (1, 1, 1)),
        ((1, 0, 2), (1, -1, 1)),
        ((1, 2, 0), (-1, 1, 1)),
        ((2, 0, 1), (1, 1, -1)),
        ((2, 1, 0), (-1, 1, -1)),
    ],
)
def test_the_order_and_the_direction_of_the_array_axes_change_nothing(
    order: tuple[int, int, int], signs: tuple[int, int, int]
) -> None:
    scan = made()
    hu = scan.volume.hu.transpose(order)
    matrix = scan.volume.patient_from_voxel.copy()
    matrix[:3, :3] = matrix[:3, list(order)]
    for axis, sign in enumerate(signs):
        if sign < 0:
            hu = np.flip(hu, axis)
            matrix[:3, 3] += matrix[:3, axis] * (hu.shape[axis] - 1)
            matrix[:3, axis] *= -1
    other = Volume(np.ascontiguousarray(hu), matrix)
    one, two = quantified(scan.volume, scan.vertebrae), quantified(other, scan.vertebrae)
    assert_true(two, scan.vertebrae)
    assert [e.grade for e in two.vertebrae] == [e.grade for e in one.vertebrae]


def resampled(scan: Phantom, axes: Floats, shape: tuple[int, int, int]) -> tuple[Volume, tuple[Vertebra, ...]]:
    """The scan on another grid about the same middle, and what of the truth lies in both."""
    middle = frames.apply(scan.volume.patient_from_voxel, (np.array(scan.volume.hu.shape) - 1) / 2)
    matrix = frames.affine(axes, middle - axes @ ((np.array(shape) - 1) / 2))
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    source = frames.apply(scan.volume.voxel_from_patient @ matrix, grid)
    hu = map_coordinates(scan.volume.hu.astype(np.float32), np.moveaxis(source, -1, 0), order=1, cval=-1024.0)
    volume = Volume(hu, matrix)
    kept = [v for v in scan.vertebrae if v.complete or inside(volume, v.points_mm).any()]
    return volume, tuple(replace(v, complete=v.complete and bool(inside(volume, v.points_mm).all())) for v in kept)


@pytest.mark.parametrize("tilt_deg", [-20.0, 15.0])
def test_gantry_tilt_changes_nothing(tilt_deg: float) -> None:
    scan = made()
    axes = scan.volume.patient_from_voxel[:3, :3].copy()
    axes[1, 0] = np.tan(np.deg2rad(tilt_deg)) * abs(axes[2, 0])
    volume, truth = resampled(scan, axes, scan.volume.hu.shape)
    assert_true(quantified(volume, truth), truth)


@pytest.mark.parametrize("angles_deg", [(12.0, 0.0, 0.0), (0.0, -10.0, 25.0), (8.0, 6.0, -15.0)])
def test_oblique_slices_change_nothing(angles_deg: tuple[float, float, float]) -> None:
    scan = made()
    rotation = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    volume, truth = resampled(scan, rotation @ scan.volume.patient_from_voxel[:3, :3], scan.volume.hu.shape)
    assert sum(v.complete for v in truth) >= 4
    assert_true(quantified(volume, truth), truth)


def turned_round(scan: Phantom) -> Volume:
    """The same scan as a stack of sagittal slices, counted from the other side."""
    matrix = scan.volume.patient_from_voxel[:, [2, 0, 1, 3]].copy()
    hu = np.ascontiguousarray(np.flip(scan.volume.hu.transpose(2, 0, 1), 0))
    matrix[:3, 3] += matrix[:3, 0] * (len(hu) - 1)
    matrix[:3, 0] *= -1
    return Volume(hu, matrix)


@pytest.mark.parametrize("of", [lambda scan: scan.volume, turned_round], ids=["axial", "sagittal"])
def test_the_centreline_runs_through_the_bodies(of: Callable[[Phantom], Volume]) -> None:
    """The detector's oracle would forgive a wrong centreline: it knows the points wherever the image lies."""
    models = oracle.models(made().vertebrae)
    found = localise(of(made()), models.localiser, models.localisation)
    assert isinstance(found, Centreline)
    for vertebra in made().vertebrae[1:-1]:
        nearest = np.linalg.norm(found.curve.at(np.arange(0, found.curve.length_mm, 0.5)) - vertebra.centre_mm, axis=-1).min()
        assert nearest < CENTRELINE_MM, vertebra.level
        z = vertebra.centre_mm[2]
        assert found.level_at(z) == pytest.approx(levels.coordinate(str(vertebra.level)), abs=0.2)


@pytest.mark.parametrize("aside_mm", [-8.0, 5.0])
def test_the_mid_plane_is_found_from_an_image_beside_it(aside_mm: float) -> None:
    scan = made(UPRIGHT)
    models = oracle.models(scan.vertebrae)
    aside = np.array([aside_mm, 0.0, 0.0])
    beside = through(np.array([v.centre_mm + aside for v in scan.vertebrae]))
    found = detect(straighten(scan.volume, beside, models.straight), models.detector, models.detection)
    for body, known in zip(found, scan.vertebrae, strict=True):
        assert np.abs(body.vertebra.points_mm - known.points_mm).max() < 0.1


@pytest.mark.parametrize("of", [lambda scan: scan.volume, turned_round], ids=["axial", "sagittal"])
def test_bone_is_bright_between_the_points_of_the_straightened_image(of: Callable[[Phantom], Volume]) -> None:
    """Points and pixels agree: inside the outline of each body lies bone, in front of it none."""
    result = pipeline.quantify_volume(of(made()), oracle.models(made().vertebrae))
    assert result.spine is not None
    image = result.spine.midsagittal_hu
    for entry in result.report.vertebrae[1:-1]:
        points = result.spine.pixel_from_patient(points_of(entry))
        row, column = points.mean((0, 1)).round().astype(int)
        front = int(points[0, :, 1].min())
        assert np.median(image[row - 3 : row + 4, column - 6 : column + 7]) > 110
        assert np.median(image[row - 3 : row + 4, front - 12 : front - 4]) < 90, "the median bears a plaque of the aorta"


@pytest.mark.parametrize("seed", [5, 9])
def test_a_random_patient_in_a_random_scanner(seed: int) -> None:
    scan = phantom.random_phantom(np.random.default_rng(seed))
    assert_true(quantified(scan.volume, scan.vertebrae), scan.vertebrae, 5.0)


def test_planted_fractures_are_graded_and_the_others_are_normal() -> None:
    report = quantified(made().volume, made().vertebrae)
    found = {e.level: (e.grade, e.shape) for e in report.vertebrae if e.grade}
    assert found == {"T9": (2, "wedge"), "T12": (2, "crush")}
    assert report.summary is not None
    assert report.summary.fractures == 2
    assert report.summary.fracture_probability > 0.99


def test_the_image_alone_tells_that_a_body_is_cut() -> None:
    """The oracle claims that every body is whole; the field of view knows better."""
    scan = made(UPRIGHT)
    assert [v.complete for v in scan.vertebrae].count(False) == 2
    report = quantified(scan.volume, [replace(v, complete=True) for v in scan.vertebrae])
    assert [e.complete for e in report.vertebrae] == [v.complete for v in scan.vertebrae]
    cut = [e for e in report.vertebrae if not e.complete]
    assert {(e.reason, e.grade) for e in cut} == {("cut by the field of view", None)}


def test_a_reader_who_names_the_first_complete_body_renames_the_chain() -> None:
    scan = made()
    assert [(v.level, v.complete) for v in scan.vertebrae[:2]] == [("T6", False), ("T7", True)]
    report = quantified(scan.volume, scan.vertebrae, top_level="T6")
    assert [e.level for e in report.vertebrae] == [levels.nearest(levels.coordinate(str(v.level)) - 1.0) for v in scan.vertebrae]
    assert report.levels is not None
    assert report.levels.given_by_reader
    assert not report.levels.uncertain
    read = [e.heights_mm.posterior for e in report.vertebrae]
    assert read == pytest.approx([heights(v.points_mm)[2] for v in scan.vertebrae], abs=HEIGHT_MM)


def test_a_top_level_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit into C1 to S1"):
        quantified(made().volume, made().vertebrae, top_level="L4")


@pytest.mark.parametrize("kyphosis", [20.0, 60.0])
def test_the_cobb_angle_is_that_of_the_truth_and_positive_for_kyphosis(kyphosis: float) -> None:
    scan = made(SpineShape(kyphosis_deg=kyphosis), ScannerSettings((9.4, 20.5), 2.0, 2.0, field_mm=(220.0, 220.0)))
    report, known = quantified(scan.volume, scan.vertebrae), kyphosis_deg(measure(scan.vertebrae))
    assert known is not None
    assert report.summary is not None
    assert report.summary.kyphosis_deg == pytest.approx(known, abs=0.5)
    assert known > kyphosis / 3


def test_a_scan_without_a_spine_is_a_result() -> None:
    result = pipeline.quantify_volume(made().volume, oracle.models(()))
    assert (result.report.status, result.report.vertebrae, result.spine) == ("no_spine", (), None)
    assert [m.code for m in result.report.messages] == ["no_spine"]
    assert "0 mm" in result.report.messages[0].text


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_bodies_are_enough(count: int) -> None:
    truth = made().vertebrae[2 : 2 + count]
    assert_true(quantified(made().volume, truth), truth)


def test_the_report_of_a_whole_run_fits_the_schema_and_survives_the_disk() -> None:
    for report in (quantified(made().volume, made().vertebrae), quantified(made().volume, ())):
        jsonschema.validate(json.loads(report.to_json()), json_schema())
        assert Report.from_json(report.to_json()) == report


def test_the_same_scan_gives_the_same_report_and_picture() -> None:
    one, two = (pipeline.quantify_volume(made().volume, oracle.models(made().vertebrae)) for _ in range(2))
    assert replace(one.report, timing_s={}) == replace(two.report, timing_s={})
    assert figure.overview_png(one.report, one.spine) == figure.overview_png(two.report, two.spine)
