"""The review page in real headless Chromium, against the real service and a real CT."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("dbos")

import endplate  # noqa: E402
from endplate.anatomy import Vertebra  # noqa: E402
from endplate.exports.picture import straight_spine  # noqa: E402
from endplate.morphometry.measure import Finding  # noqa: E402
from endplate.review.apply import READER_SD_MM  # noqa: E402
from endplate.review.document import Review, points_of, spread_of  # noqa: E402
from endplate.review.images import read_images  # noqa: E402
from reviewed_scans import Measured, measured, put  # noqa: E402
from served_worklist import Served, Tab, chromium, many_scans, served, tab  # noqa: E402

Open = Callable[[str], Tab]
USUAL = ("Failed to load resource", "Canvas2D: Multiple readback")
"""What Chromium itself says of an answer that is no success, and of a test that reads pixels."""
GRADES = ("", "mild", "moderate", "severe")


@pytest.fixture(scope="module")
def made(shared_data: Path) -> Measured:
    return measured(shared_data / "ct" / "crlm-1006" / "ct.nii.gz")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("service") / "data", many_scans(3)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def scan(made: Measured, service: Served, request: pytest.FixtureRequest) -> str:
    """A scan that nobody has reviewed."""
    return put(service, made, request.node.name)


@pytest.fixture
def opened(browser: Any, service: Served) -> Iterator[Open]:
    """Opens a scan's page in a window of its own; the test fails if the page complains, or asks anywhere else."""
    tabs: list[Any] = []

    def at(scan: str) -> Tab:
        window = tab(browser)
        found = window.__enter__()
        tabs.append((window, found))
        found.page.goto(f"{service.url}/scans/{scan}")
        found.page.wait_for_selector("#vertebrae tr")
        return found

    yield at
    for window, found in tabs:
        assert [s for s in found.said if not s.startswith(USUAL)] == []
        assert all(url.startswith(service.url) for url in found.asked)
        window.__exit__(None, None, None)


def saved(service: Served, scan: str) -> Review:
    kept = service.store.review(scan)
    assert kept is not None
    return Review.from_dict(kept.document)


def save(page: Any, version: int) -> None:
    page.keyboard.press("Control+s")
    is_saved(page, version)


def is_saved(page: Any, version: int) -> None:
    page.wait_for_selector(f"#saved:text-is('Draft, version {version} · saved')")


def row_of(page: Any, level: str) -> list[str]:
    """A row of the table by the name that it begins with."""
    rows = page.locator("#vertebrae tr").evaluate_all("all => all.map(r => [...r.children].map(c => c.innerText))")
    return [str(cell) for cell in next(r for r in rows if r[0].split()[0] == level)]


def names(page: Any) -> list[str]:
    return [str(n) for n in page.locator("#vertebrae .level").all_inner_texts()]


def choose(page: Any, level: str) -> None:
    page.locator("#vertebrae .level", has_text=level).first.click()
    page.wait_for_selector(f"#vertebrae tr[aria-selected=true] .level:text('{level}')")
    frame(page)


def frame(page: Any) -> None:
    """Waits until what was asked for is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def px_per_mm(page: Any) -> float:
    width = page.evaluate("document.getElementById('bar').getBoundingClientRect().width")
    return float(width) / float(page.inner_text("#bar-mm").split()[0])


def centre(page: Any, label: str) -> tuple[float, float]:
    box = page.get_by_role("button", name=label).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, label: str, down_mm: float) -> None:
    """Drags the point of this name towards the feet."""
    x, y = centre(page, label)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + down_mm * px_per_mm(page), steps=8)
    page.mouse.up()
    frame(page)


def said(finding: Finding) -> list[str]:
    """A finding as its row says it."""
    heights = [f"{round(float(h), 1):.1f}" for h in finding.heights_mm]
    ratios = [f"{round(float(r), 2):.2f}" for r in finding.ratios]
    loss, low, high = (f"{100 * round(float(x), 4):.0f}" for x in (finding.loss, *finding.loss_interval_95))
    grade = f"{finding.grade} {GRADES[finding.grade]} {finding.shape}" if finding.grade else "0"
    return [*heights, *ratios, f"{loss} % ({low}–{high})", grade]


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


def test_points_lie_where_the_image_says_and_the_image_is_the_scans(made: Measured, service: Served, scan: str, opened: Open) -> None:
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
    seen = [(r, c) for r, c in inside if all(2 < (p + 0.5) * scale + o < s - 2 for p, o, s in zip((r, c), corner, size, strict=True))]
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
    choose(page, "L1")
    i = names(page).index("L1")
    before, sentence = row_of(page, "L1"), page.inner_text("#sentence")
    drag(page, "L1: anterior superior point", 5.0)
    save(page, 1)
    review = saved(service, scan)
    away = np.linalg.norm(review.vertebrae[i].points_mm - points_of(made.report.vertebrae[i].points_lps_mm), axis=-1)
    assert away[0, 0] == pytest.approx(5.0, abs=0.3)
    assert np.count_nonzero(away) == 1
    found = by_hand(made, review, {(i, 0, 0): READER_SD_MM})
    assert row_of(page, "L1")[1:8] == said(found[i])
    assert (found[i].grade or 0) >= 1
    for finding in found:
        if finding.assessable and finding.level:
            assert row_of(page, finding.level)[1:8] == said(finding)
    assert "L1 wedge, grade" in page.inner_text("#sentence")
    # the model's own stays beside it
    assert row_of(page, "L1")[8].startswith(before[6].split(" (")[0])
    assert page.locator("#marks .model .was").count() == 1
    page.keyboard.press("Control+z")
    frame(page)
    assert (row_of(page, "L1"), page.inner_text("#sentence")) == (before, sentence)
    page.keyboard.press("Control+y")
    frame(page)
    assert row_of(page, "L1")[1:8] == said(found[i])


def test_arrow_keys_move_the_chosen_point_by_half_a_millimetre(made: Measured, service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
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


def test_names_bodies_and_doubts_are_edited_and_saved(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    first = names(page)
    page.click("#all-down")
    frame(page)
    assert names(page) == [*first[1:], "L5"]
    page.click("#all-up")
    frame(page)
    choose(page, "L1")
    assert page.locator("#level option").all_inner_texts() == ["unnamed", "L1"]
    page.click("#delete")
    frame(page)
    assert "L1" not in names(page)
    choose(page, "T12")
    assert page.locator("#level option").all_inner_texts() == ["unnamed", "T12", "T13", "L1"]
    page.select_option("#level", "T13")
    page.fill("#reason", "metal or cement")
    page.keyboard.press("Enter")
    frame(page)
    assert row_of(page, "T13")[7] == "not assessed"
    choose(page, "L3")
    page.click("#add-below")
    frame(page)
    save(page, 1)
    review = saved(service, scan)
    added = next(v for v in review.vertebrae if v.model_index is None)
    assert added.level is None
    assert [v.not_assessable for v in review.vertebrae if v.level == "T13"] == ["metal or cement"]
    kept = service.store.review(scan)
    assert kept is not None
    assert set(kept.edits) == {
        "T13 renamed from T12",
        "T13 set as not assessable: metal or cement",
        "vertebra between L3 and L4 added",
        "L1 deleted",
    }
    choose(page, "T13")
    page.click("#assess")
    frame(page)
    assert row_of(page, "T13")[7] != "not assessed"


def test_a_missed_vertebra_is_added_where_one_clicks(service: Served, scan: str, opened: Open, made: Measured) -> None:
    page = opened(scan).page
    choose(page, "T11")
    where = [sum(c) / 2 for c in zip(centre(page, "T11: anterior superior point"), centre(page, "T11: posterior inferior point"), strict=True)]
    page.click("#delete")
    page.keyboard.press("a")
    page.mouse.click(*where)
    frame(page)
    save(page, 1)
    review = saved(service, scan)
    i = [v.level for v in review.vertebrae].index("T11")
    assert review.vertebrae[i].model_index is None
    model = points_of(next(e for e in made.report.vertebrae if e.level == "T11").points_lps_mm)
    assert np.linalg.norm(review.vertebrae[i].points_mm - model, axis=-1).max() < 5.0


def test_two_readers_cannot_lose_each_others_work(service: Served, scan: str, opened: Open) -> None:
    mine, theirs = opened(scan).page, opened(scan).page
    choose(theirs, "L2")
    drag(theirs, "L2: anterior superior point", 3.0)
    save(theirs, 1)
    choose(mine, "L3")
    drag(mine, "L3: middle superior point", 4.0)
    edited = row_of(mine, "L3")
    mine.keyboard.press("Control+s")
    mine.wait_for_selector("dialog[open] :text('Somebody else saved version 1')")
    mine.click("dialog[open] button:text('Keep looking')")
    frame(mine)
    assert row_of(mine, "L3") == edited
    assert "not saved" in mine.inner_text("#banners")
    mine.click("#banners button:text('Load theirs')")
    is_saved(mine, 1)
    assert row_of(mine, "L2") == row_of(theirs, "L2")
    assert row_of(mine, "L3") != edited
    mine.keyboard.press("Control+z")
    frame(mine)
    assert row_of(mine, "L3")[1:4] == edited[1:4]
    save(mine, 2)
    assert [r.version for r in service.store.reviews(scan)] == [1, 2]


def test_it_is_signed_reloaded_looked_back_at_and_amended(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "L1")
    drag(page, "L1: anterior superior point", 6.0)
    sentence = page.inner_text("#sentence")
    page.click("#sign")
    page.wait_for_selector("#sign-edits li")
    assert re.search(r"L1: anterior superior point moved by [56]\.\d mm", page.inner_text("#sign-edits"))
    assert not page.is_enabled("#sign-accepted")
    assert page.is_checked("#sign-accepted_with_edits")
    page.click("#sign-now")
    assert page.locator("#sign-off[open]").count() == 1
    page.fill("#reader", "Dr Ada Reader")
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Accepted with edits by Dr Ada Reader')")
    review = saved(service, scan)
    assert (review.decision, review.reader, review.version) == ("accepted_with_edits", "Dr Ada Reader", 1)
    page.reload()
    page.wait_for_selector("#banners :text('Accepted with edits by Dr Ada Reader')")
    assert page.inner_text("#sentence") == sentence
    assert not page.is_enabled("#sign")
    choose(page, "L1")
    drag(page, "L1: anterior superior point", 6.0)
    assert page.inner_text("#sentence") == sentence
    page.click("#banners button:text('Amend')")
    page.focus("#stage")
    page.keyboard.press("Shift+D")
    save(page, 2)
    page.click("#versions")
    page.click("dialog[open] li button:text('Version 1')")
    page.wait_for_selector("#banners :text('You look at version 1 of 2')")
    assert page.inner_text("#sentence") == sentence
    assert not page.is_enabled("#level")
    page.click("#banners button:text('Back to the last version')")
    page.wait_for_selector("#vertebrae .level:text('L5')")
    page.click("#exports summary")
    assert "version=2" in page.get_attribute("#export-list a", "href")
    with page.expect_download() as download:
        page.click("#export-list a:text('Table (CSV)')")
    assert "findings.csv" in download.value.suggested_filename
    # the name is remembered for the next one, in this tab only
    page.click("#sign")
    assert page.input_value("#reader") == "Dr Ada Reader"
    assert page.evaluate("localStorage.length") == 0


def test_a_rejection_wants_a_reason_and_an_untouched_one_is_accepted(made: Measured, service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted:enabled")
    assert page.is_checked("#sign-accepted")
    assert not page.is_enabled("#sign-accepted_with_edits")
    page.check("#sign-rejected")
    page.fill("#reader", "R")
    page.click("#sign-now")
    assert page.locator("#sign-off[open]").count() == 1
    page.fill("#comment", "Motion; <b>repeat</b> it.")
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Rejected by R')")
    assert "<b>repeat</b>" in page.inner_text("#banners")
    assert saved(service, scan).comment == "Motion; <b>repeat</b> it."
    other = put(service, made, "accepted untouched")
    page.goto(f"{service.url}/scans/{other}")
    page.wait_for_selector("#vertebrae tr")
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted:enabled")
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Accepted by R')")
    assert saved(service, other).decision == "accepted"


def test_edits_are_saved_by_themselves(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "L1")
    page.click("#delete")
    is_saved(page, 1)
    assert "L1" not in [v.level for v in saved(service, scan).vertebrae]


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
    frame(page)
    assert px_per_mm(page) > before
    for plane in ("sagittal", "coronal", "axial"):
        page.wait_for_selector(f"#{plane}-at:text-is('through its centre')")
    asked = [url for url in found.asked if "/images/" in url and "straight" not in url]
    worst = max((e for e in made.report.vertebrae if e.loss is not None), key=lambda e: e.loss or 0.0)
    at = points_of(worst.points_lps_mm).mean((0, 1))
    got = {u.split("/")[-1].split("?")[0]: float(u.split("=")[1]) for u in asked[:3]}
    assert got == {name: pytest.approx(x, abs=0.51) for name, x in zip(("sagittal", "coronal", "axial"), at, strict=True)}


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
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.parametrize("size", [(1280, 720), (1200, 1920), (2560, 1440)])
def test_everything_fits_the_monitor(scan: str, opened: Open, size: tuple[int, int]) -> None:
    page = opened(scan).page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    frame(page)
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == list(size)
    outside = page.evaluate(
        """() => [...document.querySelectorAll('button, select, canvas, .foot, #detail')].filter(e => e.checkVisibility() &&
            !e.closest('.scroll, dialog, .menu ul')).filter(e => { const r = e.getBoundingClientRect();
            return r.left < 0 || r.top < 0 || r.right > innerWidth + 0.5 || r.bottom > innerHeight + 0.5; }).map(e => e.id)"""
    )
    assert outside == []


def test_without_images_the_table_and_a_side_view_remain(made: Measured, service: Served, opened: Open) -> None:
    scan = put(service, made, "imageless", images=False)
    page = opened(scan).page
    assert "the source is gone" in page.inner_text("#banners")
    assert page.locator("#marks .body").count() == len(made.report.vertebrae)
    assert not page.is_visible("#planes")
    choose(page, "L1")
    before = row_of(page, "L1")
    drag(page, "L1: anterior superior point", 5.0)
    assert row_of(page, "L1") == before
    page.fill("#reason", "not seen")
    page.keyboard.press("Enter")
    save(page, 1)


def test_what_cannot_be_reviewed_says_why_and_what_to_do(made: Measured, service: Served, browser: Any) -> None:
    message = endplate.report.report.Message
    none = replace(
        made.report,
        status="no_spine",
        vertebrae=(),
        summary=None,
        levels=None,
        centreline_lps_mm=(),
        messages=(message("no_spine", "info", "no spine was found: too little bone"),),
    )
    refused = replace(none, status="refused", messages=(message("too_few_slices", "error", "12 slices; expected 40 or more"),))
    with tab(browser) as found:
        page = found.page
        for kind, report, words, remedy in (
            ("no_spine", none, "too little bone", "larger field of view"),
            ("refused", refused, "12 slices; expected 40 or more", "Upload another series"),
        ):
            page.goto(f"{service.url}/scans/{put(service, made, kind, images=False, report=report)}")
            page.wait_for_selector("#absent:visible")
            assert words in page.inner_text("#absent")
            assert remedy in page.inner_text("#absent")
        page.goto(f"{service.url}/scans/{'0' * 32}")
        page.wait_for_selector("#banners :text('There is no scan')")
        assert [s for s in found.said if not s.startswith(USUAL)] == []


def test_the_documents_on_the_wire_are_plain_json(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "PUT" else None)
    choose(page, "L2")
    drag(page, "L2: posterior inferior point", 1.0)
    save(page, 1)
    (body,) = sent
    points = np.array([list(v["points_lps_mm"].values()) for v in json.loads(body)["vertebrae"]])
    assert np.abs(points - points.round(3)).max() < 1e-9
