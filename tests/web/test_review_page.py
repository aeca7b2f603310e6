"""The review page in real headless Chromium, against the real service and a real CT: image, points, numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

import endplate
from endplate.anatomy import Vertebra
from endplate.exports.picture import straight_spine
from endplate.geometry.bases import straight_from_patient
from endplate.morphometry.measure import Finding
from endplate.review.apply import READER_SD_MM
from endplate.review.document import Review, points_of, spread_of
from endplate.review.images import read_images
from review_tab import Open, choose, drag, frame, names, px_per_mm, resize, row_of, save, saved, unhurried, until
from reviewed_scans import Measured
from served_worklist import Served

GRADES = ("", "mild", "moderate", "severe")


def said(finding: Finding) -> list[str]:
    """A finding as its row says it."""
    heights = [f"{round(float(h), 1):.1f}" for h in finding.heights_mm]
    ratios = [f"{round(float(r), 2):.2f}" for r in finding.ratios]
    loss, low, high = (f"{100 * round(float(x), 4):.0f}" for x in (finding.loss, *finding.loss_interval_95))
    grade = f"{finding.grade} {GRADES[finding.grade]} {finding.shape}" if finding.grade else "0"
    return [*heights, *ratios, f"{loss} % ({low}-{high})", grade]


def beside(service: Served, scan: str, points_mm: NDArray[np.floating]) -> NDArray[np.floating]:
    """How far points lie to the left of the straightened image's mid-plane, mm."""
    images = read_images(service.data / "scans" / scan / "images")
    assert images is not None
    return straight_from_patient(straight_spine(images.straight, images.info["straight"]).curve, points_mm)[..., 2].ravel()


def by_hand(made: Measured, review: Review, moved: dict[tuple[int, int, int], float]) -> list[Finding]:
    """What `endplate.measure` says of a review's points; ``moved`` has the reader's deviation by body, column and end."""
    bodies = []
    for i, (entry, v) in enumerate(zip(made.report.vertebrae, review.vertebrae, strict=True)):
        spread = spread_of(entry)
        for (body, column, end), sd in moved.items():
            if body == i:
                spread[column, end] = sd
        bodies.append(Vertebra(v.points_mm, spread, v.level, entry.level_confidence, entry.score, entry.complete))
    return list(endplate.measure(bodies))


def test_points_lie_where_the_image_says_and_the_image_is_the_scans(
    made: Measured, service: Served, scan: str, opened: Open
) -> None:
    page = opened(scan).page
    images = read_images(service.data / "scans" / scan / "images")
    assert images is not None
    spine = straight_spine(images.straight, images.info["straight"])
    choose(page, "L1")
    page.wait_for_selector("#stage[data-drawn=image]")
    dots = page.evaluate(
        """() => [...document.querySelectorAll('#marks .body')].map(b =>
            [...b.querySelectorAll('.dot')].map(d => [Number(d.getAttribute('cy')), Number(d.getAttribute('cx'))]))"""
    )
    pixels = spine.pixel_from_patient(np.array([points_of(e.points_lps_mm) for e in made.report.vertebrae])).reshape(-1, 2)
    shown = np.array(dots).reshape(-1, 2)
    scale = px_per_mm(page) * spine.pixel_mm
    corner = (shown - (pixels + 0.5) * scale).mean(0)
    assert np.abs(shown - (pixels + 0.5) * scale - corner).max() < 0.1
    # what the canvas shows at the middle of image pixels is their value in the window
    inside = [(r, c) for r in range(0, images.straight.shape[1], 7) for c in range(0, 119, 7)]
    size = page.evaluate("[document.getElementById('image').clientHeight, document.getElementById('image').clientWidth]")
    seen = [
        (r, c) for r, c in inside if all(2 < (p + 0.5) * scale + o < s - 2 for p, o, s in zip((r, c), corner, size, strict=True))
    ]
    assert len(seen) > 50
    at = [[round((c + 0.5) * scale + corner[1]), round((r + 0.5) * scale + corner[0])] for r, c in seen]
    grey = page.evaluate(
        """at => { const c = document.getElementById('image').getContext('2d');
            return at.map(([x, y]) => c.getImageData(x, y, 1, 1).data[0]); }""",
        at,
    )
    window = [float(np.clip((spine.midsagittal_hu[r, c] + 250) * 256 / 1200, 0, 255)) for r, c in seen]
    assert np.corrcoef(grey, window)[0, 1] > 0.98
    assert np.median(np.abs(np.array(grey) - window)) < 4


def test_a_point_dragged_by_5_mm_measures_what_the_library_says(made: Measured, service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "T10")
    i = names(page).index("T10")
    before, sentence = row_of(page, "T10"), page.inner_text("#sentence")
    drag(page, "T10: middle superior point", 5.0)
    save(page, 1)
    review = saved(service, scan)
    away = np.linalg.norm(review.vertebrae[i].points_mm - points_of(made.report.vertebrae[i].points_lps_mm), axis=-1)
    assert away[1, 0] == pytest.approx(5.0, abs=0.3)
    assert np.count_nonzero(away) == 1
    assert beside(service, scan, review.vertebrae[i].points_mm) == pytest.approx(
        beside(service, scan, points_of(made.report.vertebrae[i].points_lps_mm)), abs=0.02
    )
    found = by_hand(made, review, {(i, 1, 0): READER_SD_MM})
    assert row_of(page, "T10")[1:8] == said(found[i])
    assert (found[i].grade or 0) >= 1
    for finding in found:
        if finding.assessable and finding.vertebra.level:
            assert row_of(page, finding.vertebra.level)[1:8] == said(finding)
    assert "T10 biconcave, grade" in page.inner_text("#sentence")
    # the model's own stays beside it
    assert row_of(page, "T10")[8].startswith(before[6].split(" (")[0])
    assert page.locator("#marks .model .was").count() == 1
    page.keyboard.press("Control+z")
    frame(page)
    assert (row_of(page, "T10"), page.inner_text("#sentence")) == (before, sentence)
    page.keyboard.press("Control+y")
    frame(page)
    assert row_of(page, "T10")[1:8] == said(found[i])


def test_arrow_keys_move_the_chosen_point_by_half_a_millimetre(made: Measured, service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    unhurried(page)
    choose(page, "T12")
    page.focus("#stage")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "T12: anterior superior point"
    page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    save(page, 1)
    i = names(page).index("T12")
    moved = saved(service, scan).vertebrae[i].points_mm - points_of(made.report.vertebrae[i].points_lps_mm)
    assert np.linalg.norm(moved[1, 0]) == pytest.approx(1.1, abs=0.03)
    assert np.count_nonzero(np.linalg.norm(moved, axis=-1)) == 1
    for _ in range(3):
        page.keyboard.press("Control+z")
    frame(page)
    assert not page.is_enabled("#undo")
    assert page.is_enabled("#redo")


def test_windows_slabs_planes_and_the_patients_name(made: Measured, scan: str, opened: Open) -> None:
    found = opened(scan)
    page = found.page
    page.wait_for_selector("#stage[data-drawn=image]")
    assert page.inner_text("#who") == "Doe, Jane<script>alert(1)</script>"
    page.keyboard.press("3")
    page.keyboard.press("]")
    frame(page)
    assert page.inner_text("#window-said") == "C 50 W 400 HU"
    assert page.inner_text("#offset-mm") == "L 3 mm"
    for _ in range(3):
        page.keyboard.press("[")
    frame(page)
    assert page.inner_text("#offset-mm") == "R 6 mm"
    stage = page.locator("#stage").bounding_box()
    middle = (stage["x"] + stage["width"] / 2, stage["y"] + 20)
    page.mouse.move(*middle)
    page.mouse.down(button="right")
    page.mouse.move(middle[0] + 30, middle[1], steps=3)
    page.mouse.up(button="right")
    frame(page)
    assert page.inner_text("#window-said") != "C 50 W 400 HU"
    before = px_per_mm(page)
    page.mouse.wheel(0, -200)
    until(page, lambda: px_per_mm(page) > before)
    for plane in ("sagittal", "coronal", "axial"):
        page.wait_for_selector(f"#{plane}-at:text-is('through its centre')")
    asked = [url for url in found.asked if "/images/" in url and "straight" not in url]
    worst = max((e for e in made.report.vertebrae if e.loss is not None), key=lambda e: e.loss or 0.0)
    at = points_of(worst.points_lps_mm).mean((0, 1))
    got = {u.split("/")[-1].split("?")[0]: float(u.split("=")[1]) for u in asked[:3]}
    assert got == {name: pytest.approx(x, abs=0.51) for name, x in zip(("sagittal", "coronal", "axial"), at, strict=True)}


def test_a_click_on_a_vertebra_zooms_to_it_and_the_image_is_moved_and_fitted(scan: str, opened: Open) -> None:
    page = opened(scan).page
    page.wait_for_selector("#stage[data-drawn=image]")
    whole = px_per_mm(page)

    def place(level: str) -> tuple[float, float]:
        dots = page.locator(f"#marks .body:has(text.name:text-is('{level}')) .dot")
        boxes = [dots.nth(i).bounding_box() for i in range(6)]
        return sum(b["x"] for b in boxes) / 6, sum(b["y"] for b in boxes) / 6

    page.mouse.click(*place("T11"))
    page.wait_for_selector("#vertebrae tr[aria-selected=true] .level:text-is('T11')")
    frame(page)
    assert px_per_mm(page) > 2 * whole
    stage = page.locator("#stage").bounding_box()
    free = (stage["x"] + 20, stage["y"] + 60)
    for button, key in (("middle", None), ("left", " "), ("left", None)):
        x, y = place("T11")
        page.mouse.move(*free)
        if key:
            page.keyboard.down(key)
        page.mouse.down(button=button)
        page.mouse.move(free[0] + 30, free[1] + 12, steps=3)
        page.mouse.up(button=button)
        if key:
            page.keyboard.up(key)
        frame(page)
        assert place("T11") == (pytest.approx(x + 30, abs=0.6), pytest.approx(y + 12, abs=0.6))
    page.keyboard.press("f")
    frame(page)
    assert px_per_mm(page) == pytest.approx(whole)


def test_keys_lead_from_worst_to_worst_and_help_lists_them(made: Measured, scan: str, opened: Open) -> None:
    page = opened(scan).page
    order = sorted((e for e in made.report.vertebrae if e.loss is not None), key=lambda e: -(e.loss or 0.0))
    for entry in order[:4]:
        assert page.inner_text("#vertebrae tr[aria-selected=true] .level") == entry.level
        page.keyboard.press("n")
        frame(page)
    page.keyboard.press("p")
    frame(page)
    assert page.inner_text("#vertebrae tr[aria-selected=true] .level") == order[3].level
    page.keyboard.press("?")
    assert "Next vertebra by how bad it is" in page.inner_text("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")


@pytest.mark.parametrize("size", [(1280, 720), (1200, 1920), (2560, 1440)])
def test_everything_fits_the_monitor(scan: str, opened: Open, size: tuple[int, int]) -> None:
    page = opened(scan).page
    resize(page, *size)
    choose(page, "L2")
    drag(page, "L2: middle superior point", 8.0)
    page.evaluate("document.getElementById('who').textContent = 'A name that is very long '.repeat(9)")
    frame(page)
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == list(size)
    outside = page.evaluate(
        """() => [...document.querySelectorAll('button, select, canvas, .foot, #detail')].filter(e => e.checkVisibility() &&
            !e.closest('.scroll, dialog, .menu ul')).filter(e => { const r = e.getBoundingClientRect();
            return r.left < 0 || r.top < 0 || r.right > innerWidth + 0.5 || r.bottom > innerHeight + 0.5; }).map(e => e.id)"""
    )
    assert outside == []


def test_the_documents_on_the_wire_are_plain_json(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    unhurried(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "PUT" else None)
    choose(page, "L2")
    drag(page, "L2: posterior inferior point", 1.0)
    save(page, 1)
    (body,) = sent
    points = np.array([list(v["points_lps_mm"].values()) for v in json.loads(body)["vertebrae"]])
    assert np.abs(points - points.round(3)).max() < 1e-9
