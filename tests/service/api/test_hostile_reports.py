"""Reports from elsewhere that name what is not theirs: nothing is followed out of the folders that the service may read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from endplate.report.report import Source
from endplate.service.jobs import own_files
from endplate.service.jobs.own_files import Elsewhere, check_source
from live_service import Live, running


@pytest.fixture(scope="module")
def reported(service: Live, measured: str) -> dict[str, Any]:
    """A report as endplate writes it."""
    found: dict[str, Any] = service.get(f"/api/scans/{measured}")["report"]
    return found


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Path]]:
    """A service that may read one folder."""
    root = tmp_path_factory.mktemp("root")
    with running(tmp_path_factory.mktemp("data") / "data", folders=(root,), workers=1) as live:
        yield live, root


def write(folder: Path, report: dict[str, Any], **source: Any) -> Path:
    folder.mkdir(parents=True)
    content = report | {"source": report["source"] | {"name": folder.name, **source}}
    (folder / "report.json").write_text(json.dumps(content))
    return folder


def take(live: Live, folder: Path) -> dict[str, Any]:
    job = live.client.post("/api/folders", json={"path": str(folder), "kind": "reports"}).json()
    return live.ended(job["id"])


def scans(live: Live) -> dict[str, dict[str, Any]]:
    return {s["name"]: s for s in live.get("/api/scans", params={"size": 500})["scans"]}


def test_a_source_elsewhere_is_never_looked_at(rooted: tuple[Live, Path], reported: dict[str, Any], tmp_path: Path) -> None:
    live, root = rooted
    inside = root / "elsewhere"
    (tmp_path / "secret").mkdir()
    (inside).mkdir()
    (root / "way").symlink_to(tmp_path / "secret")
    paths = {
        "all": "/",
        "file": "/etc/passwd",
        "share": r"\\host\share",
        "dots": f"{inside}/../../x/..",
        "beside": str(tmp_path),
        "link": str(root / "way"),
        "long": "/a" * 5000,
        "relative": "etc",
        "none": "",
        "zero": "a\0b",
    }
    for name, path in paths.items():
        write(inside / name, reported, path=path, kind="dicom", series_instance_uid="1.2.3")
    assert take(live, inside)["scans"] == len(paths)
    found = scans(live)
    for name in paths:
        assert not found[name]["has_images"]
        assert "no folder that the service may read" in found[name]["without_images"], name
        assert found[name]["source"] == ""
        answer = live.client.get(f"/api/scans/{found[name]['id']}/exports/report.sr.dcm")
        assert (answer.status_code, answer.json()["code"]) == (422, "no_dicom_source"), name


def test_a_folder_of_very_many_files_is_no_scans_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        (tmp_path / str(number)).mkdir()
    source = Source("dicom", str(tmp_path), "x", None, None, None, None, None)
    check_source(source, (tmp_path,))
    monkeypatch.setattr(own_files, "MOST_FILES", 10)
    with pytest.raises(Elsewhere, match="more than 10 files"):
        check_source(source, (tmp_path,))


def test_deleting_a_scan_from_elsewhere_removes_nothing_else(
    rooted: tuple[Live, Path], reported: dict[str, Any], small_ct: bytes
) -> None:
    live, root = rooted
    uploaded = live.upload(("ct.nii.gz", small_ct), name="mine").json()
    live.ended(uploaded["id"])
    uploads = live.settings.uploads
    mine = next(uploads.iterdir())
    for name, path in {"up": f"{uploads}/../x", "other": f"{mine}/ct.nii.gz", "self": str(uploads)}.items():
        write(root / "delete" / name, reported, path=path)
    take(live, root / "delete")
    for name in ("up", "other", "self"):
        assert live.client.delete(f"/api/scans/{scans(live)[name]['id']}").status_code == 204
    assert mine.is_dir()
    assert live.settings.scans.is_dir()
    assert live.get(f"/api/scans/{scans(live)['mine']['id']}")["images"] is not None


def test_files_that_are_none_of_the_folder_are_not_taken(
    rooted: tuple[Live, Path], reported: dict[str, Any], tmp_path: Path
) -> None:
    live, root = rooted
    (tmp_path / "secret.txt").write_text("a secret")
    written = write(tmp_path / "linked", reported)
    odd = root / "odd"
    picture = write(odd / "picture", reported)
    (picture / "overview.png").symlink_to(tmp_path / "secret.txt")
    text = write(odd / "text", reported)
    (text / "overview.png").write_text("<script>alert(1)</script>")
    (odd / "linked").mkdir()
    (odd / "linked" / "report.json").symlink_to(written / "report.json")
    (odd / "pipe").mkdir()
    os.mkfifo(odd / "pipe" / "report.json")
    (odd / "deep").mkdir()
    (odd / "deep" / "report.json").write_text("[" * 200_000)
    (odd / "folder" / "report.json").mkdir(parents=True)
    (odd / os.fsdecode(b"caf\xe9")).mkdir()
    (odd / os.fsdecode(b"caf\xe9") / "report.json").write_text("{}")
    job = take(live, odd)
    assert (job["state"], job["scans"]) == ("done", 2), job
    found = scans(live)
    for name in ("picture", "text"):
        assert live.client.get(f"/api/scans/{found[name]['id']}/overview.png").status_code == 404
    assert "linked" not in found


def test_values_that_nothing_could_show_are_not_taken(rooted: tuple[Live, Path], reported: dict[str, Any]) -> None:
    live, root = rooted
    first, *others = reported["vertebrae"]
    odd: dict[str, dict[str, Any]] = {
        "grade": {"vertebrae": [first | {"grade": 10**12}, *others]},
        "level": {"vertebrae": [first | {"level": "<script>"}, *others]},
        "far": {"vertebrae": [first | {"points_lps_mm": dict.fromkeys(first["points_lps_mm"], [[1e308] * 3] * 2)}, *others]},
        "count": {"summary": reported["summary"] | {"vertebrae": 10**30}},
        "worst": {"summary": reported["summary"] | {"worst_grade": 10**12}},
    }
    for name, content in odd.items():
        write(root / "values" / name, reported | content)
    write(root / "values" / "fine", reported)
    before = set(scans(live))
    job = take(live, root / "values")
    assert (job["state"], job["scans"]) == ("done", 1), job
    assert set(scans(live)) - before == {"fine"}
