from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from small_scans import write_small
from working_service import Service, service


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("scan") / "small.nii.gz")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path / "data") as found:
        yield found
