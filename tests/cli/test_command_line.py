"""The command line as a process: fast help, exit codes, messages on standard error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import endplate
from endplate.cli import exit_codes, run

ROOT = Path(__file__).resolve().parents[2]


def called(*arguments: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "endplate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **kwargs)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["quantify", "--help"]])
def test_help_loads_neither_numpy_nor_a_runtime(arguments: list[str]) -> None:
    code = f"import sys; from endplate.cli import run; run({arguments!r}); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"'(\w+)", done.stderr))
    assert "cyclopts" in loaded
    assert not loaded & {"numpy", "scipy", "torch", "onnxruntime", "pydicom", "nibabel", "PIL"}


def test_version() -> None:
    assert called("--version").stdout == f"endplate {endplate.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["quantify"],
        ["quantify", "somewhere"],
        ["quantify", "--out", "out"],
        ["quantify", "x", "--out", "out", "--threads", "many"],
        ["quantify", "x", "--out", "out", "--top-level", "T99"],
        ["phantom"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    done = called(*arguments, cwd=tmp_path)
    assert done.returncode == exit_codes.USAGE, done
    assert done.stderr.strip()
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_the_message_names_the_demo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["quantify", "--out", str(tmp_path / "out")]) == exit_codes.USAGE
    assert "--demo" in capsys.readouterr().err


def test_a_missing_model_folder_is_exit_code_4_before_any_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(["quantify", "x", "--out", str(out), "--models", str(tmp_path / "nothing")]) == exit_codes.MODEL
    assert "nothing" in capsys.readouterr().err
    assert not out.exists()


def test_training_without_torch_says_what_to_install(tmp_path: Path) -> None:
    code = "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, p=None: None if n == 'torch' else f(n, p)\n"
    code += f"from endplate.cli import run; raise SystemExit(run(['train', 'detector', '--out', {str(tmp_path / 'run')!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == exit_codes.MODEL
    assert "endplate[training]" in done.stderr


def test_the_page_on_exit_codes_is_the_table() -> None:
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    rows = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.*) \|$", page, re.MULTILINE)}
    assert rows == exit_codes.MEANINGS
