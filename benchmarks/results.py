"""Files of numbers that are kept under version control, each with how it came about."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def write(path: Path, found: dict[str, Any]) -> None:
    """The numbers, after the commit, the day and the command that gave them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"provenance": provenance(), **found}, indent=1) + "\n")


def provenance() -> dict[str, str]:
    """Commit (with ``+`` where the work tree differs from it), day and command."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = "+" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return {"commit": commit + changed, "day": datetime.now(UTC).date().isoformat(), "command": " ".join(sys.argv)}


def read(path: Path) -> dict[str, Any]:
    """What ``write`` wrote, without the stamp."""
    content: dict[str, Any] = json.loads(path.read_text())
    content.pop("provenance", None)
    return content


def _git(*arguments: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False).stdout.strip()
