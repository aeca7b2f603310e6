from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from endplate.service.store import SqlStore, opened_store
from postgresql_server import emptied, running


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with running() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database that is empty; on SQLite not even there."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/endplate.sqlite"
    return emptied(request.getfixturevalue("server"))


@pytest.fixture
def opened() -> Iterator[Callable[[str], SqlStore]]:
    """Opens stores, and closes them after the test."""
    stores: list[SqlStore] = []

    def open_one(url: str) -> SqlStore:
        stores.append(opened_store(url))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(url: str, opened: Callable[[str], SqlStore]) -> SqlStore:
    return opened(url)
