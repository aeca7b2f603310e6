"""The report page as HTML: what it says, that nothing in it runs or loads, that it can be read without seeing colours."""

from __future__ import annotations

import base64
import io
import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from endplate.morphometry import norms
from endplate.report import report as r
from endplate.report.page import TEMPLATES, page_html
from endplate.report.page_content import DISCLAIMER, content_of, plain
from endplate.report.panels import panels_png
from endplate.report.sentence import MIMICS

from .conftest import THORAX, chest, report_of
from .page_reports import HARMFUL, no_spine, picture, refused, with_density, with_text

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes and texts; fails on a tag that does not fit."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data))

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    @property
    def said(self) -> str:
        return " ".join(" ".join(t for tag, t in self.texts if tag != "style").split())


@pytest.fixture(scope="module")
def overview() -> bytes:
    return picture()


def test_the_finding_comes_first_and_the_worst_level_before_the_others() -> None:
    report = report_of(chest({"T6": (0.7, 0.9, 1.0), "T10": (0.5, 0.8, 1.0), "T8": (0.78, 0.9, 1.0)}))
    said = Page(page_html(report, b"")).said
    assert report.summary is not None
    assert report.summary.sentence in said
    headings = ["T10: wedge fracture, grade 3 (severe)", "T6: wedge fracture, grade 2 (moderate)"]
    headings.append("T8: wedge deformity, indeterminate, grade 1 (mild)")
    places = [said.index(text) for text in (report.summary.sentence, *headings, "Every vertebra, head to feet", "Provenance")]
    assert places == sorted(places)
    assert MIMICS in said
    assert said.count(DISCLAIMER) == 2


def test_the_table_holds_every_number_of_the_report(fractured: r.Report) -> None:
    fractured = replace(fractured, software=replace(fractured.software, norms=norms.DEFAULT))  # as measured
    rows, shared = content_of(fractured).rows, norms.shipped()
    assert [row.level for row in rows] == list(THORAX)
    said = Page(page_html(fractured, b"")).said
    for entry, row in zip(fractured.vertebrae, rows, strict=True):
        assert [h.mm for h in row.heights] == [
            f"{v:.1f}" for v in (entry.heights_mm.anterior, entry.heights_mm.middle, entry.heights_mm.posterior)
        ]
        if entry.loss is None or entry.loss_interval_95 is None:
            assert row.verdict == "not assessed: cut by the field of view"
            assert f"{row.level} : cut by the field of view" in said
            continue
        norm = shared.of(entry.level)
        assert norm is not None
        assert row.heights[0].share == f"{100 * entry.ratios.ha_hp / norm.ha_hp:.0f} %"
        assert row.heights[1].share == f"{100 * entry.ratios.hm_hp / norm.hm_hp:.0f} %"
        assert row.heights[2].share == f"{100 * (entry.ratios.hp_expected or 0):.0f} %"
        assert row.loss == f"{100 * entry.loss:.0f}"
        assert row.interval == " to ".join(f"{100 * v:.0f}" for v in entry.loss_interval_95)
        assert len(row.probabilities) == 4
        assert {row.loss, row.interval, row.verdict, *row.probabilities} <= set(
            t.strip() for _, t in Page(page_html(fractured, b"")).texts
        )


@pytest.mark.parametrize("name", ["my-norms", norms.EXPERTS])
def test_norms_that_are_the_users_own_are_not_guessed(fractured: r.Report, name: str) -> None:
    """Also where the user's table bears a shipped table's name: its z-scores give it away."""
    report = replace(fractured, software=replace(fractured.software, norms=name))
    rows = content_of(report).rows
    assert all(not row.heights[0].share and not row.heights[1].share for row in rows)
    assert rows[4].heights[0].z.startswith("z -")
    assert "user's own" in Page(page_html(report, b"")).said


def test_nothing_but_the_page_itself_is_needed(fractured: r.Report, overview: bytes) -> None:
    html = page_html(with_density(fractured), overview)
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert all(str(v).startswith("data:image/png;base64,") for k, v in attributes.items() if k in ("src", "href", "srcset"))
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|://", style)
    policy = next(a["content"] for t, a in page.elements if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'; img-src data:")


def test_the_picture_is_the_spine_cut_out_of_the_overview(fractured: r.Report, overview: bytes) -> None:
    page = Page(page_html(fractured, overview))
    (image,) = [attributes for tag, attributes in page.elements if tag == "img"]
    shown = Image.open(io.BytesIO(base64.b64decode(str(image["src"]).split(",")[1])))
    whole = Image.open(io.BytesIO(overview))
    assert shown.width < 0.7 * whole.width
    assert "T8 grade 3" in str(image["alt"])
    assert "img" not in Page(page_html(fractured, b"")).tags


@pytest.mark.parametrize("box", ["", "1 2 3", "a b c d", "0 0 99999 10", "5 5 5 5", "-1 0 3 3"])
def test_a_picture_without_a_place_for_the_spine_is_shown_whole(box: str) -> None:
    from PIL import PngImagePlugin

    notes, stream = PngImagePlugin.PngInfo(), io.BytesIO()
    notes.add_text("endplate:panels", box)
    Image.new("RGB", (40, 30)).save(stream, "PNG", pnginfo=notes)
    assert panels_png(stream.getvalue()) == stream.getvalue()


@pytest.mark.parametrize("text", HARMFUL)
def test_no_text_becomes_an_element(fractured: r.Report, overview: bytes, text: str) -> None:
    report = with_density(fractured)
    harmless, harmful = Page(page_html(with_text(report, "x"), overview)), Page(page_html(with_text(report, text), overview))
    assert harmful.tags == harmless.tags
    assert [sorted(a) for _, a in harmful.elements] == [sorted(a) for _, a in harmless.elements]
    assert " ".join(plain(text).split()) in harmful.said


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40))
def test_no_text_at_all_becomes_an_element(fractured: r.Report, text: str) -> None:
    harmless, harmful = Page(page_html(with_text(fractured, "x"), b"")), Page(page_html(with_text(fractured, text), b""))
    if text and plain(text) == text and text.strip():
        assert harmful.tags == harmless.tags
    page_html(with_text(fractured, text), b"").encode()


@pytest.mark.parametrize(
    ("report", "begins"), [(refused(), "Refused, nothing was measured: 3 slices"), (no_spine(), "No spine was found:")]
)
def test_without_a_spine_the_page_says_why(report: r.Report, begins: str) -> None:
    page = Page(page_html(report, picture()))
    assert begins in page.said
    assert not {"img", "table"} & set(page.tags)
    assert DISCLAIMER in page.said


def test_nothing_abnormal_still_gives_the_largest_loss_with_its_interval() -> None:
    said = Page(page_html(report_of(chest()), b"")).said
    assert re.search(r"No body lost 20 % or more\. Largest loss: T\d+, \d+ % \(95 % interval \d+ to \d+ %\)\.", said)
    assert MIMICS not in said


def test_uncertain_names_are_said_beside_the_sentence_and_in_the_table() -> None:
    report = report_of(chest({"T8": (0.6, 0.8, 1.0)}, sure=0.55), confidence=0.55, alternative="T3")
    said = Page(page_html(report, b"")).said
    assert "all names are right with a probability of 55 %" in said
    assert "Next likely: T3 (30 %)." in said
    assert "The name T8 is right with a probability of 55 %" in said
    assert "T8\xa0?" in page_html(report, b"").replace("&nbsp;", "\xa0")


def test_attenuation_is_shown_with_its_conditions(fractured: r.Report) -> None:
    said = Page(page_html(with_density(fractured), b"")).said
    assert "T12: mean attenuation of trabecular bone 132 HU at 120 kV. Category: reduced, 110 to 135 HU." in said
    assert "Condition: T12 stands in for L1. Condition: contrast agent is not stated." in said
    assert "Not measured: T5, T7, T9, T11 (cut by the field of view)." in said
    assert "osteopor" not in said.lower()
    bare = Page(page_html(fractured, b""))
    assert "Attenuation" not in bare.said
    assert ("th", "HU") not in bare.texts


def test_probabilities_claim_no_certainty(fractured: r.Report) -> None:
    said = {p for row in content_of(fractured).rows for p in row.probabilities}
    assert "<1 %" in said
    assert not {"0 %", "100 %"} & said


def test_it_can_be_read_by_who_does_not_see_it(fractured: r.Report, overview: bytes) -> None:
    page = Page(page_html(with_density(fractured), overview))
    assert dict(page.elements)["html"]["lang"] == "en"
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert "caption" in page.tags
    assert all("scope" in a for tag, a in page.elements if tag == "th")
    names = {a["id"] for _, a in page.elements if "id" in a}
    assert {a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a} <= names


def test_a_grade_is_written_never_colour_alone(fractured: r.Report) -> None:
    page = Page(page_html(fractured, b""))
    marked = [a["class"] for tag, a in page.elements if tag == "tr" and "class" in a]
    assert marked.count("grade3") == 1
    assert {"3 severe wedge", "0 normal"} <= {t.strip() for _, t in page.texts}


def test_colours_stand_out_from_the_paper() -> None:
    """WCAG 2.2, contrast at least 4.5 to 1."""
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    inks = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    papers = ("#ffffff", inks["wash"], "#fdf3e7")
    assert "background: #fdf3e7" in style
    for name in ("ink", "faint", "g0", "g1", "g2", "g3"):
        for paper in papers:
            assert contrast(inks[name], paper) >= 4.5, (name, paper)


def contrast(one: str, other: str) -> float:
    light = sorted((luminance(one), luminance(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    """Debian's chromium without a network."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed")
    return [
        found,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]


def test_a_browser_runs_nothing_of_it(fractured: r.Report, overview: bytes, tmp_path: Path, browser: list[str]) -> None:
    path = tmp_path / "report.html"
    path.write_text(page_html(with_text(with_density(fractured), HARMFUL[0] + HARMFUL[1]), overview), encoding="utf-8")
    done = subprocess.run([*browser, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert "<title>endplate report: &lt;script&gt;" in done.stdout
    assert "<script" not in done.stdout


def test_a_browser_prints_it_on_a4(fractured: r.Report, overview: bytes, tmp_path: Path, browser: list[str]) -> None:
    path, pdf = tmp_path / "report.html", tmp_path / "printed.pdf"
    path.write_text(page_html(with_density(fractured), overview), encoding="utf-8")
    command = [*browser, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", path.as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    if shutil.which("pdfinfo") is None:
        pytest.skip("poppler-utils is not installed")
    facts = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Page size: .*A4", facts)
    assert re.search(r"Pages: +[23]\n", facts)
