from __future__ import annotations

from collections.abc import Iterator

import pytest

from live_service import Live, running
from small_scans import write_small


@pytest.fixture(scope="session")
def small_ct(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """T11 to L3 of a phantom, as a NIfTI file."""
    return write_small(tmp_path_factory.mktemp("small") / "ct.nii.gz").read_bytes()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service with a worker."""
    with running(tmp_path_factory.mktemp("service"), workers=1) as live:
        yield live


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service without a worker, with nothing in it."""
    with running(tmp_path_factory.mktemp("idle")) as live:
        yield live


@pytest.fixture(scope="session")
def measured(service: Live, small_ct: bytes) -> str:
    """Id of a measured scan of the service."""
    job = service.upload(("small.nii.gz", small_ct)).json()
    assert service.ended(job["id"])["state"] == "done"
    (scan,) = (s for s in service.get("/api/scans", params={"search": "small"})["scans"])
    assert scan["status"] == "measured", scan
    return str(scan["id"])
