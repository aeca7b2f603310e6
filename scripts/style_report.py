"""How the code stands against the aims of the house style; prints, fails on nothing.

usage: python scripts/style_report.py [FOLDER]
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import sys
import tokenize
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FORBIDDEN = re.compile(r"^(utils?|helpers?|common|misc|core|base|managers?|processors?|handlers?)$")


@dataclass(frozen=True)
class File:
    """Counts of one Python file."""

    path: Path
    lines: int
    comments: int
    functions: list[tuple[str, int, int]]
    """Name, lines, parameters."""
    untyped: int


def read(path: Path) -> File:
    """Counts what the aims speak of."""
    text = path.read_text(encoding="utf-8")
    functions, untyped = [], 0
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            own = [a for a in every if a.arg not in ("self", "cls")]
            functions.append((node.name, (node.end_lineno or node.lineno) - node.lineno + 1, len(own)))
            untyped += node.returns is None or any(a.annotation is None for a in own)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = sum(t.type == tokenize.COMMENT for t in tokens)
    return File(path, len(text.splitlines()), comments, functions, untyped)


def report(root: Path) -> None:
    """Prints one line per aim, with the worst offenders."""
    files = [read(p) for p in sorted(root.rglob("*.py"))]
    functions = [(f"{f.path.relative_to(root)}:{name}", lines, args) for f in files for name, lines, args in f.functions]
    total = sum(f.lines for f in files)
    folders = Counter(f.path.parent for f in files if f.path.name != "__init__.py")
    print(f"{root}: {len(files)} files, {total} lines, {len(functions)} functions")
    row(
        "file lines, median <= 130, max ~300",
        statistics.median(f.lines for f in files),
        worst((str(f.path.relative_to(root)), f.lines) for f in files),
    )
    row(
        "function lines, median <= 11, max ~40",
        statistics.median(n for _, n, _ in functions),
        worst((name, n) for name, n, _ in functions),
    )
    row("parameters <= 5", max(n for *_, n in functions), worst(((name, n) for name, _, n in functions if n > 5), 8))
    row("files a folder <= 7", max(folders.values()), worst((str(k.relative_to(root)), v) for k, v in folders.items() if v > 7))
    row("comment lines 2-4 %", f"{100 * sum(f.comments for f in files) / total:.1f} %", "")
    row(
        "functions with a missing type: 0",
        sum(f.untyped for f in files),
        worst((str(f.path.relative_to(root)), f.untyped) for f in files if f.untyped),
    )
    names = [str(f.path.relative_to(root)) for f in files if FORBIDDEN.match(f.path.stem) or FORBIDDEN.match(f.path.parent.name)]
    row("forbidden names: 0", len(names), ", ".join(names))


def worst(items: object, count: int = 5) -> str:
    """The largest few as text."""
    ordered = sorted(items, key=lambda item: -item[1])[:count]  # type: ignore[call-overload]
    return ", ".join(f"{name} {value}" for name, value in ordered)


def row(aim: str, value: object, offenders: str) -> None:
    """One aligned line."""
    print(f"  {aim:40} {value!s:>7}  {offenders}")


if __name__ == "__main__":
    report(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "src" / "endplate")
