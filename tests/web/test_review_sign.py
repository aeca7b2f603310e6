"""The review page in real headless Chromium: saved, signed, amended; two readers at once."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx

from review_tab import Open, choose, drag, frame, is_saved, names, row_of, save, saved, unhurried
from reviewed_scans import Measured, put
from served_worklist import Served


def test_two_readers_cannot_lose_each_others_work(service: Served, scan: str, opened: Open) -> None:
    mine, theirs = opened(scan).page, opened(scan).page
    choose(theirs, "L2")
    drag(theirs, "L2: anterior superior point", 3.0)
    save(theirs, 1)
    mine.wait_for_selector("#banners [data-banner=others]")  # a line more above the image moves what is dragged
    choose(mine, "L3")
    drag(mine, "L3: middle superior point", 4.0)
    edited = row_of(mine, "L3")
    mine.keyboard.press("Control+s")
    mine.wait_for_selector("dialog[open] :text('Somebody else saved version 1')")
    mine.click("dialog[open] button:text('Keep looking')")
    frame(mine)
    assert row_of(mine, "L3") == edited
    mine.wait_for_selector("#banners [data-banner=conflict]:has-text('not saved')")
    mine.click("#banners button:text('Load theirs')")
    is_saved(mine, 1)
    assert row_of(mine, "L2") == row_of(theirs, "L2")
    assert row_of(mine, "L3") != edited
    mine.keyboard.press("Control+z")
    frame(mine)
    assert row_of(mine, "L3")[1:4] == edited[1:4]
    assert row_of(mine, "L2")[1:4] == row_of(theirs, "L2")[1:4]
    save(mine, 2)
    assert [r.version for r in service.store.reviews(scan)] == [1, 2]


def test_it_is_signed_reloaded_looked_back_at_and_amended(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    unhurried(page)
    page.click("#exports summary")
    assert "version=0" in page.get_attribute("#export-list a", "href")  # what it shows, also if somebody signs meanwhile
    page.keyboard.press("Escape")
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
    page.wait_for_selector("#export-list a[href*='version=2']")
    with page.expect_download() as download:
        page.click("#export-list a:text('Table (CSV)')")
    assert "findings.csv" in download.value.suggested_filename
    # the name is remembered for the next one, in this tab only
    page.click("#sign")
    assert page.input_value("#reader") == "Dr Ada Reader"
    assert page.evaluate("localStorage.length") == 0


def test_a_rejection_wants_a_reason_and_no_edits_are_accepted(made: Measured, service: Served, scan: str, opened: Open) -> None:
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


def test_leaving_with_unsaved_edits_is_asked_about(scan: str, opened: Open) -> None:
    found = opened(scan)
    unhurried(found.page)
    choose(found.page, "L1")
    found.page.click("#delete")
    frame(found.page)
    with found.page.expect_event("dialog"):
        found.page.close(run_before_unload=True)
    frame(found.page)  # the page goes on
    assert found.said == ["dialogue: "]
    found.said.clear()
    assert not found.page.is_closed()


def test_what_the_service_refuses_is_said_and_the_edits_stay(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "L1")
    page.click("#delete")
    service.store.delete_scan(scan, "another reader")
    page.keyboard.press("Control+s")
    page.wait_for_selector("#banners [role=alert] :text('Not saved')")
    page.wait_for_selector("#saved:has-text('unsaved edits')")
    assert "L1" not in names(page)
    assert page.is_visible("#banners button:text('Try again')")


def test_names_that_do_not_run_head_to_feet_cannot_be_signed(service: Served, scan: str, opened: Open) -> None:
    address = f"{service.url}/api/scans/{scan}/review"
    draft = httpx.get(address).json()
    draft["vertebrae"][3]["level"] = draft["vertebrae"][2]["level"]
    assert httpx.put(address, json=draft, headers={"If-Match": '"0"'}).status_code == 200
    page = opened(scan).page
    page.keyboard.press("s")
    page.wait_for_selector("#sign-trouble:text('Level names must run from head to feet')")
    assert not page.is_enabled("#sign-now")


def test_an_untouched_report_is_signed_in_the_models_own_words(made: Measured, service: Served, opened: Open) -> None:
    """The service returns them as they are; the page words rounded points, whose last digit may differ."""
    assert made.report.summary is not None
    report = replace(made.report, summary=replace(made.report.summary, sentence="L1 wedge deformity, height loss 31 %."))
    page = opened(put(service, made, "another digit", report=report)).page
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted:enabled")
    assert page.inner_text("#sign-sentence") == "L1 wedge deformity, height loss 31 %."
    page.fill("#reader", "R")
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Accepted by R')")
