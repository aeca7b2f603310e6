"""The quality page over results of every kind, with texts that mean harm, in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow.parquet as pq
import pytest
from PIL import Image

from endplate import pipeline
from endplate.cohort import Destination, Maker, run, worklist
from endplate.cohort.loss_histograms import Losses
from endplate.cohort.tables import read_report, write_tables
from endplate.models import Models
from endplate.phantom import Phantom
from endplate.phantom.dicom import write_series
from endplate.report import table
from endplate.report.report import Message, Report

HARM = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"


def put(folder: Path, report: Report, picture: bytes = b"") -> None:
    folder.mkdir()
    (folder / "report.json").write_text(report.to_json(), encoding="utf-8")
    (folder / "run.json").write_text("{}", encoding="utf-8")
    if picture:
        (folder / "overview.png").write_bytes(picture)


@pytest.fixture(scope="session")
def made_once(made: Phantom, networks: Models, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, bytes]:
    """Report and picture of the phantom with a fracture, by the real pipeline."""
    base = tmp_path_factory.mktemp("made")
    write_series(made, base / "in")
    (base / "out").mkdir()
    (outcome,) = run(
        worklist([base / "in"], base / "out"), Destination(base / "out", Maker("1", {})), networks, pipeline.Settings()
    )
    return outcome.report, (base / "out" / outcome.job.name / "overview.png").read_bytes()


def failed(report: Report, status: str, code: str, text: str) -> Report:
    content = replace(report, messages=(Message(code, "info" if code == "no_spine" else "error", text),), vertebrae=())
    return Report.from_dict({**content.to_dict(), "status": status, "summary": None, "levels": None})


@pytest.fixture
def results(made_once: tuple[Report, bytes], tmp_path: Path) -> Path:
    """A fault, a refusal, no spine, a fracture, a doubtful one whose names are uncertain, and names that mean harm."""
    report, picture = made_once
    assert report.summary is not None
    assert report.levels is not None
    out = tmp_path / "out"
    out.mkdir()
    doubtful = replace(
        report,
        summary=replace(report.summary, fractures=0, fracture_probability=0.4, sentence=HARM),
        levels=replace(report.levels, confidence=0.5, uncertain=True),
        vertebrae=tuple(replace(e, level=HARM, reason=HARM) for e in report.vertebrae),
    )
    put(out / "doubtful", doubtful, picture)
    put(out / "anna", report, picture)
    put(out / "a-none", failed(report, "no_spine", "no_spine", "no spine was found"))
    put(out / "b-fault", failed(report, "refused", "fault", f"endplate failed on this scan {HARM}"))
    put(out / "z-refused", failed(report, "refused", "not_dicom", "z.dcm: does not begin as DICOM does"))
    put(out / "'\"><img src=x onerror=alert(1)>&", report, picture)
    return out


def rows_of(page: str) -> list[str]:
    return re.findall(r'<li class="\w+" data-status="(\w+)"', page)


def test_the_worst_comes_first_and_failures_are_counted(results: Path) -> None:
    write_tables(results, page=True)
    page = (results / "quality.html").read_text(encoding="utf-8")
    assert rows_of(page) == ["fault", "refused", "no_spine", "ok", "ok", "ok"]
    names = re.findall(r'<div class="words"><h3><a href="[^"]*">(.*?)</a>', page)
    assert names[:3] == ["b-fault", "z-refused", "a-none"]
    assert names[-1] == "doubtful"
    assert 'data-doubts="levels fracture"' in page
    for code in ("fault", "no_spine", "not_dicom"):
        assert f'data-code="{code}" aria-label="Show the 1 with {code}"' in page
    assert page.count("<svg") == len({e.level for e in read_report(results / "anna").vertebrae if e.loss is not None}) + 1


def test_thumbnails_are_small_and_made_anew_only_for_a_newer_overview(results: Path) -> None:
    write_tables(results, page=True)
    thumbs = results / "thumbnails"
    assert len(list(thumbs.iterdir())) == 3
    with Image.open(thumbs / "anna.jpg") as small:
        assert small.width <= 192
        assert small.height <= 300
    before = {p: p.stat().st_mtime_ns for p in thumbs.iterdir()}
    write_tables(results, page=True)
    assert {p: p.stat().st_mtime_ns for p in thumbs.iterdir()} == before
    later = before[thumbs / "anna.jpg"] + 10**9
    os.utime(results / "anna" / "overview.png", ns=(later, later))
    write_tables(results, page=True)
    assert [p.name for p, at in before.items() if p.stat().st_mtime_ns != at] == ["anna.jpg"]


def test_a_damaged_overview_costs_its_thumbnail_alone(results: Path) -> None:
    overview = results / "anna" / "overview.png"
    overview.write_bytes(overview.read_bytes()[:2000])
    (results / "doubtful" / "overview.png").write_bytes(b"no picture")
    write_tables(results, page=True)
    assert len(list((results / "thumbnails").iterdir())) == 1
    assert len(rows_of((results / "quality.html").read_text(encoding="utf-8"))) == 6


def test_tables_are_the_same_whatever_else_is_written(results: Path) -> None:
    reports = [read_report(folder) for folder in sorted(p for p in results.iterdir())]
    table.write_findings(reports, results / "findings.csv")
    table.write_scans(reports, results / "scans.csv")
    before = [(results / f"{name}.csv").read_bytes() for name in ("findings", "scans")]
    write_tables(results, parquet=True, page=True)
    assert [(results / f"{name}.csv").read_bytes() for name in ("findings", "scans")] == before
    assert pq.read_table(results / "scans.parquet")["status"].to_pylist() == [r.status for r in reports]
    assert pq.read_table(results / "findings.parquet").num_rows == sum(len(r.vertebrae) for r in reports)
    assert not [p for p in results.iterdir() if p.name.endswith(".part")]


def test_an_empty_folder_has_a_page(tmp_path: Path) -> None:
    write_tables(tmp_path, page=True)
    assert "There is no result in this folder yet." in (tmp_path / "quality.html").read_text(encoding="utf-8")


def test_losses_fall_into_their_bars(made_once: tuple[Report, bytes]) -> None:
    entry = replace(made_once[0].vertebrae[2], level="T12")
    losses = Losses()
    losses.add(replace(entry, loss=loss) for loss in (-0.1, 0.0, 0.2, 0.25, 0.399, 0.4, 0.9, None))
    (histogram,) = losses.histograms()
    assert (histogram.level, histogram.bodies, histogram.median, histogram.fractures) == ("T12", 7, "25 %", 4)
    assert [(bar.text, bar.grade) for bar in histogram.bars] == [
        ("below 5 %: 2 bodies", 0),
        ("20 to 25 %: 1 body", 1),
        ("25 to 30 %: 1 body", 2),
        ("35 to 40 %: 1 body", 2),
        ("40 to 45 %: 1 body", 3),
        ("55 % and more: 1 body", 3),
    ]


@pytest.fixture
def page(results: Path) -> Iterator[Any]:
    """The page in Debian's chromium, with everything that it said or asked for."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    write_tables(results, page=True)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        tab.said, tab.asked = [], []
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.on("dialog", lambda dialog: (tab.said.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.goto((results / "quality.html").as_uri())
        yield tab
        browser.close()


def test_a_browser_filters_searches_and_asks_for_nothing_outside_the_folder(page: Any, results: Path) -> None:
    def shown() -> list[str]:
        found: list[str] = page.locator("#scans > li:visible h3").all_inner_texts()
        return found

    assert len(shown()) == 6
    page.select_option("#finding", "fracture mild")
    assert len(shown()) == 2
    page.select_option("#finding", "")
    page.select_option("#doubts", "levels")
    assert shown() == ["doubtful"]
    page.evaluate("window.scrollTo(0, 10000)")
    page.select_option("#doubts", "fracture")
    assert page.locator("#scans > li:visible").bounding_box()["y"] >= page.locator(".filters").bounding_box()["height"]
    page.click("#clear")
    page.fill("#words", "DICOM begin")
    assert shown() == ["z-refused"]
    page.fill("#words", "nowhere to be found")
    assert shown() == []
    page.click("#clear-too")
    page.focus("button[data-code=fault]")
    page.keyboard.press("Enter")
    assert shown() == ["b-fault"]
    assert page.locator("#shown").inner_text() == "1 of 6 shown, worst first"
    page.click("#clear")
    page.wait_for_function("Array.from(document.images).every(i => i.complete && i.naturalWidth > 0)")
    assert page.locator("img").count() == 3
    assert page.title() == "endplate quality: out"
    assert page.said == []
    assert all(url.startswith(results.as_uri()) for url in page.asked)


def test_links_lead_to_what_is_there(page: Any, results: Path) -> None:
    links = page.eval_on_selector_all("#scans a", "all => all.map(a => a.href)")
    assert len(links) == 9
    for link in links:
        assert link.startswith(results.as_uri())
        assert Path(unquote(urlsplit(link).path)).is_file()


def test_without_playwright_chromium_still_runs_nothing_of_it(results: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    write_tables(results, page=True)
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, (results / "quality.html").as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert "<title>endplate quality: out</title>" in done.stdout
    assert "6 of 6 shown" in done.stdout
    assert done.stdout.count("<script") == 1
    assert done.stdout.count("<img") == 3
    assert "&lt;script&gt;document.title" in done.stdout
