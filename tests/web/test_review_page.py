"""The review page in real headless Chromium, against the real service and a real CT."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewed_scans import Measured, measured, put
from served_worklist import Served, Tab, chromium, served, tab


@pytest.fixture(scope="module")
def made(shared_data: Path) -> Measured:
    return measured(shared_data / "ct" / "crlm-1006" / "ct.nii.gz")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("service") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def test_it_opens(made: Measured, service: Served, browser: Any) -> None:
    scan = put(service, made, "opens")
    with tab(browser) as opened:
        opened.page.goto(f"{service.url}/scans/{scan}")
        opened.page.wait_for_selector("#vertebrae tr")
        opened.page.wait_for_timeout(500)
        print(opened.said)
        opened.page.screenshot(path="/work/exp/review/real.png")
