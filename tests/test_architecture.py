"""Imports point one way, third-party libraries have homes, names say what they mean."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import endplate

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "endplate"
FILES = sorted(PACKAGE.rglob("*.py"))

HOMES = {
    "torch": {"training"},
    "onnxruntime": {"models.py", "cli"},
    "pydicom": {"volume", "phantom", "dicom"},
    "highdicom": {"dicom"},
    "nibabel": {"volume", "training"},
    "nrrd": {"volume"},
    "PIL": {"report", "phantom", "dicom", "cohort"},
    "jinja2": {"report", "cohort"},
    "markupsafe": {"report", "cohort"},
    "typst": {"report"},
    "rich": {"cli"},
    "cyclopts": {"cli"},
    "pyarrow": {"report", "cohort"},
    "distributed": {"cohort"},
    "dask_jobqueue": {"cohort"},
    "dicomweb_client": {"volume"},
    "requests": {"volume"},
    "sqlalchemy": {"service"},
    "alembic": {"service"},
    "dbos": {"service"},
    "fastapi": {"service"},
    "starlette": {"service"},
    "pydantic": {"service"},
    "uvicorn": {"service"},
    "anyio": {"service"},
    "sse_starlette": {"service"},
    "python_multipart": {"service"},
}
"""Library -> the files or folders of the package that may import it."""

FORBIDDEN_NAMES = re.compile(r"(utils?|helpers?|common|misc|core|base|managers?|processors?|handlers?)")


def imports(file: Path) -> set[str]:
    """Top-level names of what a file imports, lazily or not."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) if node.module and not node.level
    }


def test_the_contracts_of_pyproject_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("library", sorted(HOMES))
def test_each_library_stays_in_its_home(library: str) -> None:
    users = {str(file.relative_to(PACKAGE)) for file in FILES if library in imports(file)}
    assert users, f"{library} is used nowhere: take it off the table and the dependencies"
    strangers = {user for user in users if user.split("/")[0] not in HOMES[library]}
    assert not strangers


def test_no_module_bears_the_name_of_a_public_function() -> None:
    modules = {path.stem for path in PACKAGE.iterdir()}
    assert not modules & set(endplate.__all__)


def test_names_say_what_a_file_holds() -> None:
    parts = {part for file in FILES for part in file.relative_to(PACKAGE).with_suffix("").parts}
    assert not {part for part in parts if FORBIDDEN_NAMES.fullmatch(part)}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import endplate", {"numpy", "scipy", "onnxruntime", "torch"}),
        ("import endplate; endplate.measure", {"scipy", "onnxruntime", "torch", "pydicom", "PIL"}),
        ("import endplate; endplate.quantify", {"torch", "onnx", "cyclopts", "SimpleITK"}),
        ("import endplate.phantom", {"torch", "onnxruntime"}),
    ],
)
def test_an_import_loads_only_what_it_needs(statement: str, absent: set[str]) -> None:
    code = f"{statement}; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not absent & set(loaded)


def test_every_function_of_the_package_is_typed() -> None:
    functions = [
        (file.name, node)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    untyped = [f"{name}:{node.name}" for name, node in functions if node.returns is None]
    assert not untyped
