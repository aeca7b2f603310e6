"""The report page: one HTML file that needs no script, no network and no other file."""

from __future__ import annotations

import base64
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from endplate.report.page_content import content_of
from endplate.report.report import Report

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = resources.files("endplate.report") / "templates"


def page_html(report: Report, picture_png: bytes) -> str:
    """The page as HTML; its Content Security Policy forbids everything but its own style and picture.

    Args:
        report: of one scan.
        picture_png: its overview, of which the page shows the spine; empty for none.
    """
    page = content_of(report)
    picture = ""
    if picture_png and report.vertebrae:
        from endplate.report.panels import panels_png

        picture = base64.b64encode(panels_png(picture_png)).decode()
    return _template().render(page=page, picture=picture)


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string((TEMPLATES / "page.html.jinja").read_text(encoding="utf-8"))
    template.globals["style"] = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))  # our own file, no text of a scan
    return template
