"""The page maps points as the straightened image does, on curved spines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from endplate.geometry.curves import through
from endplate.review.rows import rows
from endplate.straightening import StraightSpine
from review.page_rules import run_page

MARGIN_MM, FRONT_MM = 24.0, 48.0


def curved(random: np.random.Generator, pixel_mm: float) -> StraightSpine:
    """A spine with kyphosis, lordosis and scoliosis, as curved as spines are; the image's content does not matter."""
    z = np.arange(0.0, -random.uniform(180, 480), -10.0)
    kyphosis, scoliosis = random.uniform(5, 28), random.uniform(0, 18)
    phase, wave = random.uniform(0, 2 * np.pi, 2), random.uniform(260, 420, 2)
    x = scoliosis * np.sin(2 * np.pi * z / wave[0] + phase[0]) + random.normal(0, 50)
    y = kyphosis * np.sin(2 * np.pi * z / wave[1] + phase[1]) + random.normal(0, 50)
    curve = through(np.stack([x, y, z + random.normal(0, 300)], -1))
    count = int((curve.length_mm + 2 * MARGIN_MM) / pixel_mm) + 1
    image = np.zeros((1, count, int(95 / pixel_mm)), np.float32)
    return StraightSpine(image, curve, (-MARGIN_MM, -FRONT_MM), pixel_mm, (0.0,))


@pytest.mark.parametrize("pixel_mm", [1.0, 0.5])
def test_the_page_maps_both_ways_to_a_hundredth_of_a_millimetre(pixel_mm: float, tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    spines = [curved(random, pixel_mm) for _ in range(40)]
    size = np.array(spines[0].image_hu.shape[2])
    asked, truth = [], []
    for spine in spines:
        # bodies reach 30 mm in front of and behind the curve; beyond the image's last rows too
        row = random.uniform(-10, spine.image_hu.shape[1] + 10, 200)
        pixels = np.stack([row, random.uniform(18 / pixel_mm, min(78 / pixel_mm, size), 200)], -1)
        lateral = random.uniform(-15, 15, 200)
        points = spine.patient_from_pixel(pixels, lateral)
        truth.append((pixels, lateral, points))
        asked.append({"rows": rows(spine), "pixels": pixels.tolist(), "lateral": lateral.tolist(), "points": points.tolist()})
    answer = run_page({"spines": asked}, tmp_path)["mapped"]
    for spine, page, (_, _, points) in zip(spines, answer, truth, strict=True):
        assert np.linalg.norm(np.array(page["points"]) - points, axis=-1).max() < 0.01
        back = np.array([p["pixel"] for p in page["back"]])
        assert np.abs(back - spine.pixel_from_patient(points)).max() * pixel_mm < 0.01
    lateral = np.array([[p["lateral"] for p in page["back"]] for page in answer])
    assert np.abs(lateral - np.array([t[1] for t in truth])).max() < 0.01


def test_there_and_back_is_the_same_pixel(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    spine = curved(random, 1.0)
    pixels = np.stack([random.uniform(0, spine.image_hu.shape[1] - 1, 300), random.uniform(10, 85, 300)], -1)
    lateral = random.uniform(-12, 12, 300)
    facts = rows(spine)
    one = run_page({"spines": [{"rows": facts, "pixels": pixels.tolist(), "lateral": lateral.tolist(), "points": []}]}, tmp_path)
    points = one["mapped"][0]["points"]
    two = run_page({"spines": [{"rows": facts, "pixels": [], "lateral": [], "points": points}]}, tmp_path)
    back = two["mapped"][0]["back"]
    assert np.abs(np.array([b["pixel"] for b in back]) - pixels).max() < 1e-4
    assert np.abs(np.array([b["lateral"] for b in back]) - lateral).max() < 1e-4


def test_rows_are_what_the_image_was_sampled_along() -> None:
    spine = curved(np.random.default_rng(8), 1.0)
    facts = rows(spine)
    assert len(facts["origin"]) == len(facts["posterior"]) == len(facts["left"]) == spine.image_hu.shape[1]
    on_curve = spine.patient_from_pixel(np.array([[10.0, FRONT_MM]]))
    assert np.array(facts["origin"][10]) == pytest.approx(on_curve[0], abs=1e-5)
    assert np.einsum("ri,ri->r", facts["posterior"], facts["left"]) == pytest.approx(np.zeros(spine.image_hu.shape[1]), abs=1e-6)
