"""The list of scans: views, order, search, pages, keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from served_worklist import HOSTILE, Served, Tab, chromium, many_scans, names, press, served, settled, tab

pytest.importorskip("fastapi")
pytest.importorskip("dbos")

from endplate.service.records import Query, Scan

COUNT = 3000
FIRST_ROW = """new MutationObserver((_, watch) => {
  if (document.querySelector("#scans tr")) { window.firstRows = performance.now(); watch.disconnect(); }
}).observe(document, { childList: true, subtree: true });"""
TYPED = """text => {
  for (const letter of text) document.execCommand("insertText", false, letter);
}"""
"""Letter by letter where the keyboard is, as fast as it goes: between keys from here, a slow machine rests as long as a reader."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with 3,000 scans, which no test changes."""
    with served(tmp_path_factory.mktemp("full") / "data", many_scans(COUNT)) as service:
        yield service


@pytest.fixture
def list_of(browser: Any, full: Served) -> Iterator[Callable[[str], Tab]]:
    """Opens the full list at an address; the test fails if the page says anything or asks elsewhere."""
    with tab(browser) as opened:

        def at(address: str) -> Tab:
            opened.page.goto(full.url + address)
            settled(opened)
            return opened

        yield at
        assert opened.said == []
        assert all(url.startswith(full.url) for url in opened.asked)


def expected(service: Served, **asked: Any) -> list[str]:
    return [scan.id for scan in service.store.worklist(Query(**asked)).scans]


def test_flagged_stand_first_and_say_so_without_colour(
    browser: Any, full: Served, record_property: Callable[[str, object], None]
) -> None:
    with tab(browser) as opened:
        opened.page.add_init_script(FIRST_ROW)
        opened.page.goto(full.url)
        settled(opened)
        record_property("first_rows_ms", round(opened.page.evaluate("window.firstRows")))
        assert names(opened) == expected(full)
        row = opened.page.locator("#scans tr").first
        assert row.locator(".grade.solid .blocks i").count() == 3
        assert re.match(r"[TL]\d+\ngrade 3 severe\n\d\d % of height lost", row.inner_text())
        assert opened.page.locator("#summary").inner_text() == "1 to 50 of 3,000 scans, flagged first"
        assert opened.said == []


def test_views_count_and_show_what_the_store_says(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/")
    asked: dict[str, dict[str, Any]] = {
        "flagged": {"grade": 2, "review": ("none", "draft")},
        "unreviewed": {"status": ("measured",), "review": ("none",)},
        "draft": {"review": ("draft",)},
        "signed": {"review": ("accepted", "accepted_with_edits")},
        "rejected": {"review": ("rejected",)},
        "running": {"status": ("waiting", "running")},
        "failed": {"status": ("failed", "refused", "no_spine", "cancelled")},
    }
    for view, query in asked.items():
        opened.page.click(f"[data-view={view}]")
        settled(opened)
        page = full.store.worklist(Query(**query))
        assert names(opened) == [scan.id for scan in page.scans]
        assert opened.page.locator(f"[data-view={view}] .count").inner_text() == f"{page.total:,}"
        assert opened.page.locator("[aria-current=true]").get_attribute("data-view") == view
        assert opened.page.url == f"{full.url}/?view={view}"
    assert "expected 150 mm of the spine" in opened.page.locator("#scans").inner_text()


def test_reviews_of_scans_without_a_spine_count_as_reviews_and_say_so(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    signed = {"review": "accepted", "reader": "Dr Ünal", "review_version": 1, "signed_at": "2026-11-20T08:00:00+00:00"}
    (first, *others) = [scan for scan in many_scans(60) if scan.status == "measured" and scan.review is None][:3]
    assert first.summary is not None
    half = replace(first, summary=replace(first.summary, worst_grade=1, worst_loss=0.245))
    empty = Scan("e" * 32, "empty", "no_spine", first.added_at, "/ct/empty", **signed)  # type: ignore[arg-type]
    with served(tmp_path_factory.mktemp("empty") / "data", [half, *others, empty]) as service, tab(browser) as opened:
        opened.page.goto(service.url)
        settled(opened)
        assert opened.page.locator("[data-view=unreviewed] .count").inner_text() == "3"
        assert "✓ Accepted" in opened.page.locator(f"tr[data-scan='{empty.id}']").inner_text()
        # a tie goes to the even neighbour, as in the sentence and in the review
        assert "24 % of height lost" in opened.page.locator(f"tr[data-scan='{half.id}']").inner_text()


def test_the_address_holds_where_one_is_and_back_leads_there(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/")
    opened.page.click("[data-view=unreviewed]")
    settled(opened)
    opened.page.select_option("#grade", "1")
    settled(opened)
    opened.page.click("th[data-sort=patient] button")
    settled(opened)
    opened.page.click("#next")
    settled(opened)
    query = {"status": ("measured",), "review": ("none",), "grade": 1, "sort": "patient"}
    there = expected(full, **query, page=2)
    assert names(opened) == there
    assert opened.page.url == f"{full.url}/?view=unreviewed&grade=1&sort=patient&page=2"
    opened.page.reload()
    settled(opened)
    assert names(opened) == there
    opened.page.go_back()
    settled(opened)
    assert names(opened) == expected(full, **query)
    for _ in range(3):
        opened.page.go_back()
        settled(opened)
    assert names(opened) == expected(full)
    assert opened.page.input_value("#grade") == "0"


def test_nonsense_in_the_address_is_left_out(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/?view=<b>&sort=drop&page=999999&size=7&grade=9&descending=maybe&search=%00")
    last = -(-full.store.worklist(Query(grade=3)).total // 50)
    assert opened.page.locator("#page").inner_text() == f"Page {last} of {last}"
    assert names(opened) == expected(full, grade=3, page=last)


def test_heads_sort_both_ways_and_back_to_flagged_first(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/")
    for sort, down in {
        "grade": True,
        "probability": True,
        "patient": False,
        "study_date": True,
        "review": False,
        "status": False,
    }.items():
        head = opened.page.locator(f"th[data-sort={sort}]")
        for descending in (down, not down):
            head.locator("button").click()
            settled(opened)
            assert names(opened) == expected(full, sort=sort, descending=descending)
            assert head.get_attribute("aria-sort") == ("descending" if descending else "ascending")
        head.locator("button").click()
        settled(opened)
        assert head.get_attribute("aria-sort") == "none"
    assert names(opened) == expected(full)


def test_search_waits_for_the_end_of_typing(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/")
    opened.asked.clear()
    press(opened, "/")
    opened.page.evaluate(TYPED, "müller jürgen")
    opened.page.wait_for_selector("#summary:text-is('1 scan, flagged first')")
    assert opened.page.locator("#scans th a").inner_text() == "Müller, Jürgen"
    assert len([url for url in opened.asked if "/api/scans" in url]) == 1
    born = opened.page.locator("#scans .patient").inner_text().split("born ")[1]
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_selector("#summary:has-text('of 3,000 scans')")
    opened.page.fill("#search", f"Müller, Jürgen {born}")  # as it stands on the page
    opened.page.wait_for_selector("#summary:text-is('1 scan, flagged first')")
    opened.page.fill("#search", "nobody of this name")
    opened.page.wait_for_selector("#nothing:visible")
    opened.page.click("#show-all")
    settled(opened)
    assert names(opened) == expected(full)
    assert opened.page.input_value("#search") == ""


def test_pages_and_their_size(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/")
    press(opened, "n", "n")
    assert names(opened) == expected(full, page=3)
    press(opened, "p")
    assert names(opened) == expected(full, page=2)
    opened.page.select_option("#size", "200")
    settled(opened)
    assert names(opened) == expected(full, size=200)
    assert opened.page.locator("#page").inner_text() == "Page 1 of 15"


def test_keys_move_open_and_help(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/")
    ids = expected(full)
    held = "document.activeElement.closest('tr')?.dataset.scan"
    press(opened, "j", "j", "ArrowDown")
    assert opened.page.evaluate(held) == ids[2]
    press(opened, "k")
    assert opened.page.evaluate(held) == ids[1]
    press(opened, *["j"] * 30)
    box, head = (opened.page.locator(s).bounding_box() for s in (f"tr[data-scan='{ids[31]}']", "thead"))
    assert head["y"] + head["height"] <= box["y"] <= 720 - box["height"]
    press(opened, "?")
    assert opened.page.locator("#help").is_visible()
    press(opened, "j", "Escape")
    assert opened.page.evaluate(held) == ids[31]
    press(opened, "2")
    assert opened.page.locator("[aria-current=true]").inner_text().startswith("Flagged")
    press(opened, "u")
    assert opened.page.locator("#files-choose").is_visible()
    press(opened, "Escape")
    assert opened.page.evaluate(held) == ids[0]
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url(f"{full.url}/scans/{ids[0]}")
    opened.page.go_back()
    settled(opened)
    assert opened.page.evaluate(held) == ids[0]
    opened.said.clear()  # the other page has tests of its own


def test_hostile_names_are_text(list_of: Callable[[str], Tab], full: Served) -> None:
    opened = list_of("/?sort=added&size=25")
    shown = opened.page.locator("#scans th a").all_inner_texts()
    assert "<img src (x onerror, alert(1)>)" in shown  # a header's = parts spellings of a name
    assert "Yamada, Tarou (山田, 太郎)" in shown
    assert {name.replace("^", ", ") for name in HOSTILE if "=" not in name} <= set(shown)
    assert "<b>Low-dose</b> screening" in opened.page.locator("#scans").inner_text()
    assert opened.page.locator("#scans").locator("img, script, svg, b:not(.level)").count() == 0
    long = opened.page.locator("#scans th a", has_text="XXXX")
    assert long.bounding_box()["width"] < 300
    assert long.get_attribute("title") == "X" * 200


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1200, 1920), (800, 900), (400, 800)])
def test_no_width_cuts_the_page(browser: Any, full: Served, width: int, height: int) -> None:
    with tab(browser, width, height) as opened:
        opened.page.goto(f"{full.url}/?sort=added")
        settled(opened)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        for control in ("#search", "[data-dialog=upload]", "[data-view=failed]", "#grade"):
            box = opened.page.locator(control).first.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert opened.said == []
