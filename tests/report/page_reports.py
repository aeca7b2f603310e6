"""Reports for the page: with attenuation, with texts that mean harm, of every status."""

from __future__ import annotations

from dataclasses import replace

from endplate.report import report as r
from endplate.report.build import empty_report
from endplate.report.figure import overview_png

from .conftest import CONTEXT, chest, report_of, spine_of

HARMFUL = (
    "<script>document.title='broken'</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>*{display:none}</style>",
    "]] #set page(fill: red) $x$ *bold* _it_ `raw` @ref <label> // # \\",
    '#image("/etc/passwd") #read("/etc/passwd") #sys.inputs',
    "{{ 7*7 }}{% for x in y %}{{ x }}{% endfor %}",
    "Łódź Ångström Ω Москва 脊椎 עמוד شدرة \U0001f9b4",
    "\u202eevil\u2066 \x00\x07\ud800 tab\there\nnew line",
)


def with_density(report: r.Report) -> r.Report:
    """The same report with attenuation at L1's stand-in and at some bodies."""
    hu = [r.Density(132.4, 30.1, 410.0), None]
    bodies = tuple(
        replace(e, hu=hu[i % 2], hu_reason=None if i % 2 == 0 else "cut by the field of view")
        for i, e in enumerate(report.vertebrae)
    )
    found = r.OpportunisticDensity("T12", 132.4, "reduced, 110 to 135 HU", ("T12 stands in for L1", "contrast agent is not stated"))
    assert report.summary is not None
    return replace(report, vertebrae=bodies, summary=replace(report.summary, density=found))


def with_text(report: r.Report, text: str) -> r.Report:
    """The same report with a text wherever a scan, its header or its user can put one."""
    source = replace(
        report.source,
        kind=text,
        path=text,
        name=text,
        series_instance_uid=text,
        contrast=text,
        tags={"series_description": text, text: text},
    )
    software = r.Software(text, {text: r.Model(text, text)}, text)
    messages = (r.Message("reader", "info", text), r.Message(text, "warning", text))
    entries = tuple(
        replace(e, reason=text if e.reason else None, hu_reason=text, flag=text, level=e.level if e.grade is not None else text)
        for e in report.vertebrae
    )
    summary = replace(report.summary, sentence=text, worst_level=text) if report.summary else None
    levels = replace(report.levels, top=text, alternative=text, uncertain=True) if report.levels else None
    return replace(report, source=source, software=software, messages=messages, vertebrae=entries, summary=summary, levels=levels)


def refused() -> r.Report:
    said = replace(CONTEXT, messages=(r.Message("missing_slices", "error", "3 slices are missing at z = 10, 11, 12 mm"),))
    return empty_report(said, "refused")


def no_spine() -> r.Report:
    said = replace(CONTEXT, messages=(r.Message("no_spine", "info", "no spine was found: nothing looks like one"),))
    return empty_report(said, "no_spine")


def picture() -> bytes:
    """An overview as the command writes it."""
    bodies = chest({"T8": (0.6, 0.8, 1.0)}, cut=("T4",))
    return overview_png(report_of(bodies), spine_of(bodies))
