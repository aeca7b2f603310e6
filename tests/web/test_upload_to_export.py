"""The whole way in a real browser: a CT is uploaded, measured by a worker, corrected, signed, and leaves with its state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("dbos")

from endplate.review.document import Review
from live_service import Live, running
from review_tab import choose, drag, frame, row_of, unhurried
from served_worklist import chromium, tab


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A service with one worker."""
    with running(tmp_path / "data", workers=1) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def test_a_ct_is_uploaded_measured_edited_signed_and_exported(live: Live, browser: Any, shared_data: Path, tmp_path: Path) -> None:
    with tab(browser) as opened:
        page = opened.page
        page.goto(live.url)
        page.set_input_files("#files-input", shared_data / "ct" / "crlm-1006" / "ct.nii.gz")
        # progress comes by itself, and then the scan
        page.wait_for_selector("progress:visible", timeout=60_000)
        page.wait_for_selector("#scans tr:has(.grade)", timeout=120_000)
        page.click("#scans tr:has(.grade) th a")  # looked for anew: the line is made again whenever its scan changes
        page.wait_for_selector("#vertebrae tr")
        unhurried(page)
        choose(page, "T10")
        before = row_of(page, "T10")
        drag(page, "T10: middle superior point", 5.0)
        sentence = page.inner_text("#sentence")
        assert row_of(page, "T10") != before
        assert "T10 biconcave" in sentence
        page.keyboard.press("s")
        page.wait_for_selector("#sign-accepted_with_edits:checked")
        page.fill("#reader", "Dr Ada Reader")
        page.click("#sign-now")
        page.wait_for_selector("#banners :text('Accepted with edits by Dr Ada Reader')")
        page.reload()
        page.wait_for_selector("#vertebrae tr")
        frame(page)
        assert page.inner_text("#sentence") == sentence
        page.click("#exports summary")
        with page.expect_download() as download:
            page.click("#export-list a:text('Review (JSON)')")
        download.value.save_as(tmp_path / "review.json")
        review = Review.from_json((tmp_path / "review.json").read_text())
        assert (review.decision, review.reader, review.version) == ("accepted_with_edits", "Dr Ada Reader", 1)
        page.click("a:text('Worklist')")
        page.wait_for_selector("#scans tr:has-text('Accepted with edits')")
        assert re.search(r"T10.*grade [12]", page.inner_text("#scans"), re.DOTALL)
        assert [s for s in opened.said if not s.startswith("Failed to load resource")] == []
        assert all(url.startswith((live.url, "blob:")) for url in opened.asked)
