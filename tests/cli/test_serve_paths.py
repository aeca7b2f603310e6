"""``endplate serve PATH...``: what it is started with is in the worklist, once however often it is started."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from endplate import pipeline
from endplate.cli import run
from endplate.models import load
from endplate.volume.read import find_scans, read_scan
from serve_process import address, serve
from small_scans import write_small


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of scans, and one of finished reports of them and of a scan elsewhere."""
    root = tmp_path_factory.mktemp("paths")
    scan = write_small(root / "scans" / "first" / "small.nii.gz")
    result = pipeline.quantify_volume(read_scan(find_scans(scan).scans[0]), load(threads=1))
    pipeline.write_result(result, root / "out" / "finished")
    return root / "scans", root / "out"


def ended(url: str) -> dict[str, dict[str, Any]]:
    """Jobs by kind, once there is nothing to do any more."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        jobs = httpx.get(f"{url}api/jobs", timeout=20).json()["jobs"]
        if jobs and all(job["state"] in ("done", "failed", "cancelled") for job in jobs):
            return {job["kind"]: job for job in jobs}
        time.sleep(0.1)
    raise TimeoutError("jobs have not ended")


def test_scans_and_reports_are_taken_in_once(tmp_path: Path, paths: tuple[Path, Path]) -> None:
    scans, out = paths
    before: list[str] = []
    for start in range(2):
        process = serve(scans, out, "--data", tmp_path / "data", "--port", 0, *([str(out)] if start else []))
        try:
            url = address(process)
            jobs = ended(url)
            assert {kind: job["state"] for kind, job in jobs.items()} == dict.fromkeys(("find", "measure", "import"), "done")
            found = httpx.get(f"{url}api/scans", timeout=20).json()["scans"]
            assert [scan["status"] for scan in found] == ["measured"] * 2
            assert all(scan["has_images"] for scan in found)
            now = sorted([*(scan["id"] for scan in found), *(job["id"] for job in jobs.values())])
            assert now == (before or now)
            before = now
            trail = httpx.get(f"{url}api/audit", timeout=20).json()["entries"]
            assert [entry["action"] for entry in trail].count("scan_added") == 2
            folder = {"path": str(scans), "kind": "scans"}
            assert httpx.post(f"{url}api/folders", json=folder, timeout=20).status_code == 202
            assert httpx.post(f"{url}api/folders", json={**folder, "path": "/etc"}, timeout=20).status_code == 422
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=60)
        assert errors == ""


def test_a_path_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", str(tmp_path / "none"), "--data", str(tmp_path / "data")]) == 2
    assert "none does not exist; expected a scan" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
