"""The documents are true: their examples run, their commands exist, their links lead somewhere, their tables are the code's."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib.util
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

from endplate import oracle, phantom, pipeline
from endplate.cli import app, run
from endplate.models import STAGES
from endplate.refusals import REFUSALS
from endplate.report import Report, table
from endplate.volume.dicom_kinds import PICTURE_CODES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|\s)(?:\.venv/bin/)?endplate (.*?)(?:#.*)?$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    words: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(page.read_text(encoding="utf-8"))]


def commands(block: Block) -> list[list[str]]:
    """Arguments of each ``endplate ...`` line of a shell block."""
    lines = block.text.splitlines() if block.language == "bash" else [s for s in block.text.splitlines() if s.startswith("$ ")]
    return [shlex.split(found[1]) for line in lines if (found := COMMAND.search(line))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


SHELL = [
    (page, arguments)
    for page in PAGES
    for block in blocks(page)
    if block.language in ("bash", "console")
    for arguments in commands(block)
]
RUNNING = [page for page in PAGES if any(b.language in ("python", "console") and "notest" not in b.words for b in blocks(page))]


def test_there_are_examples() -> None:
    assert len(SHELL) >= 8
    assert {name(page) for page in RUNNING} >= {"README.md", "docs/tutorial/first-scan.md"}


@pytest.mark.parametrize(("page", "arguments"), SHELL, ids=[f"{name(p)}: {' '.join(a)}" for p, a in SHELL])
def test_every_command_of_the_documents_parses(page: Path, arguments: list[str]) -> None:
    app().parse_args(arguments, exit_on_error=False, print_error=False)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """An empty current folder."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.mark.parametrize("page", RUNNING, ids=map(name, RUNNING))
def test_the_examples_of_a_page_run_in_order(page: Path, elsewhere: Path, request: pytest.FixtureRequest) -> None:
    """Python and console blocks share one folder and one namespace; a ``text`` block after Python is its output.

    In the README the bash blocks run as well, without the set-up.
    """
    needs_weights = "quantify" in page.read_text(encoding="utf-8")
    if needs_weights and not all(
        (Path(str(resources.files("endplate") / "weights")) / stage / "model.onnx").is_file() for stage in STAGES
    ):
        pytest.skip("no weights shipped yet")
    if "lidc-0001-dicom" in page.read_text(encoding="utf-8"):
        (elsewhere / "lidc-0001-dicom").symlink_to(request.getfixturevalue("lidc_dicom"))
    namespace: dict[str, object] = {}
    output = ""
    for block in blocks(page):
        if block.language == "python" and "notest" not in block.words:
            output = printed(lambda text=block.text: exec(compile(text, name(page), "exec"), namespace))  # type: ignore[misc]
        elif block.language == "console":
            output = "".join(printed(lambda a=arguments: checked(a)) for arguments in commands(block))  # type: ignore[misc]
            expect("\n".join(line for line in block.text.splitlines() if not line.startswith("$ ")), output)
        elif block.language == "bash" and page == ROOT / "README.md":
            for arguments in commands(block):
                checked(arguments)
        elif block.language == "text":
            expect(block.text, output)


def printed(work: object) -> str:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        work()  # type: ignore[operator]
    return stream.getvalue()


def checked(arguments: list[str]) -> None:
    if arguments[0] == "serve":
        served(arguments)
    else:
        assert run(arguments) == 0


def served(arguments: list[str]) -> None:
    """Starts a service on a free port, asks it how it is, and ends it as Ctrl-C does."""
    environment = os.environ | {"XDG_DATA_HOME": str(Path.cwd()), "BROWSER": "true"}
    command = [sys.executable, "-m", "endplate", *arguments, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = re.search(r"http://\S+/", said)
        assert address, said
        with urllib.request.urlopen(f"{address[0]}api/health", timeout=30) as answer:
            assert json.load(answer)["status"] == "ok"
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 0


def expect(wanted: str, got: str) -> None:
    """Compares what a page shows, if it shows anything, with what came out."""
    if wanted.strip():
        assert doctest.OutputChecker().check_output(wanted.strip() + "\n", got.strip() + "\n", doctest.ELLIPSIS), got


def test_the_page_on_the_command_line_is_its_help() -> None:
    spec = importlib.util.spec_from_file_location("cli_reference", ROOT / "scripts" / "cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert page == module.page(), "run: python scripts/cli_reference.py"


def test_every_command_is_on_the_page_on_the_command_line() -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    for command in app():
        if not command.startswith("-"):
            assert f"## endplate {command}\n" in page


@pytest.mark.parametrize("page", PAGES, ids=map(name, PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    local = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert not [target for target in local if target and not (page.parent / target).exists()]


def refusal_codes() -> set[str]:
    """First arguments of every refusal in the code, where they are plain strings."""
    calls = [
        node
        for file in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    kinds = ("InputRefused", "NotASlice", "ModelUnusable", "ClusterUnusable", "ExtraMissing")
    named = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in kinds and call.args]
    return {str(code.value) for code in named if isinstance(code, ast.Constant)}


def test_every_refusal_code_is_explained() -> None:
    page = (ROOT / "docs" / "reference" / "refusal-codes.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert refusal_codes() <= explained, refusal_codes() - explained


def test_the_page_on_refusals_is_their_table() -> None:
    page = (ROOT / "docs" / "reference" / "refusal-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", page, re.MULTILINE)
    assert {code: (found, remedy) for code, found, remedy in rows} == {c: (r.found, r.remedy) for c, r in REFUSALS.items()}
    assert refusal_codes() | set(PICTURE_CODES) <= set(REFUSALS)
    assert all(REFUSALS[code].severity == "info" for code in PICTURE_CODES)


def test_the_pages_show_the_accuracy_that_was_measured() -> None:
    spec = importlib.util.spec_from_file_location("accuracy_table", ROOT / "scripts" / "accuracy_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.pages().items():
        assert path.read_text() == text, f"{path.name} is stale; run python scripts/accuracy_table.py"


def test_the_changelog_names_this_version() -> None:
    import endplate

    assert f"## [{endplate.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {endplate.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f'version = "{endplate.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_page_on_the_tables_names_their_columns() -> None:
    page = (ROOT / "docs" / "reference" / "tables.md").read_text(encoding="utf-8")
    findings, scans = page.split("## scans.csv")
    report = oracle_report()
    for text, rows in ((findings, table.finding_rows(report)), (scans, [table.scan_row(report)])):
        cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
        assert re.findall(r"`(\w+)`", " ".join(cells)) == list(rows[0])


def oracle_report() -> Report:
    """A report of a small phantom, without weights."""
    spine = phantom.spine(("T11", "T12", "L1"), phantom.SpineShape())
    made = phantom.render(spine, scanner=phantom.ScannerSettings((17.5, 20.9), 2.5, 2.5, field_mm=(200.0, 200.0)), seed=0)
    return pipeline.quantify_volume(made.volume, oracle.models(made.vertebrae)).report
