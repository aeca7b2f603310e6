"""Scans in a running service as a worker leaves them: a real CT, measured, with the images of its review."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from endplate.pipeline import Result
from endplate.report.report import Report
from endplate.volume import Volume


@dataclass(frozen=True, eq=False)
class Measured:
    """One CT and what the method made of it."""

    volume: Volume
    result: Result

    @property
    def report(self) -> Report:
        """As it is read back from report.json."""
        return Report.from_json(self.result.report.to_json())


@cache
def measured(path: Path) -> Measured:
    """A CT, measured once per run."""
    from endplate import models
    from endplate.pipeline import quantify_volume
    from endplate.volume.read import read

    volume = read(path)
    return Measured(volume, quantify_volume(volume, models.load()))


@cache
def pictures(made: Measured) -> Path:
    """A folder with the overview and the images of a scan's review."""
    from endplate.report.figure import overview_png
    from endplate.review.images import write_images

    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    (folder / "overview.png").write_bytes(overview_png(made.report, made.result.spine))
    write_images(made.volume, made.report, folder / "images")
    return folder


def put(service: Any, made: Measured, name: str, images: bool = True, report: Report | None = None) -> str:
    """Adds a measured scan to a service (`served_worklist.Served`) and gives its id.

    Args:
        service: that runs.
        made: the scan.
        name: unlike those of other scans.
        images: whether they are kept.
        report: another one than the scan's own.
    """
    from endplate.service.records import Patient, Scan

    scan_id = uuid5(NAMESPACE_URL, name).hex
    folder = service.data / "scans" / scan_id
    folder.mkdir(parents=True)
    kept = report or made.report
    (folder / "report.json").write_text(kept.to_json())
    shutil.copytree(pictures(made), folder, dirs_exist_ok=True, ignore=None if images else shutil.ignore_patterns("images"))
    service.store.add_scan(Scan(scan_id, name, "waiting", "2026-11-25T08:00:00.000+00:00", str(folder)), "test")
    patient = Patient("Doe^Jane<script>alert(1)</script>", "0042", "19480301", "F", "20260131", "CT <b>thorax</b>", "A1")
    service.store.set_patient(scan_id, patient)
    service.store.set_running(scan_id)
    assert service.store.set_measured(scan_id, kept, None if images else "the source is gone")
    return scan_id
