"""One good scan and one bad one, with the oracle in the networks' place."""

from __future__ import annotations

from pathlib import Path

import pytest

from endplate import oracle, phantom
from endplate.anatomy import levels
from endplate.models import Models
from endplate.phantom.dicom import write_series


@pytest.fixture(scope="session")
def made() -> phantom.Phantom:
    spine = phantom.spine(levels.USUAL[1:], phantom.SpineShape())
    broken = phantom.fracture(spine, *phantom.parse_fracture("T12:wedge:2"))
    scanner = phantom.ScannerSettings((15.1, 22.8), 1.5, 2.0, field_mm=(220.0, 220.0))
    return phantom.render(broken, scanner=scanner, seed=1)


@pytest.fixture(scope="session")
def networks(made: phantom.Phantom) -> Models:
    return oracle.models(made.vertebrae)


@pytest.fixture
def scans(made: phantom.Phantom, tmp_path: Path) -> Path:
    """One good scan, one text file that calls itself DICOM."""
    write_series(made, tmp_path / "scans" / "anna").rename(tmp_path / "scans" / "anna" / "ct-anna")
    (tmp_path / "scans" / "broken.dcm").write_text("this is no DICOM")
    return tmp_path / "scans"
