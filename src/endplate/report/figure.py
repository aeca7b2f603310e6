"""The overview: straightened image, points, height lines, names, grades, table. Drawn with Pillow (docs/decisions/0003)."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, PngImagePlugin

from endplate.report.figure_page import BACKGROUND, FAINT, GAP, GRADE_COLOURS, INK, LINE, LINE_HEIGHT, MARGIN, Page
from endplate.report.figure_spine import draw_spine
from endplate.report.letters import drawable, font, length, shortened, wrap
from endplate.report.page_content import with_texts
from endplate.report.panels import PANELS
from endplate.report.report import Entry, Message, Report
from endplate.report.review_words import confirmation, headline, standing
from endplate.report.sentence import MIMICS, UNCERTAIN_LEVEL, density_sentence
from endplate.straightening import StraightSpine

TABLE_WIDTH = 760
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


def _drawn(given: Report, spine: StraightSpine | None) -> Page:
    report = with_texts(given, drawable)
    page = _page_of(report, spine)
    draw = ImageDraw.Draw(page.image)
    _head(draw, report, page)
    if spine is not None:
        draw_spine(page, report, spine)
    _table(draw, report, page)
    _foot(draw, report, page)
    return page


def _page_of(report: Report, spine: StraightSpine | None) -> Page:
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
    return Page(blank, scale, top, (MARGIN, second), table, tuple(statement), tall, letters)


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


def _head(draw: ImageDraw.ImageDraw, report: Report, page: Page) -> None:
    room = page.image.width - 2 * MARGIN
    state = shortened(headline(report.review), 0.7 * room, 20) if report.review else ""
    draw.text((page.image.width - MARGIN, MARGIN - 6), state, fill=INK, font=font(20), anchor="ra")
    name = shortened(f"endplate {report.source.name}", room - length(state, 20) - GAP, 20)
    draw.text((MARGIN, MARGIN - 6), name, fill=FAINT, font=font(20))
    worst = report.summary.worst_grade if report.summary else None
    colour = GRADE_COLOURS[worst] if worst else INK
    for i, line in enumerate(page.statement):
        draw.text((MARGIN, MARGIN + LINE_HEIGHT * (i + 1)), line, fill=colour, font=font(STATEMENT_SIZE))


COLUMNS = (("level", 0), ("Ha mm", 110), ("Hm mm", 185), ("Hp mm", 260), ("G", 330), ("loss %", 400), ("95 %", 480), ("grade", 560))


def _table(draw: ImageDraw.ImageDraw, report: Report, page: Page) -> None:
    y = page.top
    if report.vertebrae:
        for word, x in COLUMNS:
            draw.text((page.table + x, y), word, fill=FAINT, font=font(17))
        y += LINE_HEIGHT
        draw.line([(page.table, y - 3), (page.table + TABLE_WIDTH, y - 3)], fill=LINE)
    for entry in report.vertebrae:
        _row(draw, entry, (page.table, y), report)
        y += LINE_HEIGHT
    y += LINE_HEIGHT // 2
    for colour, line in _notes(report, page.room):
        draw.text((page.table, y), line, fill=colour, font=font(NOTE_SIZE))
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
        draw.text((x + offset, y + ROW_SIZE - size), text, fill=colour, font=font(size))


def _size_for(text: str, width_px: int) -> int:
    """The largest font in which a cell of the table fits."""
    return next((size for size in range(ROW_SIZE, LEAST_SIZE, -1) if length(text, size) <= width_px), LEAST_SIZE)


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


def _foot(draw: ImageDraw.ImageDraw, report: Report, page: Page) -> None:
    models = ", ".join(f"{stage} {model.sha256[:8]}" for stage, model in report.software.models.items())
    y = page.image.height - MARGIN - LINE_HEIGHT
    draw.text((MARGIN, y), f"{RESEARCH} {standing(report.review)}.", fill="#F0E442", font=font(18))
    used = "; ".join(filter(None, (f"endplate {report.software.version}", models, f"norms {report.software.norms}")))
    line = shortened(used, page.image.width - 2 * MARGIN, 14)
    draw.text((MARGIN, y + LINE_HEIGHT - 2), line, fill=FAINT, font=font(14))
