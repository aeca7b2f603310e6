"""The report page as PDF, typeset by typst: the same words as the HTML, tagged for screen readers."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Literal

from endplate.report.page import TEMPLATES
from endplate.report.page_content import content_of
from endplate.report.report import Report

STANDARD: Literal["ua-1"] = "ua-1"
"""PDF/UA-1, for readers who do not see the page. PDF/A would want a date, which would make equal reports differ."""
FONTS = "Libertinus Serif|DejaVu Sans Mono"
"""Both come inside typst's wheel, so that a page looks the same on every machine."""


def page_pdf(report: Report, picture_png: bytes) -> bytes:
    """The page as PDF; the same report and picture give the same bytes.

    Texts reach typst as JSON strings, never as its markup. Letters that its own fonts lack are looked for among the machine's;
    where there are none either, the file is a PDF without the standards' promise that every letter can be read.

    Args:
        report: of one scan.
        picture_png: its overview, of which the page shows the spine; empty for none.
    """
    import typst

    files: Any = {  # as typst takes it, though its types do not say so
        "main.typ": (TEMPLATES / "page.typ").read_bytes(),
        "content.json": json.dumps(asdict(content_of(report))).encode(),
    }
    inputs = {"font": FONTS, "picture": "no"}
    if picture_png and report.vertebrae:
        from endplate.report.panels import panels_png

        # a file beside the page would have to be text or lie on the disk
        files["picture.json"] = json.dumps(list(panels_png(picture_png))).encode()
        inputs["picture"] = "yes"
    for own_fonts in (True, False):
        try:
            return typst.compile(files, ignore_system_fonts=own_fonts, pdf_standards=STANDARD, sys_inputs=inputs)
        except typst.TypstError:
            continue  # a letter without a glyph, by the standards an error
    return typst.compile(files, sys_inputs=inputs)
