"""The real service in a thread of the test, on a free port, with a store of thousands of scans; and a real browser before it."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from endplate.service.keeping import Store
from endplate.service.records import Patient, Scan, Summary

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "</td></tr></table><svg onload=alert(3)>",
    "Müller^Jürgen",
    "Yamada^Tarou=山田^太郎",
    "X" * 200,
    "\u202egnorw^yaw",
    "javascript:alert(4)",
    "O'Brien^Seán",
    "${alert(5)}{{alert(6)}}",
)
FAMILIES = ("Smith", "Jones", "Taylor", "Brown", "Patel", "Robinson", "White", "Green", "Hall", "Khan")
GIVEN = ("Anna", "John", "Mary", "Omar", "Elif", "Jane", "George", "Helen", "David", "Sarah", "Amara")
STUDIES = (
    "CT chest with contrast",
    "CT thorax abdomen pelvis portal venous",
    "CT pulmonary angiogram",
    "<b>Low-dose</b> screening",
)
STATES = {"measured": 90, "waiting": 3, "running": 1, "failed": 1, "refused": 3, "no_spine": 1, "cancelled": 1}
REVIEWS: dict[Any, int] = {None: 70, "draft": 5, "accepted": 15, "accepted_with_edits": 7, "rejected": 3}
LOSS = {0: (0.02, 0.19), 1: (0.2, 0.249), 2: (0.25, 0.39), 3: (0.4, 0.7)}
CHANCE = {0: (0.0, 0.2), 1: (0.1, 0.5), 2: (0.5, 0.95), 3: (0.9, 1.0)}
REFUSAL = "too_few_slices: 12 slices of 5 mm cover 60 mm, expected 150 mm of the spine or more; send the whole series"
BEGAN = datetime(2026, 11, 20, 8, tzinfo=UTC)


def many_scans(count: int, seed: int = 1) -> list[Scan]:
    """As a busy week leaves them; the first have hostile names."""
    dice = random.Random(seed)
    return [_scan(dice, number) for number in range(count)]


def _scan(dice: random.Random, number: int) -> Scan:
    status: Any = dice.choices(list(STATES), list(STATES.values()))[0]
    grade = dice.choices((0, 1, 2, 3, None), (60, 18, 12, 8, 1))[0]
    review = dice.choices(list(REVIEWS), list(REVIEWS.values()))[0]
    name = HOSTILE[number] if number < len(HOSTILE) else f"{dice.choice(FAMILIES)}^{dice.choice(GIVEN)}"
    at = (BEGAN + timedelta(minutes=number)).isoformat(timespec="milliseconds")
    made = Scan(UUID(int=dice.getrandbits(128)).hex, f"scan-{number:04d}", status, at, f"/ct/{number}", _patient(dice, name))
    if status != "measured":
        return replace(made, message=REFUSAL if status in ("refused", "failed") else "")
    measured = replace(made, summary=_summary(dice, grade), has_images=True, review=review, review_version=2 if review else 0)
    return measured if review in (None, "draft") else replace(measured, reader="Dr Ünal", signed_at=at)


def _patient(dice: random.Random, name: str) -> Patient:
    born = f"{dice.randrange(1930, 1985)}{dice.randrange(1, 13):02d}{dice.randrange(1, 29):02d}"
    day = f"2026{dice.randrange(1, 12):02d}{dice.randrange(1, 29):02d}"
    return Patient(
        name, f"{dice.randrange(10**7):07d}", born, dice.choice("FM"), day, dice.choice(STUDIES), str(dice.randrange(10**6))
    )


def _summary(dice: random.Random, grade: int | None) -> Summary:
    if grade is None:
        return Summary(vertebrae=9)
    fractures = dice.choice((1, 1, 2)) if grade >= 2 else 0
    level = dice.choice(("T6", "T8", "T11", "T12", "L1", "L3"))
    return Summary(12, level, grade, dice.uniform(*LOSS[grade]), fractures, dice.uniform(*CHANCE[grade]), dice.random() < 0.1, "")


def fill(url: str, scans: list[Scan]) -> None:
    """Writes scans as they are into a store, in one transaction: thousands of jobs that measure them would take hours."""
    from sqlalchemy import insert

    from endplate.service.store.database import address
    from endplate.service.store.opening import opened
    from endplate.service.store.rows import scan_columns
    from endplate.service.store.tables import SCANS

    database = opened(address(url))
    with database.write() as connection:
        connection.execute(insert(SCANS), [scan_columns(scan) for scan in scans])
    database.close()


@dataclass(frozen=True)
class Served:
    """A running service.

    Attributes:
        url: of its worklist, without the last slash.
        store: that it uses.
        data: its folder.
    """

    url: str
    store: Store
    data: Path


@contextmanager
def served(data: Path, scans: list[Scan] | None = None, **further: Any) -> Iterator[Served]:
    """The service without workers: jobs that are ordered wait.

    Args:
        data: its folder.
        scans: what its store holds.
        further: fields of `endplate.service.settings.Settings`.
    """
    import uvicorn

    from endplate.service.http import serving
    from endplate.service.http.app import create_app
    from endplate.service.jobs.orders import Jobs
    from endplate.service.settings import Settings
    from endplate.service.store import opened_store

    settings = Settings(data=data, port=0, workers=0, **further)
    for folder in (settings.scans, settings.uploads, settings.incoming):
        folder.mkdir(parents=True)
    if scans:
        fill(settings.url, scans)
    with ExitStack() as stack:
        listener = stack.enter_context(serving.listening(settings))
        store = opened_store(settings.url)
        stack.callback(store.close)
        jobs = Jobs(store, data)
        stack.callback(jobs.close)
        server = uvicorn.Server(serving.config(create_app(settings, store, jobs), settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        stack.callback(thread.join)
        stack.callback(lambda: setattr(server, "should_exit", True))
        yield Served(serving.address_of(settings, listener).rstrip("/"), store, data)


@dataclass
class Tab:
    """A page of the browser with everything that it said and asked for.

    Attributes:
        page: of Playwright.
        said: on the console, in dialogues and as errors.
        asked: addresses.
    """

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's browser, headless."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Any, width: int = 1280, height: int = 720) -> Iterator[Tab]:
    """A page of its own, without the cookies of others."""
    context = browser.new_context(viewport={"width": width, "height": height})
    opened = Tab(context.new_page())
    opened.page.set_default_timeout(30_000)
    opened.page.on("console", lambda message: opened.said.append(message.text))
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("dialog", lambda dialog: (opened.said.append(f"dialogue: {dialog.message}"), dialog.dismiss()))
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    try:
        yield opened
    finally:
        context.close()


def listening(opened: Tab, address: str) -> None:
    """Opens a page, and waits until it is told of whatever changes from then on."""
    with opened.page.expect_response("**/api/events"):
        opened.page.goto(address)


def settled(opened: Tab) -> None:
    """Waits until the list has an answer to the latest question."""
    opened.page.wait_for_selector("#list[data-state=shown]")


def names(opened: Tab) -> list[str]:
    return [str(n) for n in opened.page.locator("#scans tr").evaluate_all("rows => rows.map(r => r.dataset.scan)")]


def press(opened: Tab, *keys: str) -> None:
    for key in keys:
        opened.page.keyboard.press(key)
    settled(opened)
