"""The review page in real headless Chromium: vertebrae added, deleted, named and set aside; scans without images or vertebrae."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from endplate.report.report import Message
from endplate.review.document import points_of
from review_tab import USUAL, Open, centre, choose, drag, frame, names, row_of, save, saved, unhurried
from reviewed_scans import Measured, put
from served_worklist import Served, tab


def test_names_bodies_and_doubts_are_edited_and_saved(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    unhurried(page)
    first = names(page)
    page.click("#all-down")
    frame(page)
    assert names(page) == [*first[1:], "L5"]
    page.click("#all-up")
    frame(page)
    choose(page, "L1")
    assert page.locator("#level option").all_inner_texts() == ["unnamed", "T13", "L1"]
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
    unhurried(page)
    choose(page, "T11")
    corners = (centre(page, f"T11: {point} point") for point in ("anterior superior", "posterior inferior"))
    where = [sum(c) / 2 for c in zip(*corners, strict=True)]
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
    none = replace(
        made.report,
        status="no_spine",
        vertebrae=(),
        summary=None,
        levels=None,
        centreline_lps_mm=(),
        messages=(Message("no_spine", "info", "no spine was found: too little bone"),),
    )
    refused = replace(none, status="refused", messages=(Message("too_few_slices", "error", "12 slices; expected 40 or more"),))
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
            assert page.is_visible("#actions") == (kind == "no_spine")
            if kind == "no_spine":
                page.click("#sign")
                page.wait_for_selector("#sign-accepted:checked")
                page.fill("#reader", "R")
                page.click("#sign-now")
                page.wait_for_selector("#banners :text('Accepted by R')")
        page.goto(f"{service.url}/scans/{'0' * 32}")
        page.wait_for_selector("#banners :text('There is no scan')")
        assert [s for s in found.said if not s.startswith(USUAL)] == []


def test_images_that_do_not_come_are_said(service: Served, scan: str, browser: Any) -> None:
    (service.data / "scans" / scan / "images" / "straight.npy").write_bytes(b"")
    with tab(browser) as found:
        # the service finds them damaged, and says that there are none
        found.page.goto(f"{service.url}/scans/{scan}")
        found.page.wait_for_selector("#banners :text('No images')")
        found.page.wait_for_selector("#marks .body")


def test_a_second_finger_leaves_a_drag_to_the_first(scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "T12")
    x, y = centre(page, "T12: middle superior point")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=4)
    for kind, dx in (("pointermove", 90), ("pointerup", 90)):
        palm = {"pointerId": 99, "clientX": x + dx, "clientY": y, "bubbles": True, "pointerType": "touch"}
        page.evaluate(f"init => document.getElementById('stage').dispatchEvent(new PointerEvent('{kind}', init))", palm)
    frame(page)
    assert centre(page, "T12: middle superior point") == (pytest.approx(x, abs=1.5), pytest.approx(y + 20, abs=1.5))
    page.mouse.move(x, y + 30, steps=2)
    page.mouse.up()
    frame(page)
    assert centre(page, "T12: middle superior point")[1] == pytest.approx(y + 30, abs=1.5)


def test_reasons_why_something_cannot_be_done_are_true(scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "T12")
    page.fill("#reason", "metal or cement")
    page.keyboard.press("Enter")
    frame(page)
    page.focus("#assess")
    page.keyboard.press("Enter")
    frame(page)
    assert page.evaluate("[document.activeElement.id, document.activeElement.value]") == ["reason", ""]
    page.focus("#stage")
    for _ in names(page):
        page.keyboard.press("Delete")
        frame(page)
    page.keyboard.press("a")
    page.mouse.click(*(page.locator("#stage").bounding_box()[side] + 150 for side in ("x", "y")))
    frame(page)
    assert "none is left" in page.inner_text("#hint")


def test_names_of_a_signed_review_stay_without_a_word(scan: str, opened: Open) -> None:
    page = opened(scan).page
    page.click("#sign")
    page.wait_for_selector("#sign-accepted:checked")
    page.fill("#reader", "R")
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Accepted by R')")
    before = page.inner_text("#hint")
    page.focus("#stage")
    page.keyboard.press("Shift+U")
    frame(page)
    assert page.inner_text("#hint") == before


def test_a_review_or_versions_that_do_not_come_are_said(scan: str, opened: Open, service: Served, browser: Any) -> None:
    broken = {"status": 503, "json": {"code": "busy", "message": "the store is busy"}}
    page = opened(scan).page
    page.route("**/reviews", lambda route: route.fulfill(**broken))
    page.click("#versions")
    page.wait_for_selector("#banners :text('the store is busy')")
    page.unroute("**/reviews")
    page.click("#banners button:text('Try again')")
    page.wait_for_selector("dialog[open] :text('Nobody has saved')")
    assert page.locator("[data-banner=versions]").count() == 0
    with tab(browser) as found:
        found.page.route("**/review", lambda route: route.fulfill(**broken))
        found.page.goto(f"{service.url}/scans/{scan}")
        found.page.wait_for_selector("#banners :text('The review did not come: the store is busy')")
        assert not found.page.is_visible("#absent")
        assert [s for s in found.said if not s.startswith(USUAL)] == []
