from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from served_worklist import HOSTILE, Served, Tab, chromium, many_scans, served, tab

pytest.importorskip("fastapi")
pytest.importorskip("dbos")

from endplate.service.records import Job, Patient, Query, Scan

COUNT = 3000
FIRST_ROW = """new MutationObserver((_, watch) => {
  if (document.querySelector("#scans tr")) { window.firstRows = performance.now(); watch.disconnect(); }
}).observe(document, { childList: true, subtree: true });"""


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
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A service without scans, which may read one folder."""
    (tmp_path / "ct").mkdir()
    with served(tmp_path / "data", folders=(tmp_path / "ct",)) as service:
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


def settled(opened: Tab) -> None:
    """Waits until the list has an answer to the latest question."""
    opened.page.wait_for_selector("#list[data-state=shown]")


def names(opened: Tab) -> list[str]:
    return [str(n) for n in opened.page.locator("#scans tr").evaluate_all("rows => rows.map(r => r.dataset.scan)")]


def expected(service: Served, **asked: Any) -> list[str]:
    return [scan.id for scan in service.store.worklist(Query(**asked)).scans]


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def press(opened: Tab, *keys: str) -> None:
    for key in keys:
        opened.page.keyboard.press(key)
    settled(opened)


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
        assert re.match(r"[TL]\d+\ngrade 3 severe\n\N{MINUS SIGN}\d\d %", row.inner_text())
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
    for sort, down in {"grade": True, "probability": True, "patient": False, "study_date": True, "review": False, "status": False}.items():
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
    opened.page.keyboard.type("müller jürgen", delay=5)
    opened.page.wait_for_selector("#summary:text-is('1 scan, flagged first')")
    assert opened.page.locator("#scans th a").inner_text() == "Müller, Jürgen"
    assert len([url for url in opened.asked if "/api/scans" in url]) <= 2
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_selector("#summary:has-text('of 3,000 scans')")
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


def measured(service: Served, scan: Scan) -> None:
    """As a worker tells the store of a result."""
    from report.conftest import chest, report_of

    service.store.set_measured(scan.id, report_of(chest({"T8": (0.4, 0.7, 1.0)})), None)


def test_a_job_is_followed_until_its_scan_is_flagged(browser: Any, fresh: Served) -> None:
    scan = Scan("ab" * 16, "new", "waiting", "2026-11-25T08:00:00.000+00:00", "/ct/new", Patient("<i>New</i>^One", "42"))
    job = Job("cd" * 16, "measure", "new", "waiting", scan.added_at, scan_id=scan.id)
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        assert opened.page.locator("#empty").is_visible()
        opened.page.wait_for_timeout(500)  # the stream of events has begun
        fresh.store.add_scan(scan, "test")
        fresh.store.add_job(job)
        opened.page.wait_for_selector("#scans tr:has-text('Waiting')")
        assert opened.page.locator("#empty").is_hidden()
        opened.page.wait_for_selector("#news:text-is('1 scan added')")
        fresh.store.set_running(scan.id)
        fresh.store.update_job(job.id, state="running", stage="detect", share=0.4)
        opened.page.wait_for_selector("#scans progress[value='0.4']")
        assert opened.page.locator("#scans .status").inner_text().startswith("Running detect")
        assert opened.page.locator("#jobs-busy").inner_text() == "1 running"
        measured(fresh, scan)
        fresh.store.update_job(job.id, state="done", share=1.0)
        opened.page.wait_for_selector("#scans tr[data-state=flagged] .grade.solid:has-text('grade 3 severe')")
        opened.page.wait_for_selector("[data-view=flagged] .count:text-is('1')")
        opened.page.wait_for_selector("#news:text-is('1 measured, 1 flagged')")
        assert opened.page.locator("#scans th a").inner_text() == "<i>New</i>, One"
        assert opened.said == []


def test_the_order_does_not_change_under_the_readers_hand(browser: Any, fresh: Served) -> None:
    scans = [Scan(f"{n:032x}", f"scan-{n}", "waiting", f"2026-11-25T08:00:0{n}.000+00:00", "/ct") for n in range(3)]
    for scan in scans:
        fresh.store.add_scan(scan, "test")
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        before = names(opened)
        press(opened, "j")
        opened.page.wait_for_timeout(500)  # the stream of events has begun
        measured(fresh, scans[2])
        opened.page.wait_for_selector("#changed:visible")
        assert names(opened) == before
        assert opened.page.locator("#scans tr[data-state=flagged]").count() == 1
        press(opened, "r")
        assert names(opened)[0] == scans[2].id
        assert opened.page.locator("#changed").is_hidden()
        assert opened.page.evaluate("document.activeElement.closest('tr').dataset.scan") == before[0]


def test_jobs_tell_why_they_failed_and_go_again_or_end(browser: Any, fresh: Served, tmp_path: Path) -> None:
    from endplate.service.jobs.orders import Jobs

    jobs = Jobs(fresh.store, fresh.data)
    failed = jobs.order_find([tmp_path / "ct"], "test", "<b>broken</b>")
    fresh.store.update_job(failed.id, state="failed", message=REASON)
    waiting = jobs.order_find([tmp_path / "ct"], "test", "waits")
    jobs.close()
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        opened.page.wait_for_selector("#jobs-failed:text-is('1 failed')")
        press(opened, "o")
        line = opened.page.locator(f"[data-job='{failed.id}']")
        assert REASON in line.inner_text()
        assert line.locator(".name").inner_text() == "<b>broken</b>"
        line.get_by_role("button", name="Try again").click()
        opened.page.wait_for_selector(f"#jobs-running-list [data-job='{failed.id}']")
        assert fresh.store.job(failed.id).state == "waiting"  # type: ignore[union-attr]
        opened.page.click(f"#order-{waiting.id}")
        opened.page.wait_for_selector(f"#jobs-done-list [data-job='{waiting.id}']")
        assert fresh.store.job(waiting.id).state == "cancelled"  # type: ignore[union-attr]
        press(opened, "Escape")
        assert opened.page.locator("#jobs").is_hidden()
        assert opened.said == []


REASON = "out of memory: 3.1 GB needed, 2.0 GB free; close other programs or use fewer --threads"


def test_files_are_sent_and_refusals_said(browser: Any, fresh: Served, tmp_path: Path) -> None:
    from small_scans import write_small

    scan = write_small(tmp_path / "small.nii.gz")
    (tmp_path / "letter.txt").write_text("no scan")
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        press(opened, "u")
        with opened.page.expect_file_chooser() as chooser:
            opened.page.click("#files-choose")
        chooser.value.set_files(scan)
        opened.page.wait_for_selector("#jobs-running-list li:has-text('Waiting')")
        (job,) = fresh.store.jobs()
        (kept,) = files_under(fresh.data / "uploads")
        assert job.kind == "find"
        assert kept.read_bytes() == scan.read_bytes()
        assert opened.said == []
        opened.page.set_input_files("#files-input", tmp_path / "letter.txt")
        alert = opened.page.locator("#alert[role=alert]")
        opened.page.wait_for_selector("#alert:visible")
        assert "letter.txt was not taken" in alert.inner_text()
        assert len(fresh.store.jobs()) == 1
        assert not list((fresh.data / "incoming").iterdir())


def test_a_dropped_folder_keeps_its_paths(browser: Any, fresh: Served, tmp_path: Path) -> None:
    from small_scans import write_small

    scan = write_small(tmp_path / "study" / "series" / "small.nii.gz")
    (tmp_path / "study" / ".DS_Store").write_text("litter")
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        drag = {"items": [], "files": [str(tmp_path / "study")], "dragOperationsMask": 1}
        session = opened.page.context.new_cdp_session(opened.page)
        for kind in ("dragEnter", "dragOver"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 400, "data": drag})
        opened.page.wait_for_selector("#drop:visible")
        session.send("Input.dispatchDragEvent", {"type": "drop", "x": 600, "y": 400, "data": drag})
        opened.page.wait_for_selector("#jobs-running-list li")
        assert [path.parts[-3:] for path in files_under(fresh.data / "uploads")] == [scan.parts[-3:]]
        assert opened.page.locator("#drop").is_hidden()
        assert opened.said == []


def test_a_folder_on_the_server(browser: Any, fresh: Served, tmp_path: Path) -> None:
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        press(opened, "a")
        opened.page.fill("[name=path]", str(tmp_path))
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_selector("#server-folder-alert:visible")
        assert "expected an absolute one within" in opened.page.locator("#server-folder-alert").inner_text()
        opened.page.fill("[name=path]", str(tmp_path / "ct"))
        opened.page.check("[value=reports]")
        opened.page.click("#server-folder [type=submit]")
        opened.page.wait_for_selector("#jobs-running-list li")
        assert opened.page.locator("#server-folder").is_hidden()
        assert [job.kind for job in fresh.store.jobs()] == ["import"]


def test_a_token_is_asked_for_and_leads_back(browser: Any, tmp_path: Path) -> None:
    token = "a-token-of-the-test-0123456789"
    with served(tmp_path / "data", many_scans(3), token=token) as service, tab(browser) as opened:
        opened.page.goto(f"{service.url}/?sort=added")
        opened.page.wait_for_url(re.compile(r"/login\?next="))
        opened.page.fill("#token", "wrong-token-of-the-test")
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_selector("#alert:visible")
        assert "not the service's token" in opened.page.locator("#alert").inner_text()
        opened.page.fill("#token", token)
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_url(f"{service.url}/?sort=added")
        settled(opened)
        assert len(names(opened)) == 3
        opened.page.click("#sign-out")
        opened.page.wait_for_url("**/login")
        opened.page.goto(f"{service.url}/login?next=/.//example.org/")
        opened.page.fill("#token", token)
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_url(lambda url: "/login" not in url)
        assert opened.page.url.startswith(f"{service.url}/")


def test_a_service_that_ended_is_told_of(browser: Any, tmp_path: Path) -> None:
    with tab(browser) as opened:
        with served(tmp_path / "data", many_scans(3)) as service:
            opened.page.goto(service.url)
            settled(opened)
            time.sleep(0.5)
        opened.page.wait_for_selector("#lost:visible")
        opened.page.click("[data-view=flagged]")
        opened.page.wait_for_selector("#alert:visible")
        assert "is endplate serve still running" in opened.page.locator("#alert").inner_text()
