"""The overview: straightened image, points, height lines, names, grades, table. Drawn with Pillow (docs/decisions/0003)."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from endplate.report.report import Entry, PointPairs, Report
from endplate.report.sentence import MIMICS
from endplate.straightening import StraightSpine

Floats = NDArray[np.floating]
WINDOW_HU = (-250.0, 950.0)
# Okabe & Ito 2008, safe for colour-blind readers; the grade is also written
GRADE_COLOURS = {0: "#56B4E9", 1: "#F0E442", 2: "#E69F00", 3: "#FF6E4A", None: "#A0A0A0"}
BACKGROUND, INK, FAINT, LINE = "#101214", "#F2F2F2", "#A8ADB3", "#33383D"
MARGIN, GAP, TABLE_WIDTH, LINE_HEIGHT = 24, 28, 760, 25
DISCLAIMER = "Research use only. Not a medical device. AI result, not verified by a reader."


def overview_png(report: Report, spine: StraightSpine | None) -> bytes:
    """The overview as the bytes of a PNG."""
    stream = io.BytesIO()
    overview(report, spine).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def overview(report: Report, spine: StraightSpine | None) -> Image.Image:
    """The overview picture; without a spine, a page that says why."""
    page = _Page.of(report, spine)
    draw = ImageDraw.Draw(page.image)
    _head(draw, report, page)
    if spine is not None:
        _bare(page, spine)
        _annotated(page, report, spine)
    _table(draw, report, page)
    _foot(draw, report, page)
    return page.image


@dataclass(frozen=True)
class _Page:
    image: Image.Image
    scale: float  # output pixels per image pixel
    top: int
    left: tuple[int, int]  # of the two pictures
    table: int

    @classmethod
    def of(cls, report: Report, spine: StraightSpine | None) -> _Page:
        rows, columns = spine.image_hu.shape[1:] if spine is not None else (0, 0)
        scale = float(np.clip(1150.0 / max(rows, 1), 2.0, 4.5))
        wide, tall = round(columns * scale), round(rows * scale)
        top = MARGIN + 4 * LINE_HEIGHT + 8 * (len(_wrapped(report)) > 2) + LINE_HEIGHT * max(len(_wrapped(report)) - 2, 0)
        second = MARGIN + wide + GAP
        table = second + wide + GAP if spine is not None else MARGIN
        lines = len(report.vertebrae) + len(_notes(report)) + 4
        height = top + max(tall, lines * LINE_HEIGHT) + 3 * LINE_HEIGHT + MARGIN
        return cls(Image.new("RGB", (table + TABLE_WIDTH + MARGIN, height), BACKGROUND), scale, top, (MARGIN, second), table)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _grey(spine: StraightSpine, scale: float) -> Image.Image:
    low, high = WINDOW_HU
    image = np.clip((spine.midsagittal_hu - low) / (high - low), 0.0, 1.0) * 255.0
    rows, columns = image.shape
    picture = Image.fromarray(image.astype(np.uint8))
    return picture.resize((round(columns * scale), round(rows * scale)), Image.Resampling.BICUBIC).convert("RGB")


def _bare(page: _Page, spine: StraightSpine) -> None:
    page.image.paste(_grey(spine, page.scale), (page.left[0], page.top))


def _annotated(page: _Page, report: Report, spine: StraightSpine) -> None:
    picture = _grey(spine, page.scale)
    draw = ImageDraw.Draw(picture)
    for entry in report.vertebrae:
        _vertebra(draw, entry, (spine.pixel_from_patient(_points(entry.points_lps_mm)) + 0.5) * page.scale)
    bar = 50.0 / spine.pixel_mm * page.scale
    y, x = picture.height - 14, picture.width - 12
    draw.line([(x, y), (x, y - bar)], fill=INK, width=3)
    draw.text((x - 8, y - bar / 2), "50 mm", fill=INK, font=_font(15), anchor="rm")
    for x, word in ((6, "A"), (picture.width - 18, "P")):
        draw.text((x, 4), word, fill=FAINT, font=_font(18))
    page.image.paste(picture, (page.left[1], page.top))


def _vertebra(draw: ImageDraw.ImageDraw, entry: Entry, points: Floats) -> None:
    """Lines, points and name of one body; points (3, 2, 2) as (row, column) of the picture."""
    colour = GRADE_COLOURS[entry.grade]
    xy = [[(float(p[1]), float(p[0])) for p in pair] for pair in points]
    for a, b in xy:
        _line(draw, (a, b), colour, dashed=not entry.assessable)
    for end in (0, 1):
        draw.line([xy[0][end], xy[1][end], xy[2][end]], fill=colour, width=1)
    for x, y in (p for pair in xy for p in pair):
        draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill=colour, outline="black")
    middle = points[:, :, 0].mean()
    name = f"{entry.level or '?'}{'?' if entry.level_confidence < 0.8 else ''}"
    grade = f" G{entry.grade}" if entry.grade else ""
    x = max(points[..., 1].min() - 10, 62)
    draw.text((x, middle), name + grade, fill=colour, font=_font(20 if entry.grade else 17), anchor="rm", stroke_width=2, stroke_fill="black")


def _line(draw: ImageDraw.ImageDraw, ends: tuple[tuple[float, float], tuple[float, float]], colour: str, dashed: bool) -> None:
    (x0, y0), (x1, y1) = ends
    parts = 9 if dashed else 1
    for i in range(0, parts, 2):
        a, b = i / parts, (i + 1) / parts
        draw.line([(x0 + a * (x1 - x0), y0 + a * (y1 - y0)), (x0 + b * (x1 - x0), y0 + b * (y1 - y0))], fill=colour, width=2)


def _points(pairs: PointPairs) -> Floats:
    return np.array([pairs.anterior, pairs.middle, pairs.posterior])


def _statement(report: Report) -> str:
    if report.summary is not None:
        return report.summary.sentence
    said = [m.text for m in report.messages if m.severity == "error" or m.code == "no_spine"]
    return f"{'No spine' if report.status == 'no_spine' else 'Refused'}: {' '.join(said)}"


def _wrapped(report: Report) -> list[str]:
    return wrap(_statement(report), 118)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` characters, broken between words."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _head(draw: ImageDraw.ImageDraw, report: Report, page: _Page) -> None:
    draw.text((MARGIN, MARGIN - 6), f"endplate   {report.source.name[:70]}", fill=FAINT, font=_font(20))
    worst = report.summary.worst_grade if report.summary else None
    colour = GRADE_COLOURS[worst] if worst else INK
    for i, line in enumerate(_wrapped(report)):
        draw.text((MARGIN, MARGIN + LINE_HEIGHT * (i + 1)), line, fill=colour, font=_font(21))


COLUMNS = (("level", 0), ("Ha mm", 110), ("Hm mm", 185), ("Hp mm", 260), ("G", 330), ("loss %", 400), ("95 %", 480), ("grade", 560))


def _table(draw: ImageDraw.ImageDraw, report: Report, page: _Page) -> None:
    y = page.top
    if report.vertebrae:
        for word, x in COLUMNS:
            draw.text((page.table + x, y), word, fill=FAINT, font=_font(17))
        y += LINE_HEIGHT
        draw.line([(page.table, y - 3), (page.table + TABLE_WIDTH, y - 3)], fill=LINE)
    for entry in report.vertebrae:
        _row(draw, entry, (page.table, y), report)
        y += LINE_HEIGHT
    y += LINE_HEIGHT // 2
    for colour, line in _notes(report):
        draw.text((page.table, y), line, fill=colour, font=_font(15))
        y += LINE_HEIGHT - 5


def _row(draw: ImageDraw.ImageDraw, entry: Entry, at: tuple[int, int], report: Report) -> None:
    x, y = at
    worst = report.summary is not None and entry.level == report.summary.worst_level and bool(entry.grade)
    if worst:
        draw.rectangle([x - 6, y - 2, x + TABLE_WIDTH, y + LINE_HEIGHT - 4], fill="#3A2A1E")
    colour = GRADE_COLOURS[entry.grade] if entry.grade or not entry.assessable else INK
    h = entry.heights_mm
    cells = [f"{entry.level or '?'}{' ?' if entry.level_confidence < 0.8 else ''}", *(f"{v:.1f}" for v in (h.anterior, h.middle, h.posterior))]
    cells.append(f"{entry.genant_index:.2f}")
    if entry.loss is not None and entry.loss_interval_95 is not None:
        low, high = (100 * v for v in entry.loss_interval_95)
        name = f"{entry.grade} {entry.shape}" if entry.grade else "0"
        cells += [f"{100 * entry.loss:.0f}", f"{low:.0f}-{high:.0f}", name]
    else:
        cells += [f"not assessed: {entry.reason}"]
    for text, (_, offset) in zip(cells, COLUMNS, strict=False):
        draw.text((x + offset, y), text, fill=colour, font=_font(18))


def _notes(report: Report) -> list[tuple[str, str]]:
    """Colours and lines below the table."""
    notes: list[tuple[str, str]] = []
    for message in report.messages:
        colour = "#F0E442" if message.severity == "warning" else FAINT
        notes += [(colour, line) for line in wrap(message.text, 96)][:4]
    if report.vertebrae:
        scale = "loss: height lost against the level's norm and the neighbours; grade by Genant: 1 from 20 %, 2 from 25 %, 3 from 40 %."
        notes += [(FAINT, line) for line in wrap(scale, 96)]
    if report.summary and (report.summary.worst_grade or 0) > 0:
        notes += [(FAINT, line) for line in wrap(MIMICS, 96)]
    return notes


def _foot(draw: ImageDraw.ImageDraw, report: Report, page: _Page) -> None:
    models = ", ".join(f"{stage} {model.sha256[:8]}" for stage, model in report.software.models.items())
    y = page.image.height - MARGIN - LINE_HEIGHT
    draw.text((MARGIN, y), DISCLAIMER, fill="#F0E442", font=_font(18))
    draw.text((MARGIN, y + LINE_HEIGHT - 2), f"endplate {report.software.version}   {models}   norms {report.software.norms}", fill=FAINT, font=_font(14))
