"""The report page as PDF, read back by poppler."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from endplate.report import report as r
from endplate.report.page_content import DISCLAIMER, content_of, plain
from endplate.report.pdf import page_pdf

from .page_reports import HARMFUL, no_spine, picture, refused, with_density, with_text


@pytest.fixture(scope="module")
def overview() -> bytes:
    return picture()


def read(tool: str, pdf: bytes, folder: Path, *options: str) -> str:
    """What one of poppler's tools says of a PDF; tests skip without it."""
    if shutil.which(tool) is None:
        pytest.skip("poppler-utils is not installed")
    (folder / "a.pdf").write_bytes(pdf)
    output = ["-"] if tool == "pdftotext" else []
    done = subprocess.run([tool, *options, str(folder / "a.pdf"), *output], capture_output=True, text=True, check=True)
    return done.stdout


def words(pdf: bytes, folder: Path) -> str:
    """The text as one line; lines may be broken anywhere."""
    return " ".join(read("pdftotext", pdf, folder).replace("\u200b", "").split())


def test_it_says_what_the_html_says(fractured: r.Report, overview: bytes, tmp_path: Path) -> None:
    report = with_density(fractured)
    content = content_of(report)
    said = words(page_pdf(report, overview), tmp_path)
    tight = said.replace(" ", "")
    assert content.statement in said
    for text in (*content.level_names, *content.density, *content.notes, *(d.heading for d in content.deformities), content.mimics):
        assert text.replace(" ", "") in tight, text
    for row in content.rows:
        assert all(h.mm in said for h in row.heights)
        assert row.verdict in said
    for name, value in (*content.facts, *content.provenance):
        assert name.replace(" ", "") in tight
        assert value.replace(" ", "") in tight, value


def test_the_disclaimer_stands_on_every_a4_page(fractured: r.Report, overview: bytes, tmp_path: Path) -> None:
    pdf = page_pdf(fractured, overview)
    pages = read("pdftotext", pdf, tmp_path).split("\f")[:-1]
    assert len(pages) == 2
    assert all(DISCLAIMER in page for page in pages)
    facts = read("pdfinfo", pdf, tmp_path)
    assert "(A4)" in facts
    assert re.search(r"Tagged: +yes", facts)
    assert re.search(r"JavaScript: +no", facts)
    assert re.search(r"Title: +endplate report: a\n", facts)
    assert not re.search(r"CreationDate", facts)


def test_fonts_and_picture_lie_inside(fractured: r.Report, overview: bytes, tmp_path: Path) -> None:
    fonts = read("pdffonts", page_pdf(fractured, overview), tmp_path).splitlines()[2:]
    assert fonts
    assert all(re.search(r" yes +yes +yes ", line) for line in fonts), fonts
    assert " image " in read("pdfimages", page_pdf(fractured, overview), tmp_path, "-list")


def test_the_same_report_gives_the_same_bytes(fractured: r.Report, overview: bytes) -> None:
    assert page_pdf(fractured, overview) == page_pdf(fractured, overview)
    assert page_pdf(fractured, overview) != page_pdf(with_density(fractured), overview)


@pytest.mark.parametrize("text", HARMFUL)
def test_texts_are_never_markup(fractured: r.Report, tmp_path: Path, text: str) -> None:
    """Everything arrives as it was written, and nothing on the page is drawn otherwise."""
    pdf = page_pdf(with_text(with_density(fractured), text), b"")
    said = words(pdf, tmp_path)
    if text.isascii():
        assert plain(text).replace(" ", "") in said.replace(" ", "")
    else:
        assert "ngström" in said or "evil" in said
    assert "root:" not in said
    assert "(A4)" in read("pdfinfo", pdf, tmp_path)


@pytest.mark.parametrize(
    ("report", "begins"), [(refused(), "Refused, nothing was measured: 3 slices"), (no_spine(), "No spine was found:")]
)
def test_without_a_spine_the_page_says_why(report: r.Report, begins: str, tmp_path: Path) -> None:
    assert begins in words(page_pdf(report, picture()), tmp_path)


def test_many_vertebrae_and_endless_texts_stay_on_the_paper(fractured: r.Report, overview: bytes, tmp_path: Path) -> None:
    pdf = page_pdf(with_text(fractured, "a/very-long-path" * 60), overview)
    lines = re.findall(r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)"', read("pdftotext", pdf, tmp_path, "-bbox"))
    assert lines
    assert max(float(right) for _, _, right in lines) < 596
