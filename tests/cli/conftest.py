"""Fixtures of the command line's tests: the shipped weights, and a small phantom as DICOM."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from endplate import phantom
from endplate.anatomy import levels
from endplate.models import STAGES
from endplate.phantom.dicom import write_series


@pytest.fixture(scope="session")
def weights() -> Path:
    """The shipped weights; tests skip in a checkout that has none yet."""
    folder = Path(str(resources.files("endplate") / "weights"))
    missing = [stage for stage in STAGES if not (folder / stage / "model.onnx").is_file()]
    if missing:
        pytest.skip(f"no weights shipped yet for: {', '.join(missing)}")
    return folder


@pytest.fixture(scope="session")
def small_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """T7 to L3 with a moderate wedge of T12, as a DICOM series."""
    spine = phantom.fracture(phantom.spine(levels.USUAL[1:], phantom.SpineShape()), *phantom.parse_fracture("T12:wedge:2"))
    scanner = phantom.ScannerSettings((13.1, 22.8), 1.0, 1.5, field_mm=(320.0, 320.0))
    return write_series(phantom.render(spine, scanner=scanner, seed=3), tmp_path_factory.mktemp("small"))
