"""``endplate serve`` as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("ENDPLATE_")} | {"PYTHONPATH": str(ROOT / "src")}
COMMAND = [sys.executable, "-m", "endplate", "serve"]


def serve(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    words = [*COMMAND, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, text=True, env=ENVIRONMENT | environment, **pipes)  # type: ignore[call-overload,no-any-return]


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+/", line)
    assert found, line + str(process.stderr and process.stderr.read())
    return found[0]
