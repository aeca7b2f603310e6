"""The wheel holds everything, and works in an environment of its own, offline."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from endplate.models import SECOND_LOOK, STAGES

ROOT = Path(__file__).resolve().parents[1]
DENY_NETWORK = """
import os, sys
def deny(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        os._exit(99)
sys.addaudithook(deny)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; everything but endplate comes from the tests' own site-packages."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, timeout=120)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([str(python), "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    # a path entry, not a .pth processing: the editable install of endplate in the tests' site-packages stays out
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    (site / "sitecustomize.py").write_text(DENY_NETWORK)
    return folder


def test_the_wheel_holds_tables_typing_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "endplate/py.typed" in names
    assert any(name.startswith("endplate/morphometry/tables/") and name.endswith(".csv") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".dcm", ".nii.gz", ".pt")) or "__pycache__" in name]


def test_the_wheel_is_small_enough_to_mail(wheel: Path) -> None:
    assert wheel.stat().st_size < 25e6


def test_the_wheel_quantifies_a_phantom_offline_and_without_torch(wheel: Path, environment: Path, tmp_path: Path) -> None:
    shipped = Path(str(resources.files("endplate") / "weights"))
    if not all((shipped / stage / "model.onnx").is_file() for stage in STAGES):
        pytest.skip("no weights shipped yet")
    with zipfile.ZipFile(wheel) as archive:
        assert {
            f"endplate/weights/{stage}/{file}"
            for stage in (*STAGES, SECOND_LOOK)
            for file in ("model.onnx", "config.json", "PROVENANCE.md")
        } <= set(archive.namelist())
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = str(environment / "bin" / "endplate")
    for arguments in (
        ["phantom", "--levels", "T9-L3", "--spacing-mm", "1", "--slice-mm", "1.5", "--out", "ct"],
        ["quantify", "ct", "--out", "out"],
    ):
        done = subprocess.run(
            [command, *arguments], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
    report = tmp_path / "out" / "series" / "report.json"
    assert '"status": "ok"' in report.read_text()
    code = (
        "import sys, endplate; endplate.quantify('ct'); print(endplate.__file__); "
        "sys.exit('torch' in sys.modules or any(m.startswith('SimpleITK') for m in sys.modules))"
    )
    python = [str(environment / "bin" / "python"), "-c", code]
    done = subprocess.run(python, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert str(environment) in done.stdout
