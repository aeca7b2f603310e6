"""A running service with a real CT that is measured, and a browser before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from review_tab import USUAL, Open, open_scan
from reviewed_scans import Measured, measured, put
from served_worklist import Served, Tab, chromium, many_scans, served, tab


@pytest.fixture(scope="session")
def made(shared_data: Path) -> Measured:
    return measured(shared_data / "ct" / "crlm-1006" / "ct.nii.gz")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pytest.importorskip("fastapi")
    pytest.importorskip("dbos")
    with served(tmp_path_factory.mktemp("service") / "data", many_scans(3)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def scan(made: Measured, service: Served, request: pytest.FixtureRequest) -> str:
    """A scan that nobody has reviewed."""
    return put(service, made, request.node.name)


@pytest.fixture
def opened(browser: Any, service: Served) -> Iterator[Open]:
    """Opens a scan's page in a window of its own; the test fails if the page complains, or asks anywhere else."""
    with ExitStack() as stack:
        tabs: list[Tab] = []

        def at(scan: str) -> Tab:
            found = stack.enter_context(tab(browser))
            tabs.append(found)
            open_scan(found, f"{service.url}/scans/{scan}")
            return found

        yield at
        for found in tabs:
            assert [s for s in found.said if not s.startswith(USUAL)] == []
            assert all(url.startswith(service.url) for url in found.asked)
