"""The sign-off in real headless Chromium: what is signed is what was measured, alone, and what fails is told and tried again."""

from __future__ import annotations

from review_tab import Open, choose, frame, is_saved, names, save, saved
from served_worklist import Served


def test_a_signature_waits_for_what_is_being_saved_and_nothing_is_edited_under_it(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    late = """() => {
        const usual = window.fetch;
        window.fetch = async (...asked) => {
            if (asked[1]?.method && !asked[0].includes("measure")) await new Promise(done => setTimeout(done, 1500));
            return usual(...asked);
        };
    }"""
    page.evaluate(late)
    choose(page, "L1")
    page.click("#delete")
    page.keyboard.press("Control+s")
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted_with_edits:checked")
    page.fill("#reader", "R")
    page.click("#sign-now")
    frame(page)
    before = names(page)
    assert not page.is_enabled("#undo")
    page.keyboard.press("Delete")
    page.keyboard.press("Shift+D")
    frame(page)
    assert names(page) == before
    page.wait_for_selector("#banners :text('Accepted with edits by R')")
    assert [r.decision for r in service.store.reviews(scan)] == ["draft", "accepted_with_edits"]
    page.wait_for_timeout(4500)
    assert saved(service, scan).version == 2


def test_a_version_that_the_service_refuses_to_load_is_said(service: Served, scan: str, opened: Open) -> None:
    mine, theirs = opened(scan).page, opened(scan).page
    choose(theirs, "L2")
    theirs.click("#delete")
    save(theirs, 1)
    choose(mine, "L3")
    mine.click("#delete")
    mine.keyboard.press("Control+s")
    mine.click("dialog[open] button:text('Keep looking')")
    service.store.delete_scan(scan, "another reader")
    mine.click("#banners button:text('Load theirs')")
    mine.wait_for_selector("#banners [role=alert] :text('The saved version was not loaded')")
    assert mine.is_visible("#banners button:text('Load again')")
    assert "L3" not in names(mine)


def test_nothing_comes_in_under_the_open_sign_off(service: Served, scan: str, opened: Open) -> None:
    mine, theirs = opened(scan).page, opened(scan).page
    choose(theirs, "L2")
    theirs.click("#delete")
    save(theirs, 1)
    choose(mine, "L3")
    mine.click("#delete")
    mine.keyboard.press("s")
    mine.wait_for_selector("#sign-accepted_with_edits:checked")
    mine.wait_for_timeout(4500)  # what is saved by itself would have met their version
    assert mine.locator("dialog[open]").count() == 1
    mine.fill("#reader", "R")
    mine.fill("#comment", "Seen twice.")
    mine.click("#sign-now")
    mine.wait_for_selector("dialog[open] :text('Somebody else saved version 1')")
    mine.click("dialog[open] button:text('Load version 1')")
    is_saved(mine, 1)
    assert [r.version for r in service.store.reviews(scan)] == [1]
    assert "L3" in names(mine)
    mine.keyboard.press("s")
    mine.wait_for_selector("#sign-now:enabled")
    assert mine.input_value("#comment") == "Seen twice."


def test_a_cancelled_sign_off_leaves_the_edits_to_be_saved_by_themselves(scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "L1")
    page.click("#delete")
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted_with_edits:checked")
    page.click("#sign-close")
    is_saved(page, 1)


def test_a_signature_that_fails_is_asked_for_again_with_what_was_written(service: Served, scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "L1")
    page.click("#delete")
    page.route("**/review/sign", lambda route: route.abort())
    page.keyboard.press("s")
    page.wait_for_selector("#sign-accepted_with_edits:checked")
    page.check("#sign-rejected")
    page.fill("#reader", "R")
    page.fill("#comment", "Motion.")
    page.click("#sign-now")
    page.wait_for_selector("#banners [role=alert] :text('Not signed: the service does not answer')")
    page.wait_for_timeout(4500)
    assert service.store.review(scan) is None
    page.unroute("**/review/sign")
    page.click("#banners button:text('Try again')")
    page.wait_for_selector("#sign-rejected:enabled:checked")
    assert page.input_value("#comment") == "Motion."
    page.click("#sign-now")
    page.wait_for_selector("#banners :text('Rejected by R')")
    assert page.locator("#banners [data-banner=saving]").count() == 0
    assert saved(service, scan).comment == "Motion."
