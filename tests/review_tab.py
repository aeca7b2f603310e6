"""A reader before the review page: what the tests do in it, and what they read from it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import endplate
from endplate.review.document import Review
from served_worklist import Served, Tab

Open = Callable[[str], Tab]
WEB = Path(endplate.__file__).with_name("web")
USUAL = ("Failed to load resource", "Canvas2D: Multiple readback")
"""What Chromium itself says of an answer that is no success, and of a test that reads pixels."""


def open_scan(found: Tab, address: str) -> None:
    """Opens a scan's page, and waits until its images are drawn, and it is told of what others do and has asked what they did."""
    with found.page.expect_response("**/reviews"):
        found.page.goto(address)
    found.page.wait_for_selector("#vertebrae tr")
    frame(found.page)


def unhurried(page: Any) -> None:
    """Nothing is saved by itself from now on: where the machine is slow, its 4 s would end between two edits of a test."""
    rest = re.search(r"REST_MS = (\d+);", (WEB / "review" / "saving.js").read_text())
    assert rest is not None
    page.evaluate(
        """(rest) => {
            const usual = window.setTimeout;
            window.setTimeout = (act, ms, ...further) => usual(act, ms === rest ? 3600_000 : ms, ...further);
        }""",
        int(rest[1]),
    )


def until(page: Any, holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until something is so, and looks once a frame."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        frame(page)


def resize(page: Any, width: int, height: int) -> None:
    """Makes the window larger or smaller, and waits until all is laid out and drawn for it."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function("([w, h]) => innerWidth === w && innerHeight === h", arg=[width, height])
    # what is laid out anew is drawn anew, a frame later, which may lay out anew what is beside it
    for _ in range(3):
        frame(page)


def saved(service: Served, scan: str) -> Review:
    """The last version that the service has."""
    kept = service.store.review(scan)
    assert kept is not None
    return Review.from_dict(kept.document)


def save(page: Any, version: int) -> None:
    """Saves, which makes this version."""
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
    """As the scale bar says."""
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
