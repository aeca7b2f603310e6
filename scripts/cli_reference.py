"""The help of every command as one page; docs/reference/cli.md holds it and a test compares."""

from __future__ import annotations

import io

from cyclopts import App

from endplate.cli import app

WIDTH = 100


def page() -> str:
    """Markdown with the help of every command."""
    parts = ["# Command line", "", "Made by `scripts/cli_reference.py` from the code; a test keeps it true.", ""]
    for command in ("", *commands(app())):
        name = f"endplate {command}".strip()
        parts += [f"## {name}", "", "```text", help_text(command.split()).strip(), "```", ""]
    return "\n".join(parts)


def commands(of: App, above: str = "") -> list[str]:
    """Every command with its sub-commands, such as ``train`` and ``train detector``."""
    found: list[str] = []
    for name in (name for name in of if not name.startswith("-")):
        full = f"{above} {name}".strip()
        found += [full, *commands(of[name], full)]
    return found


def help_text(command: list[str]) -> str:
    """What ``--help`` prints, at a fixed width and without colours."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=WIDTH, force_terminal=False, color_system=None)
    app().help_print(command, console=console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


if __name__ == "__main__":
    from pathlib import Path

    target = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
    target.write_text(page(), encoding="utf-8")
    print(f"wrote {target}")
