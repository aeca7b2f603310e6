"""What happens while the worklist is open: jobs, uploads, signing in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from served_worklist import Served, chromium, listening, many_scans, names, press, served, settled, tab

pytest.importorskip("fastapi")
pytest.importorskip("dbos")

from endplate.service.records import Job, Patient, Scan

REASON = "out of memory: 3.1 GB needed, 2.0 GB free; close other programs or use fewer --threads"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A service without scans, which may read one folder."""
    (tmp_path / "ct").mkdir()
    with served(tmp_path / "data", folders=(tmp_path / "ct",)) as service:
        yield service


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def measured(service: Served, scan: Scan) -> None:
    """As a worker tells the store of a result."""
    from report.conftest import chest, report_of

    service.store.set_measured(scan.id, report_of(chest({"T8": (0.4, 0.7, 1.0)})), None)


def test_a_job_is_followed_until_its_scan_is_flagged(browser: Any, fresh: Served) -> None:
    scan = Scan("ab" * 16, "new", "waiting", "2026-11-25T08:00:00.000+00:00", "/ct/new", Patient("<i>New</i>^One", "42"))
    job = Job("cd" * 16, "measure", "new", "waiting", scan.added_at, scan_id=scan.id)
    with tab(browser) as opened:
        listening(opened, fresh.url)
        settled(opened)
        assert opened.page.locator("#empty").is_visible()
        fresh.store.add_scan(scan, "test")
        fresh.store.add_job(job)
        opened.page.wait_for_selector("#scans tr:has-text('Waiting')")
        assert opened.page.locator("#empty").is_hidden()
        opened.page.wait_for_selector("#news:text-is('1 scan added')")
        fresh.store.set_running(scan.id)
        fresh.store.update_job(job.id, state="running", stage="detect", share=0.4)
        opened.page.wait_for_selector("#scans progress[value='0.4']")
        opened.page.wait_for_selector("#scans .status:has-text('Running detect')")
        opened.page.wait_for_selector("#jobs-busy:text-is('1 running')")
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
        listening(opened, fresh.url)
        settled(opened)
        before = names(opened)
        press(opened, "j")
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
        refused = Job("ef" * 16, "measure", "slab", "waiting", "2026-11-25T08:00:00.000+00:00")
        fresh.store.add_job(refused)
        fresh.store.update_job(refused.id, state="done", message="12 slices; expected 40 or more")
        opened.page.wait_for_selector(f"#jobs-done-list [data-job='{refused.id}']:has-text('No result')")
        press(opened, "Escape")
        assert opened.page.locator("#jobs").is_hidden()
        assert opened.said == []


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
            listening(opened, service.url)
            settled(opened)
        opened.page.wait_for_selector("#lost:visible")
        opened.page.click("[data-view=flagged]")
        opened.page.wait_for_selector("#alert:visible")
        assert "is endplate serve still running" in opened.page.locator("#alert").inner_text()


def test_a_scan_is_deleted_once_the_reader_says_so_again(browser: Any, fresh: Served) -> None:
    scans = [
        Scan(f"{n:032x}", f"scan-{n}", "waiting", f"2026-11-25T08:00:0{n}.000+00:00", "/ct", Patient(f"<u>{n}</u>"))
        for n in range(2)
    ]
    for scan in scans:
        fresh.store.add_scan(scan, "test")
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        first, second = names(opened)
        press(opened, "j", "Delete")
        assert opened.page.locator("#delete-name").inner_text().startswith("<u>")
        press(opened, "Enter")  # which keeps it
        assert fresh.store.scan(first) is not None
        press(opened, "Delete", "Tab", "Enter")
        opened.page.wait_for_selector("#summary:text-is('1 scan, flagged first')")
        assert fresh.store.scan(first) is None
        opened.page.hover(f"tr[data-scan='{second}']")
        opened.page.click(f"tr[data-scan='{second}'] .delete")
        opened.page.click("#delete-yes")
        opened.page.wait_for_selector("#empty:visible")
        assert fresh.store.scan(second) is None
        assert opened.said == []


def test_lines_stay_under_the_pointer_while_numbers_change(browser: Any, fresh: Served) -> None:
    scan = Scan("ab" * 16, "new", "waiting", "2026-11-25T08:00:00.000+00:00", "/ct/new")
    job = Job("cd" * 16, "measure", "new", "waiting", scan.added_at, scan_id=scan.id)
    fresh.store.add_scan(scan, "test")
    fresh.store.add_job(job)
    fresh.store.set_running(scan.id)
    fresh.store.update_job(job.id, state="running", stage="read", share=0.1)
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        press(opened, "o")
        opened.page.wait_for_selector("#jobs progress[value='0.1']")
        held = [opened.page.query_selector(f"#order-{job.id}"), opened.page.query_selector("#scans th a")]
        fresh.store.update_job(job.id, stage="detect", share=0.6)
        opened.page.wait_for_selector("#jobs li:has-text('Measuring: detect, 60 %')")
        opened.page.wait_for_selector("#scans progress[value='0.6']")
        assert [one.evaluate("node => node.isConnected") for one in held if one] == [True, True]


def test_of_many_jobs_those_that_count_are_listed(browser: Any, fresh: Served) -> None:
    for n in range(60):
        at = f"2026-11-25T08:00:{n:02d}.000+00:00"
        state = "failed" if n % 5 < 3 else "done"
        fresh.store.add_job(Job(f"{n:032x}", "find", f"job-{n}", "waiting", at))
        fresh.store.update_job(f"{n:032x}", state=state, ended_at=at)
    with tab(browser) as opened:
        opened.page.goto(fresh.url)
        settled(opened)
        opened.page.click("#jobs-open")
        opened.page.wait_for_selector("#jobs-failed:text-is('36 failed')")
        opened.page.wait_for_selector("#jobs-failed-list li:text-is('and 6 more')")
        failed = opened.page.locator("#jobs-failed-list [data-job]").evaluate_all("all => all.map(e => e.dataset.job)")
        assert failed == [f"{n:032x}" for n in range(59, -1, -1) if n % 5 < 3][:30]
        done = opened.page.locator("#jobs-done-list [data-job]").evaluate_all("all => all.map(e => e.dataset.job)")
        assert done == [f"{n:032x}" for n in range(59, -1, -1) if n % 5 >= 3][:10]
        fresh.store.update_job(f"{56:032x}", state="waiting", ended_at=None)
        opened.page.wait_for_selector("#jobs-failed-list li:text-is('and 5 more')")
        assert opened.page.locator("#jobs-failed-list [data-job]").count() == 30
        assert opened.said == []


def test_a_tab_that_nobody_sees_holds_no_connection(browser: Any, fresh: Served) -> None:
    with tab(browser) as opened:
        opened.page.add_init_script("Object.defineProperty(document, 'visibilityState', { get: () => window.seen ?? 'hidden' })")
        opened.page.goto(fresh.url)
        settled(opened)
        opened.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
        assert not [url for url in opened.asked if url.endswith("/api/events")]
        with opened.page.expect_request("**/api/events"):
            opened.page.evaluate("window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
