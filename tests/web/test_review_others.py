"""The review page in real headless Chromium: what others do, and what the model doubts, is told while the page is open."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import httpx

from endplate.report.report import Report
from review_tab import Open, choose, drag, frame, is_saved, names, resize, row_of, save, saved, unhurried
from reviewed_scans import Measured, put
from served_worklist import Served

OTHERS = "#banners [data-banner=others]"
DOUBT = "#banners [data-banner=names]"


def test_another_readers_save_is_told_while_the_page_is_open(scan: str, opened: Open) -> None:
    mine, theirs = opened(scan).page, opened(scan).page
    before = row_of(mine, "L2")
    choose(theirs, "L2")
    drag(theirs, "L2: anterior superior point", 3.0)
    save(theirs, 1)
    mine.wait_for_selector(f"{OTHERS}[role=status]:has-text('Somebody else has just saved a draft (version 1)')")
    assert row_of(mine, "L2") == before
    mine.click(f"{OTHERS} button:text('Load version 1')")
    is_saved(mine, 1)
    assert row_of(mine, "L2") == row_of(theirs, "L2")
    assert mine.locator(OTHERS).count() == 0
    theirs.click("#sign")
    theirs.fill("#reader", "Dr Ada Reader")
    theirs.click("#sign-now")
    mine.wait_for_selector(f"{OTHERS}:has-text('Dr Ada Reader has signed it: Accepted with edits, version 2')")
    assert "not verified" in mine.inner_text(".foot")
    mine.click(f"{OTHERS} button")
    mine.wait_for_selector("#banners :text('Accepted with edits by Dr Ada Reader')")
    assert theirs.locator(OTHERS).count() == 0


def test_own_saves_are_no_news_and_unsaved_edits_are_spoken_of(scan: str, opened: Open) -> None:
    mine, theirs = opened(scan).page, opened(scan).page
    unhurried(theirs)
    choose(mine, "L1")
    drag(mine, "L1: anterior superior point", 3.0)
    save(mine, 1)
    theirs.wait_for_selector(OTHERS)
    mine.wait_for_timeout(500)  # its own event has come
    assert mine.locator(OTHERS).count() == 0
    choose(theirs, "L3")
    drag(theirs, "L3: anterior superior point", 3.0)
    edited = row_of(theirs, "L3")
    theirs.wait_for_selector(f"{OTHERS}:has-text('Your edits are not saved')")
    theirs.click(f"{OTHERS} button")
    is_saved(theirs, 1)
    theirs.keyboard.press("Control+z")
    frame(theirs)
    assert row_of(theirs, "L3")[1:4] == edited[1:4]


def test_what_was_saved_while_the_tab_was_hidden_is_told_on_return(scan: str, opened: Open) -> None:
    mine, theirs = opened(scan).page, opened(scan).page
    seen = """seen => {
        Object.defineProperty(document, "visibilityState", {value: seen, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    mine.evaluate(seen, "hidden")
    choose(theirs, "L1")
    theirs.click("#delete")
    save(theirs, 1)
    mine.wait_for_timeout(500)
    assert mine.locator(OTHERS).count() == 0
    mine.evaluate(seen, "visible")
    mine.wait_for_selector(f"{OTHERS}:has-text('version 1')")


def doubted(report: Report, other: str) -> Report:
    """The report, its level names in doubt."""
    assert report.levels is not None
    levels = replace(report.levels, confidence=0.4, uncertain=True, alternative=other, alternative_probability=0.54)
    vertebrae = tuple(replace(v, level_confidence=0.4) for v in report.vertebrae)
    return replace(report, levels=levels, vertebrae=vertebrae)


def test_names_in_doubt_are_shifted_with_one_click(made: Measured, service: Served, opened: Open) -> None:
    scan = put(service, made, "names in doubt", report=doubted(made.report, "T7"))
    page = opened(scan).page
    assert names(page)[0] == "T8 ?"
    line = page.inner_text(DOUBT)
    assert "first vertebra is taken for T8 (40 %), it may be T7 (54 %)" in line
    assert "--top-level" not in page.inner_text("body")
    page.click(f"{DOUBT} button:text('Shift all names: T8 → T7')")
    frame(page)
    assert names(page)[0] == "T7"
    assert page.locator(DOUBT).count() == 0
    assert "uncertain" not in page.inner_text("#sentence")
    save(page, 1)
    assert saved(service, scan).vertebrae[0].level == "T7"
    page.keyboard.press("Control+z")
    page.wait_for_selector(DOUBT)


def test_names_in_doubt_are_confirmed_with_one_click_and_signed_as_accepted(made: Measured, service: Served, opened: Open) -> None:
    scan = put(service, made, "names that are right", report=doubted(made.report, "T7"))
    page = opened(scan).page
    right = f"{DOUBT} button:text-is('Names are right')"
    page.wait_for_selector(f"{DOUBT}:has-text('Count from the last rib or the sacrum')")
    assert names(page) == [f"{e.level} ?" for e in made.report.vertebrae]
    before = [row_of(page, str(e.level)) for e in made.report.vertebrae]
    page.click(right)
    page.wait_for_selector(DOUBT, state="detached")
    page.wait_for_selector("#sentence:not(:has-text('uncertain'))")
    assert names(page) == [e.level for e in made.report.vertebrae]
    assert page.locator("#marks .name", has_text="?").count() == 0
    assert [row_of(page, str(e.level))[1:] for e in made.report.vertebrae] == [row[1:] for row in before]
    page.keyboard.press("Control+z")
    page.wait_for_selector(right)
    page.wait_for_selector("#sentence:has-text('Level names are uncertain.')")
    assert not page.is_enabled("#undo")
    page.keyboard.press("Control+y")
    page.wait_for_selector(DOUBT, state="detached")
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted:enabled:checked")
    assert page.inner_text("#sign-count").startswith("You confirm the level names T8, T9, T10")
    assert "uncertain" not in page.inner_text("#sign-sentence")
    page.fill("#reader", "Dr Ada Reader")
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Accepted by Dr Ada Reader')")
    page.reload()
    page.wait_for_selector("#banners :text('Accepted by Dr Ada Reader')")
    page.wait_for_selector("#vertebrae tr")
    assert page.locator(DOUBT).count() == 0
    report = httpx.get(f"{service.url}/api/scans/{scan}/exports/report.json").json()
    assert (report["levels"]["uncertain"], report["review"]["edits"]) == (False, [])
    assert report["review"]["confirmed"] == [e.level for e in made.report.vertebrae]
    assert httpx.get(f"{service.url}/api/scans/{scan}/exports/truth.json").json()["levels_certain"]
    # what the model said stays as it was said
    assert httpx.get(f"{service.url}/api/scans/{scan}").json()["report"]["levels"]["uncertain"]


def test_the_keyboard_confirms_names_where_they_are_in_doubt_alone(
    made: Measured, service: Served, scan: str, opened: Open
) -> None:
    sure = opened(scan).page
    sure.focus("#stage")
    sure.keyboard.press("c")
    sure.wait_for_selector("#hint:text('No level name is in doubt.')")
    assert not sure.is_enabled("#undo")
    page = opened(put(service, made, "names by key", report=doubted(made.report, "T7"))).page
    page.wait_for_selector(DOUBT)
    page.focus("#stage")
    page.keyboard.press("c")
    page.wait_for_selector(DOUBT, state="detached")
    page.keyboard.press("Control+z")
    page.focus(f"{DOUBT} button:text-is('Names are right')")
    page.keyboard.press("Enter")
    page.wait_for_selector(DOUBT, state="detached")
    # the keyboard is not left nowhere
    assert page.evaluate("document.activeElement.id") == "stage"
    # what was confirmed was the name before
    page.keyboard.press("Shift+U")
    page.wait_for_selector("#vertebrae .level:text-is('T7')")
    page.keyboard.press("Shift+D")
    page.wait_for_selector("#vertebrae .level:text-is('T8 ?')")
    page.wait_for_selector(DOUBT)


def test_a_confirmation_comes_back_on_top_of_anothers_version(made: Measured, service: Served, opened: Open) -> None:
    scan = put(service, made, "names and another's draft", report=doubted(made.report, "T7"))
    mine, theirs = opened(scan).page, opened(scan).page
    unhurried(mine)
    choose(theirs, "L2")
    drag(theirs, "L2: anterior superior point", 3.0)
    save(theirs, 1)
    mine.wait_for_selector(OTHERS)
    mine.click(f"{DOUBT} button:text-is('Names are right')")
    mine.wait_for_selector(DOUBT, state="detached")
    mine.click(f"{OTHERS} button:text('Load version 1')")
    is_saved(mine, 1)
    mine.wait_for_selector(DOUBT)
    mine.keyboard.press("Control+z")
    mine.wait_for_selector(DOUBT, state="detached")
    save(mine, 2)
    review = saved(service, scan)
    assert all(v.level_confirmed for v in review.vertebrae)
    assert row_of(mine, "L2")[1:] == row_of(theirs, "L2")[1:]


def test_names_that_are_shifted_after_an_edit_keep_it(made: Measured, service: Served, opened: Open) -> None:
    scan = put(service, made, "an edit, then a shift", report=doubted(made.report, "T7"))
    page = opened(scan).page
    choose(page, "L1")
    drag(page, "L1: anterior superior point", 6.0)
    moved = row_of(page, "L1")
    page.click(f"{DOUBT} button")
    frame(page)
    assert row_of(page, "T12")[1:4] == moved[1:4]


def test_a_variant_in_doubt_renames_the_first_alone(made: Measured, service: Served, opened: Open) -> None:
    report = doubted(made.report, "T13")
    kept = tuple(v for v in report.vertebrae if v.level not in ("T8", "T9", "T10", "T11"))
    assert report.levels is not None
    cut = replace(report, vertebrae=kept, levels=replace(report.levels, top="T12"))
    page = opened(put(service, made, "a variant in doubt", report=cut)).page
    before = names(page)
    page.click(f"{DOUBT} button:text('Rename the first: T12 → T13')")
    frame(page)
    assert names(page) == ["T13", *before[1:]]
    page.keyboard.press("Control+z")
    for _ in before:
        page.click("#delete")
        frame(page)
    assert names(page) == []
    assert page.locator(DOUBT).count() == 0


def test_an_export_that_is_refused_says_why(scan: str, opened: Open) -> None:
    page = opened(scan).page
    page.click("#exports summary")
    page.click("#export-list a:text('DICOM structured report')")
    page.wait_for_selector("#banners [role=alert]:has-text('DICOM structured report was not made: ')")
    assert not page.locator("#exports[open]").count()
    page.click("#banners button:text('Close')")
    assert page.locator("#banners [data-banner=export]").count() == 0


def test_the_foot_says_who_verified_it_and_until_then_that_nobody_did(scan: str, opened: Open) -> None:
    page = opened(scan).page
    foot = "Research use only - not a medical device. "
    assert page.inner_text(".foot") == f"{foot}AI result, not verified until signed."
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted:enabled")
    page.fill("#reader", "Dr Ada Reader")
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Accepted by Dr Ada Reader')")
    assert page.inner_text(".foot").startswith(f"{foot}Accepted, Dr Ada Reader, 20")
    page.click("#banners button:text('Amend')")
    frame(page)
    assert page.inner_text(".foot") == f"{foot}AI result, not verified until signed."


def test_what_was_chosen_stays_in_view_and_words_apart_when_the_window_changes(scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "L3")
    for width, height in ((1200, 1920), (1280, 600)):
        resize(page, width, height)
        stage, row = page.locator("#stage").bounding_box(), page.locator("#vertebrae tr[aria-selected=true]").bounding_box()
        scroll = page.locator(".scroll").bounding_box()
        points = [h.bounding_box() for h in page.locator(".handle").all()]
        assert all(stage["y"] < p["y"] < stage["y"] + stage["height"] for p in points)
        assert scroll["y"] <= row["y"]
        assert row["y"] + row["height"] <= scroll["y"] + scroll["height"] + 1
    page.keyboard.press("f")
    resize(page, 1280, 480)
    ys = """all => all.filter(t => t.textContent && t.checkVisibility({visibilityProperty: true}))
        .map(t => Number(t.getAttribute("y")))"""
    shown = sorted(page.locator("#marks .name").evaluate_all(ys))
    assert len(shown) > 1
    assert all(b - a >= 10 for a, b in pairwise(shown))
