"""The images of a review show what lies where they say, on grids of any orientation and on a real CT."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from endplate.anatomy import COLUMNS, Vertebra
from endplate.geometry import bases, frames
from endplate.geometry.sampling import sample
from endplate.report.report import Report
from endplate.review.images import ReviewImages, course, plane, read_images, write_images
from endplate.volume import Volume
from endplate.volume.read import read
from report.conftest import report_of
from review.marked_scan import GRIDS, MARK_MM, bodies, bright_mm, flat, middle_of, report, scan
from review.page_rules import run_page


def written(volume: Volume, of: Report, folder: Path) -> ReviewImages:
    write_images(volume, of, folder)
    images = read_images(folder)
    assert images is not None
    return images


@pytest.fixture(scope="module", params=GRIDS)
def marked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ReviewImages:
    return written(scan(request.param), report(), tmp_path_factory.mktemp("images"))


def patient_point(rows: dict[str, Any], row: float, column: float, lateral: float) -> np.ndarray:
    """As endplate.review.rows says, between two rows too."""
    at = [
        np.array([np.interp(row, np.arange(len(rows[k])), c) for c in np.transpose(rows[k])])
        for k in ("origin", "posterior", "left")
    ]
    return np.asarray(at[0] + (rows["first_mm"] + column * rows["pixel_mm"]) * at[1] + lateral * at[2])


def test_the_straight_image_shows_the_mark_where_its_rows_say(marked: ReviewImages) -> None:
    facts = marked.info["straight"]
    assert list(marked.straight.shape) == facts["shape"]
    channel, row, column = middle_of(marked.straight)
    lateral = np.interp(channel, np.arange(len(facts["offsets_mm"])), facts["offsets_mm"])
    assert lateral == pytest.approx(MARK_MM[0], abs=2.5)
    assert np.linalg.norm(patient_point(facts["rows"], row, column, lateral) - bright_mm()) < 0.6
    brightest = marked.straight.reshape(len(marked.straight), -1).max(1).argmax()
    assert facts["offsets_mm"][brightest] in (6.0, 9.0, 12.0)


def test_the_page_finds_the_mark_in_the_straight_image(marked: ReviewImages, tmp_path: Path) -> None:
    facts = marked.info["straight"]
    asked = {"rows": facts["rows"], "pixels": [], "lateral": [], "points": [bright_mm().tolist()]}
    back = run_page({"spines": [asked]}, tmp_path)["mapped"][0]["back"][0]
    nearest = int(np.abs(np.array(facts["offsets_mm"]) - back["lateral"]).argmin())
    assert nearest > facts["offsets_mm"].index(0.0)
    seen = middle_of(marked.straight[nearest])
    assert np.abs(seen - back["pixel"]).max() * facts["rows"]["pixel_mm"] < 0.4


def test_the_straight_image_is_head_up_and_front_left(marked: ReviewImages) -> None:
    rows = marked.info["straight"]["rows"]
    assert rows["origin"][0][2] > rows["origin"][-1][2] + 100
    assert rows["first_mm"] == -48.0
    _, row, column = middle_of(marked.straight)
    centre = bases.straight_from_patient(course(report()), bodies()[2].centre_mm)
    assert row < (centre[0] + 28) / rows["pixel_mm"]
    assert column < (centre[1] + 48) / rows["pixel_mm"]


@pytest.mark.parametrize(("which", "axis"), [("sagittal", 0), ("coronal", 1), ("axial", 2)])
def test_each_plane_shows_the_mark_in_its_place(marked: ReviewImages, which: Any, axis: int) -> None:
    box, mark = marked.info["context"], bright_mm()
    image, where = plane(marked, which, float(mark[axis]))
    assert image.dtype == np.dtype("<i2")
    assert image.flags.c_contiguous
    assert abs(where["at_mm"] - mark[axis]) <= box["spacing_mm"] / 2
    x, y, z = (np.array(box["origin_lps_mm"]) - mark) / box["spacing_mm"]
    i, j, k = -x, -y, z
    expected = {"sagittal": (k, j), "coronal": (k, i), "axial": (j, i)}[which]
    seen = middle_of(image)
    assert np.abs(seen - expected).max() * box["spacing_mm"] < 0.4
    there = np.array(where["origin_lps_mm"]) + where["spacing_mm"] * (
        seen[0] * np.array(where["row_lps"]) + seen[1] * np.array(where["column_lps"])
    )
    assert np.delete(np.abs(there - mark), axis).max() < 0.4


def test_planes_are_radiological(marked: ReviewImages) -> None:
    """Head or front up; the patient's right, or the front, on the image's left."""
    middle = bodies()[2].centre_mm
    rows = {which: plane(marked, which, bright_mm()[axis]) for axis, which in enumerate(("sagittal", "coronal", "axial"))}  # type: ignore[arg-type]
    centre = {which: pixel_of(where, middle) for which, (_, where) in rows.items()}
    seen = {which: middle_of(image) - centre[which] for which, (image, _) in rows.items()}
    assert seen["sagittal"][0] == pytest.approx(-4, abs=0.5)
    assert seen["sagittal"][1] == pytest.approx(-6, abs=0.5)
    assert seen["coronal"][0] == pytest.approx(-4, abs=0.5)
    assert seen["coronal"][1] == pytest.approx(9, abs=0.5)
    assert seen["axial"][0] == pytest.approx(-6, abs=0.5)
    assert seen["axial"][1] == pytest.approx(9, abs=0.5)


def pixel_of(where: dict[str, Any], point: np.ndarray) -> np.ndarray:
    away = (point - where["origin_lps_mm"]) / where["spacing_mm"]
    return np.array([away @ where["row_lps"], away @ where["column_lps"]])


def test_the_box_holds_the_spine_and_its_surroundings(marked: ReviewImages) -> None:
    box, points = marked.info["context"], np.concatenate([v.points_mm.reshape(-1, 3) for v in bodies()])
    origin, shape = np.array(box["origin_lps_mm"]), box["shape"]
    assert list(marked.context.shape) == shape
    far = origin + np.array([shape[2] - 1, shape[1] - 1, 1 - shape[0]]) * box["spacing_mm"]
    assert np.all(origin - points.min(0) <= [-59, -69, 1e9])
    assert np.all(far - points.max(0) >= [59, 59, -1e9])
    assert origin[2] >= points[:, 2].max() + 29
    assert far[2] <= points[:, 2].min() - 29


def test_outside_the_scan_is_air(tmp_path: Path) -> None:
    images = written(flat("oblique"), report(), tmp_path)
    assert set(np.unique(images.context)) == {-1024, 55}
    assert images.straight.min() == -1024


@pytest.mark.parametrize("name", ["feet first", "mirrored", "sagittal"])
def test_the_box_is_cut_to_the_scan_and_no_outermost_plane_lost_to_rounding(name: str, tmp_path: Path) -> None:
    volume = flat(name)
    volume.patient_from_voxel[:3, 3] = volume.patient_from_voxel[:3, 3].round()
    images = written(volume, report(), tmp_path)
    assert (images.context == 55).all()
    ends = frames.apply(volume.patient_from_voxel, np.array([np.zeros(3), np.array(volume.hu.shape) - 1.0]))
    size = np.array(images.context.shape[::-1]) * images.info["context"]["spacing_mm"]
    assert np.abs(np.ptp(ends, axis=0) - size)[:2].max() <= 1.0


def test_what_int16_cannot_hold_is_clipped(tmp_path: Path) -> None:
    volume = flat("feet first")
    hu = np.full(volume.hu.shape, 40000.5, np.float32)
    hu[: len(hu) // 2] = -50000.0
    images = written(replace(volume, hu=hu), report(), tmp_path)
    assert set(np.unique(images.context)) >= {-32768, 32767}
    assert images.straight[5].max() == 32767
    assert images.straight[5].min() == -32768


@cache
def real() -> tuple[Volume, Report]:
    """LIDC-IDRI-0314 with the points of its annotation, no network's."""
    case = Path(__file__).resolve().parents[3] / "shared" / "data" / "ct" / "lidc-0314"
    truth = json.loads((case / "truth.json").read_text())
    found = [
        Vertebra(np.array([v["points_lps_mm"][c] for c in COLUMNS], float), np.full((3, 2), 0.5), v["level"], 1.0)
        for v in truth["vertebrae"]
    ]
    return read(case / "ct.nii.gz"), report_of(found)


@pytest.mark.data
def test_on_a_real_ct_the_grey_values_at_the_six_points_are_the_scans(shared_data: Path, tmp_path: Path) -> None:
    assert shared_data.is_dir()
    volume, of = real()
    images = written(volume, of, tmp_path)
    facts, box = images.info["straight"], images.info["context"]
    points = np.array([getattr(e.points_lps_mm, c) for e in of.vertebrae for c in COLUMNS]).reshape(-1, 3)
    assert len(points) >= 60
    for point, (s, t, r) in zip(points, bases.straight_from_patient(course(of), points), strict=True):
        row, column = round((s + 28) / facts["rows"]["pixel_mm"]), round((t + 48) / facts["rows"]["pixel_mm"])
        channel = int(np.abs(np.array(facts["offsets_mm"]) - r).argmin())
        lateral = facts["offsets_mm"][channel]
        slab = np.array([patient_point(facts["rows"], row, column, lateral + d) for d in (-1.0, 0.0, 1.0)])
        assert np.linalg.norm(slab[1] - point) < 1.8  # half a pixel in two directions, half a step of channels
        assert images.straight[channel, row, column] == pytest.approx(hu_at(volume, slab).mean(), abs=0.75)
        for which, axis in (("sagittal", 0), ("coronal", 1), ("axial", 2)):
            image, where = plane(images, which, point[axis])  # type: ignore[arg-type]
            pixel = pixel_of(where, point).round().astype(int)
            there = np.array(where["origin_lps_mm"]) + pixel @ np.array([where["row_lps"], where["column_lps"]])
            assert np.linalg.norm(there - point) < 0.9 * box["spacing_mm"]
            assert image[tuple(pixel)] == pytest.approx(hu_at(volume, there), abs=0.51)


def hu_at(volume: Volume, points_mm: np.ndarray) -> np.ndarray:
    return sample(volume.hu, frames.apply(volume.voxel_from_patient, points_mm))
