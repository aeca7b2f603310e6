"""The overview: straightened image, points, height lines, names, grades, table. Drawn with Pillow (docs/decisions/0003)."""

from __future__ import annotations

import io
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from endplate.report.letters import drawable
from endplate.report.page_content import with_texts
from endplate.report.panels import PANELS
from endplate.report.report import Entry, Message, PointPairs, Report
from endplate.report.review_words import confirmation, headline, standing
from endplate.report.sentence import MIMICS, UNCERTAIN_LEVEL, density_sentence
from endplate.straightening import StraightSpine

Floats = NDArray[np.floating]
WINDOW_HU = (-250.0, 950.0)
# Okabe & Ito 2008, safe for colour-blind readers; the grade is also written
GRADE_COLOURS = {0: "#56B4E9", 1: "#F0E442", 2: "#E69F00", 3: "#FF6E4A", None: "#A0A0A0"}
BACKGROUND, INK, FAINT, LINE = "#101214", "#F2F2F2", "#A8ADB3", "#33383D"
MARGIN, GAP, TABLE_WIDTH, LINE_HEIGHT = 24, 28, 760, 25
USUAL_WIDTH = 350
"""Of one of the two pictures; beside a wider one, words are larger, so that they can still be read where both are shown small."""
GRADE_WIDTH = 84
"""Beside the annotated picture, for ``grade 3``: inside it, the label would lie on the bodies or be cut."""
LEAST_WIDTH, STATEMENT_SIZE, NOTE_SIZE, ROW_SIZE, LEAST_SIZE = 1200, 21, 15, 18, 12
MOST_LINES, MOST_CHARACTERS = 6, 1500
"""Of one message below the table, and above it; the whole of it stands in ``report.json``."""
MORE = "... the whole message stands in report.json"
RESEARCH = "Research use only - not a medical device."


def overview_png(report: Report, spine: StraightSpine | None) -> bytes:
    """The overview as the bytes of a PNG; a text chunk says where in it the spine lies (``report/panels.py``)."""
    page = _drawn(report, spine)
    notes = PngImagePlugin.PngInfo()
    if spine is not None:
        notes.add_text(PANELS, " ".join(map(str, page.panels)))
    stream = io.BytesIO()
    page.image.save(stream, "PNG", compress_level=3, pnginfo=notes)
    return stream.getvalue()


def overview(report: Report, spine: StraightSpine | None) -> Image.Image:
    """The overview picture; without a spine, a page that says why."""
    return _drawn(report, spine).image


def _drawn(given: Report, spine: StraightSpine | None) -> _Page:
    report = with_texts(given, drawable)
    page = _Page.of(report, spine)
    draw = ImageDraw.Draw(page.image)
    _head(draw, report, page)
    if spine is not None:
        page.image.paste(_grey(spine, page.scale), (page.left[0], page.top))
        _annotated(page, report, spine)
        _sides(draw, page, spine)
    _table(draw, report, page)
    _foot(draw, report, page)
    return page


@dataclass(frozen=True)
class _Page:
    image: Image.Image
    scale: float  # output pixels per image pixel
    top: int
    left: tuple[int, int]  # of the two pictures
    table: int
    statement: tuple[str, ...]  # wrapped to the page
    tall: int  # of the two pictures
    letters: float  # how much larger their words are than usual

    @property
    def room(self) -> int:
        """Width of the table and the notes."""
        return self.image.width - MARGIN - self.table

    @property
    def panels(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the two pictures with their names, grades, sides and scale."""
        return 0, self.top - LINE_HEIGHT + 1, self.table - GAP // 2, self.top + self.tall + 2 * LINE_HEIGHT - 6

    @classmethod
    def of(cls, report: Report, spine: StraightSpine | None) -> _Page:
        rows, columns = spine.image_hu.shape[1:] if spine is not None else (0, 0)
        scale = float(np.clip(1150.0 / max(rows, 1), 2.0, 4.5))
        wide, tall = round(columns * scale), round(rows * scale)
        letters = float(np.clip(wide / USUAL_WIDTH, 1.0, 1.8))
        second = MARGIN + wide + GAP
        table = second + wide + round(GRADE_WIDTH * letters) + GAP if spine is not None else MARGIN
        width = max(table + TABLE_WIDTH + MARGIN, LEAST_WIDTH)
        statement = wrap(_statement(report), width - 2 * MARGIN, STATEMENT_SIZE)
        top = MARGIN + LINE_HEIGHT * max(len(statement) + 2, 4)
        lines = len(report.vertebrae) + len(_notes(report, width - MARGIN - table)) + 4
        height = top + max(tall, lines * LINE_HEIGHT) + 3 * LINE_HEIGHT + MARGIN
        blank = Image.new("RGB", (width, height), BACKGROUND)
        return cls(blank, scale, top, (MARGIN, second), table, tuple(statement), tall, letters)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _grey(spine: StraightSpine, scale: float) -> Image.Image:
    low, high = WINDOW_HU
    image = np.clip((spine.midsagittal_hu - low) / (high - low), 0.0, 1.0) * 255.0
    rows, columns = image.shape
    picture = Image.fromarray(image.astype(np.uint8))
    return picture.resize((round(columns * scale), round(rows * scale)), Image.Resampling.BICUBIC).convert("RGB")


def _annotated(page: _Page, report: Report, spine: StraightSpine) -> None:
    picture = _grey(spine, page.scale)
    draw, margin = ImageDraw.Draw(picture), ImageDraw.Draw(page.image)
    for entry in report.vertebrae:
        points = (spine.pixel_from_patient(_points(entry.points_lps_mm)) + 0.5) * page.scale
        _vertebra(draw, entry, points, page.letters)
        said = f"grade {entry.grade}" if entry.grade else "" if entry.assessable else "n/a"
        at = (page.left[1] + picture.width + 8, page.top + float(points[..., 0].mean()))
        margin.text(at, said, fill=GRADE_COLOURS[entry.grade], font=_font(round(20 * page.letters)), anchor="lm")
    page.image.paste(picture, (page.left[1], page.top))


def _sides(draw: ImageDraw.ImageDraw, page: _Page, spine: StraightSpine) -> None:
    """Around the pictures, never on a body: which way they lie (anterior left, head up), and how long 50 mm are."""
    rows, columns = (round(n * page.scale) for n in spine.image_hu.shape[1:])
    left, right, above, below = page.left[1], page.left[1] + columns, page.top - 6, page.top + rows + 6
    for x, y, word, anchor in (
        (left, above, "A", "ls"),
        (right, above, "P", "rs"),
        ((left + right) / 2, above, "head", "ms"),
        ((left + right) / 2, below, "feet", "ma"),
    ):
        draw.text((x, y), word, fill=INK, font=_font(20), anchor=anchor)
    x, y, bar = page.left[0], below + 8, 50.0 / spine.pixel_mm * page.scale
    draw.line([(x, y), (x + bar, y)], fill=INK, width=3)
    for end in (x, x + bar):
        draw.line([(end, y - 5), (end, y + 5)], fill=INK, width=3)
    draw.text((x + bar + 10, y), "50 mm", fill=INK, font=_font(round(15 * page.letters)), anchor="lm")


def _vertebra(draw: ImageDraw.ImageDraw, entry: Entry, points: Floats, letters: float) -> None:
    """Lines, points and name of one body; points (3, 2, 2) as (row, column) of the picture."""
    colour = GRADE_COLOURS[entry.grade]
    xy = [[(float(p[1]), float(p[0])) for p in pair] for pair in points]
    for a, b in xy:
        _line(draw, (a, b), colour, dashed=not entry.assessable)
    for end in (0, 1):
        draw.line([xy[0][end], xy[1][end], xy[2][end]], fill=colour, width=1)
    for x, y in (p for pair in xy for p in pair):
        shape = draw.rectangle if entry.set_by_reader else draw.ellipse
        shape([x - 3, y - 3, x + 3, y + 3], fill=colour, outline="black")
    middle = float(points[:, :, 0].mean())
    name = f"{entry.level or '?'}{'?' if entry.level_confidence < UNCERTAIN_LEVEL else ''}"
    size = round((20 if entry.grade else 17) * letters)
    x = max(float(points[..., 1].min()) - 10, _length(name, size) + 4)
    fill = colour if entry.grade else INK
    draw.text((x, middle), name, fill=fill, font=_font(size), anchor="rm", stroke_width=3, stroke_fill="black")


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
    said = " ".join(_readable(m.text) for m in report.messages if _is_reason(report, m))
    if report.status == "refused":
        return f"Refused: {said}"
    return said[:1].upper() + said[1:] or "No spine was found."


def _readable(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} {MORE}"


def _is_reason(report: Report, message: Message) -> bool:
    """Whether a message already stands at the top of the page."""
    return report.summary is None and (message.severity == "error" or message.code == "no_spine")


def _length(text: str, size: int) -> float:
    return _font(size).getlength(text)


def wrap(text: str, width_px: float, size: int) -> list[str]:
    """Lines of at most ``width_px`` in a font of this size, broken between words; a longer word is broken anywhere."""
    lines = [""]
    for word in text.split():
        rest = f"{lines[-1]} {word}".strip()
        if lines[-1] and _length(rest, size) > width_px:
            lines.append("")
            rest = word
        while _length(rest, size) > width_px and len(rest) > 1:
            fits = _fitting(rest, width_px, size)
            lines[-1] = rest[:fits]
            lines.append("")
            rest = rest[fits:]
        lines[-1] = rest
    return lines


def _fitting(text: str, width_px: float, size: int) -> int:
    """How many of a text's characters fit, at least one."""
    return max(bisect_right(range(1, len(text)), width_px, key=lambda n: _length(text[:n], size)), 1)


def shortened(text: str, width_px: float, size: int) -> str:
    """The text, or its beginning and end where it is longer than ``width_px``."""
    one_line = " ".join(text.split())
    if _length(one_line, size) <= width_px:
        return one_line

    def kept(n: int) -> str:
        return f"{one_line[: n - n // 2]}...{one_line[len(one_line) - n // 2 :]}"

    return kept(max(bisect_right(range(len(one_line)), width_px, key=lambda n: _length(kept(n), size)) - 1, 0))


def _head(draw: ImageDraw.ImageDraw, report: Report, page: _Page) -> None:
    room = page.image.width - 2 * MARGIN
    state = shortened(headline(report.review), 0.7 * room, 20) if report.review else ""
    draw.text((page.image.width - MARGIN, MARGIN - 6), state, fill=INK, font=_font(20), anchor="ra")
    name = shortened(f"endplate {report.source.name}", room - _length(state, 20) - GAP, 20)
    draw.text((MARGIN, MARGIN - 6), name, fill=FAINT, font=_font(20))
    worst = report.summary.worst_grade if report.summary else None
    colour = GRADE_COLOURS[worst] if worst else INK
    for i, line in enumerate(page.statement):
        draw.text((MARGIN, MARGIN + LINE_HEIGHT * (i + 1)), line, fill=colour, font=_font(STATEMENT_SIZE))


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
    for colour, line in _notes(report, page.room):
        draw.text((page.table, y), line, fill=colour, font=_font(NOTE_SIZE))
        y += LINE_HEIGHT - 5


def _row(draw: ImageDraw.ImageDraw, entry: Entry, at: tuple[int, int], report: Report) -> None:
    x, y = at
    worst = report.summary is not None and entry.level == report.summary.worst_level and bool(entry.grade)
    if worst:
        draw.rectangle([x - 6, y - 2, x + TABLE_WIDTH, y + LINE_HEIGHT - 4], fill="#3A2A1E")
    colour = GRADE_COLOURS[entry.grade] if entry.grade or not entry.assessable else INK
    h = entry.heights_mm
    cells = [
        f"{entry.level or '?'}{' ?' if entry.level_confidence < UNCERTAIN_LEVEL else ''}",
        *(f"{v:.1f}" for v in (h.anterior, h.middle, h.posterior)),
    ]
    cells.append(f"{entry.genant_index:.2f}")
    if entry.loss is not None and entry.loss_interval_95 is not None:
        low, high = (100 * v for v in entry.loss_interval_95)
        name = f"{entry.grade} {entry.shape}" if entry.grade else "0"
        name += " *" if entry.weak_norm else ""
        cells += [f"{100 * entry.loss:.0f}", f"{low:.0f}-{high:.0f}", name]
    else:
        cells += [f"not assessed: {entry.reason}"]
    ends = [offset for _, offset in COLUMNS[1 : len(cells)]] + [TABLE_WIDTH]
    for text, (_, offset), end in zip(cells, COLUMNS, ends, strict=False):
        size = _size_for(text, end - offset)
        draw.text((x + offset, y + ROW_SIZE - size), text, fill=colour, font=_font(size))


def _size_for(text: str, width_px: int) -> int:
    """The largest font in which a cell of the table fits."""
    return next((size for size in range(ROW_SIZE, LEAST_SIZE, -1) if _length(text, size) <= width_px), LEAST_SIZE)


def _notes(report: Report, width_px: int) -> list[tuple[str, str]]:
    """Colours and lines below the table."""
    notes: list[tuple[str, str]] = [(INK, line) for line in wrap(_reviewed(report), width_px, NOTE_SIZE) if line]
    for message in (m for m in report.messages if not _is_reason(report, m)):
        colour = "#F0E442" if message.severity == "warning" else FAINT
        lines = wrap(_readable(message.text), width_px, NOTE_SIZE)
        if len(lines) > MOST_LINES:
            lines = [*lines[: MOST_LINES - 1], MORE]
        notes += [(colour, line) for line in lines]
    if report.summary and report.summary.density:
        notes += [(INK, line) for line in wrap(density_sentence(report.summary.density), width_px, NOTE_SIZE)]
    if report.vertebrae:
        scale = (
            "loss: height lost against the level's norm and the neighbours; grade by Genant: 1 from 20 %, 2 from 25 %, 3 from 40 %."
        )
        notes += [(FAINT, line) for line in wrap(scale, width_px, NOTE_SIZE)]
    if any(e.weak_norm for e in report.vertebrae):
        notes.append((FAINT, "* the norm of this level rests on few bodies."))
    if report.summary and (report.summary.worst_grade or 0) > 0:
        notes += [(FAINT, line) for line in wrap(MIMICS, width_px, NOTE_SIZE)]
    return notes


def _reviewed(report: Report) -> str:
    """Which bodies a reader set, which names are confirmed; the edits stand in the page and in ``report.json``."""
    by_reader = ", ".join(e.level or "unnamed level" for e in report.vertebrae if e.set_by_reader)
    bodies = f"Set by the reader, square points: {by_reader}." if by_reader else ""
    return " ".join(filter(None, (bodies, confirmation(report.review) if report.review else "")))


def _foot(draw: ImageDraw.ImageDraw, report: Report, page: _Page) -> None:
    models = ", ".join(f"{stage} {model.sha256[:8]}" for stage, model in report.software.models.items())
    y = page.image.height - MARGIN - LINE_HEIGHT
    draw.text((MARGIN, y), f"{RESEARCH} {standing(report.review)}.", fill="#F0E442", font=_font(18))
    used = "; ".join(filter(None, (f"endplate {report.software.version}", models, f"norms {report.software.norms}")))
    line = shortened(used, page.image.width - 2 * MARGIN, 14)
    draw.text((MARGIN, y + LINE_HEIGHT - 2), line, fill=FAINT, font=_font(14))
