"""Further renderings of one scan's result, beside ``report.json`` and ``overview.png``; made from these two alone.

Whatever goes wrong with a rendering becomes a message of the report: the measurements are never lost for want of a page.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from endplate.errors import InputRefused
from endplate.report.report import Message, Report
from endplate.report.table import write_atomically

Name = Literal["html", "pdf", "fhir", "slicer", "dicom"]
NAMES: tuple[Name, ...] = get_args(Name)
FILES: Mapping[Name, tuple[str, ...]] = {
    "html": ("report.html",),
    "pdf": ("report.pdf",),
    "fhir": ("fhir.json",),
    "slicer": ("slicer.mrk.json",),
    "dicom": ("report.sr.dcm", "overview.sc.dcm", "report.pdf.dcm"),
}
"""Rendering -> its files in the scan's folder."""
FAILED = "rendering_failed"
"""Code of the message about a rendering that endplate failed to make; it is tried again when asked for again."""
TRACEBACK = "traceback.txt"


@dataclass(frozen=True)
class Rendered:
    """What came of it.

    Attributes:
        report: with a message for each rendering that could not be made.
        settled: renderings that are done, with their files; none where the input cannot have that rendering.
        unmade: why which rendering could not be made.
    """

    report: Report
    settled: dict[str, tuple[str, ...]]
    unmade: tuple[Message, ...]


def checked(names: Collection[str]) -> tuple[Name, ...]:
    """The renderings of these names, each once, in the order of ``NAMES``.

    Raises:
        ValueError: if a name is none.
    """
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise ValueError(f"no rendering is called {', '.join(unknown)}; expected some of {', '.join(NAMES)}")
    return tuple(n for n in NAMES if n in names)


def render(report: Report, overview_png: bytes, folder: Path, names: Collection[str], earlier: Path | None = None) -> Rendered:
    """Writes renderings into a folder, each file all at once or not at all; ``report.json`` is the caller's.

    Args:
        report: of the scan.
        overview_png: its picture, as in ``overview.png``.
        folder: where to; it exists.
        names: which, of ``NAMES``.
        earlier: folder of an earlier result of the same scan, whose DICOM objects the new ones name as their predecessors.

    Raises:
        ValueError: if a name is none of ``NAMES``.
        OSError: if a file cannot be written.
    """
    said = replace(report, messages=tuple(m for m in report.messages if m.code != FAILED))
    settled: dict[str, tuple[str, ...]] = {}
    unmade: list[Message] = []
    # DICOM first: what its source lacks is a message that the pages show
    for name in sorted(checked(names), key=lambda n: n != "dicom"):
        files, message = _made(name, _Input(said, overview_png, earlier), folder)
        if message is not None:
            unmade.append(message)
            said = replace(said, messages=(*(m for m in said.messages if m != message), message))
        if message is None or message.code != FAILED:
            settled[name] = tuple(files)
        for file, content in files.items():
            write_atomically(folder / file, content)
    return Rendered(said, settled, tuple(unmade))


@dataclass(frozen=True)
class _Input:
    """What renderings are made from."""

    report: Report
    overview_png: bytes
    earlier: Path | None


def _made(name: Name, given: _Input, folder: Path) -> tuple[dict[str, bytes], Message | None]:
    try:
        return MAKERS[name](given), None
    except InputRefused as refusal:
        return {}, Message(refusal.code, "warning", f"no {', '.join(FILES[name])}: {refusal.message}")
    except ModuleNotFoundError as error:
        need = f"{', '.join(FILES[name])} could not be made: {error.name} is not installed; install it and ask for --{name} again"
        return {}, Message(FAILED, "error", need)
    except Exception as error:  # a fault of ours must not cost the user the measurements
        (folder / TRACEBACK).write_text(traceback.format_exc(), encoding="utf-8")
        what = f"{', '.join(FILES[name])} could not be made ({type(error).__name__}: {error})"
        return {}, Message(FAILED, "error", f"{what}; please report it with {TRACEBACK}, and ask for --{name} again")


def _html(given: _Input) -> dict[str, bytes]:
    from endplate.report.page import page_html

    return {"report.html": page_html(given.report, given.overview_png).encode()}


def _pdf(given: _Input) -> dict[str, bytes]:
    from endplate.report.pdf import page_pdf

    return {"report.pdf": page_pdf(given.report, given.overview_png)}


def _fhir(given: _Input) -> dict[str, bytes]:
    from endplate.report.fhir import fhir_bundle

    return {"fhir.json": _json(fhir_bundle(given.report))}


def _slicer(given: _Input) -> dict[str, bytes]:
    from endplate.report.slicer import slicer_markups

    return {"slicer.mrk.json": _json(slicer_markups(given.report))}


def _dicom(given: _Input) -> dict[str, bytes]:
    report = given.report
    if report.status == "refused":
        return {}  # nothing was measured, and the reason stands in the report already
    if report.source.kind != "dicom":
        raise InputRefused("no_dicom_source", f"the scan is {report.source.kind}, not DICOM: there is no study to add objects to")
    from endplate.dicom import results  # highdicom takes half a second to import

    page = _pdf(given)["report.pdf"]
    before = _files(given.earlier, FILES["dicom"])
    try:
        made = results.dicom_results(report, given.overview_png, page, previous=before or None)
    except InputRefused as refusal:
        if refusal.code != "other_predecessor":
            raise
        made = results.dicom_results(report, given.overview_png, page)  # what lay there was no earlier result of this scan
    return {name: made[name] for name in FILES["dicom"]}


def _files(folder: Path | None, names: Collection[str]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()} if folder is not None else {}


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


MAKERS: Mapping[Name, Callable[[_Input], dict[str, bytes]]] = {
    "html": _html,
    "pdf": _pdf,
    "fhir": _fhir,
    "slicer": _slicer,
    "dicom": _dicom,
}
