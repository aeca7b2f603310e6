"""Runs the page's rules in node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import endplate

RULES = Path(endplate.__file__).parent / "web" / "rules"
SCRIPT = Path(__file__).with_name("run_rules.mjs")


def run_page(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What the page's rules make of vectors; skips only where node is absent."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    source, target = folder / "in.json", folder / "out.json"
    source.write_text(json.dumps(content, allow_nan=False))
    done = subprocess.run(
        [node, str(SCRIPT), str(RULES), str(source), str(target)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(target.read_text())
    return answer
