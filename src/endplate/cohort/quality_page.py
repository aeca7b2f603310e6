"""The quality page over a folder of results: worst scan first, filters, histograms, failures with their reasons.

One HTML file with its own style and script beside ``thumbnails/``; nothing of it leaves the folder.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from endplate.cohort.loss_histograms import HEIGHT, WIDTH, Losses, threshold_lines
from endplate.cohort.quality_rows import FINDINGS, STATUSES, Row, row_of
from endplate.refusals import REFUSALS
from endplate.report.page_content import DISCLAIMER
from endplate.report.report import Report
from endplate.report.table import replaced

if TYPE_CHECKING:
    from jinja2 import Template

FILE = "quality.html"
TEMPLATES = resources.files("endplate.cohort") / "templates"
MANY_CHUNKS = 500


@dataclass(frozen=True)
class Failure:
    """Scans that failed for one reason.

    Attributes:
        code: of the reason.
        found: what the reason is, in general.
        remedy: what to do about it.
        scans: how many.
    """

    code: str
    found: str
    remedy: str
    scans: int


class QualityPage:
    """Takes one report after the other and keeps a short row of each.

    Args:
        out: folder of the results, which gets ``quality.html`` and ``thumbnails/``.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._rows: list[Row] = []
        self._losses = Losses()

    def add(self, folder: Path, report: Report) -> None:
        """Adds the scan of a folder, and makes its thumbnail unless there is one that is newer than its overview."""
        self._rows.append(row_of(folder, report))
        self._losses.add(report.vertebrae)

    def write(self) -> None:
        """Writes the page, all at once or not at all.

        Raises:
            OSError: if it cannot be written.
        """
        self._rows.sort(key=lambda row: (row.badness, row.scan))
        chunks = _template().stream(
            title=f"endplate quality: {_shown(self._out.resolve().name)}",
            disclaimer=DISCLAIMER,
            made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            rows=self._rows,
            statuses=_counted(STATUSES, (row.status for row in self._rows)),
            findings=_counted(FINDINGS, (row.finding for row in self._rows)),
            doubts=Counter(d for row in self._rows for d in (row.doubts or (("sure",) if row.finding else ()))),
            failures=_failures(self._rows),
            histograms=self._losses.histograms(),
            lines=threshold_lines(),
            size=(WIDTH, HEIGHT),
        )
        chunks.enable_buffering(MANY_CHUNKS)
        with replaced(self._out / FILE) as part, part.open("w", encoding="utf-8") as stream:
            stream.writelines(chunks)


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _counted(names: Mapping[Any, str], found: Iterable[str]) -> list[tuple[str, str, int]]:
    """Value, name and count of each that there is."""
    counts = Counter(found)
    return [(value, name, counts[value]) for value, name in names.items() if counts[value]]


def _failures(rows: Iterable[Row]) -> list[Failure]:
    """Most frequent first."""
    counts = Counter(code for row in rows for code in row.codes)
    return [_failure(code, n) for code, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _failure(code: str, count: int) -> Failure:
    known = REFUSALS.get(code)
    if code == "no_spine":
        return Failure(code, "no spine was found", "look whether there is one", count)
    found, remedy = (known.found, known.remedy) if known else ("", "")
    return Failure(code, found.replace("`", ""), remedy.replace("`", ""), count)


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((TEMPLATES / "quality.html.jinja").read_text(encoding="utf-8"))
    for kind, file in (("style", "quality.css"), ("script", "quality.js")):
        text = (TEMPLATES / file).read_text(encoding="utf-8")
        template.globals[kind] = Markup(text)  # our own file, no text of a scan
        template.globals[f"{kind}_hash"] = f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
    return template
