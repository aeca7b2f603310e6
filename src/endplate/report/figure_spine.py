"""The overview's two pictures: the straightened image as it is, and with points, height lines, names and grades."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from endplate.report.figure_page import GRADE_COLOURS, INK, Page
from endplate.report.letters import font, length
from endplate.report.report import Entry, PointPairs, Report
from endplate.report.sentence import UNCERTAIN_LEVEL
from endplate.straightening import StraightSpine

Floats = NDArray[np.floating]
WINDOW_HU = (-250.0, 950.0)


def draw_spine(page: Page, report: Report, spine: StraightSpine) -> None:
    """Both pictures with all that stands around them."""
    page.image.paste(grey(spine, page.scale), (page.left[0], page.top))
    _annotated(page, report, spine)
    _sides(ImageDraw.Draw(page.image), page, spine)


def grey(spine: StraightSpine, scale: float) -> Image.Image:
    """The mid-sagittal image in the bone window, ``scale`` output pixels for each of its own."""
    low, high = WINDOW_HU
    image = np.clip((spine.midsagittal_hu - low) / (high - low), 0.0, 1.0) * 255.0
    rows, columns = image.shape
    picture = Image.fromarray(image.astype(np.uint8))
    return picture.resize((round(columns * scale), round(rows * scale)), Image.Resampling.BICUBIC).convert("RGB")


def _annotated(page: Page, report: Report, spine: StraightSpine) -> None:
    picture = grey(spine, page.scale)
    draw, margin = ImageDraw.Draw(picture), ImageDraw.Draw(page.image)
    for entry in report.vertebrae:
        points = (spine.pixel_from_patient(_points(entry.points_lps_mm)) + 0.5) * page.scale
        _vertebra(draw, entry, points, page.letters)
        said = f"grade {entry.grade}" if entry.grade else "" if entry.assessable else "n/a"
        at = (page.left[1] + picture.width + 8, page.top + float(points[..., 0].mean()))
        margin.text(at, said, fill=GRADE_COLOURS[entry.grade], font=font(round(20 * page.letters)), anchor="lm")
    page.image.paste(picture, (page.left[1], page.top))


def _sides(draw: ImageDraw.ImageDraw, page: Page, spine: StraightSpine) -> None:
    """Around the pictures, never on a body: which way they lie (anterior left, head up), and how long 50 mm are."""
    rows, columns = (round(n * page.scale) for n in spine.image_hu.shape[1:])
    left, right, above, below = page.left[1], page.left[1] + columns, page.top - 6, page.top + rows + 6
    for x, y, word, anchor in (
        (left, above, "A", "ls"),
        (right, above, "P", "rs"),
        ((left + right) / 2, above, "head", "ms"),
        ((left + right) / 2, below, "feet", "ma"),
    ):
        draw.text((x, y), word, fill=INK, font=font(20), anchor=anchor)
    x, y, bar = page.left[0], below + 8, 50.0 / spine.pixel_mm * page.scale
    draw.line([(x, y), (x + bar, y)], fill=INK, width=3)
    for end in (x, x + bar):
        draw.line([(end, y - 5), (end, y + 5)], fill=INK, width=3)
    draw.text((x + bar + 10, y), "50 mm", fill=INK, font=font(round(15 * page.letters)), anchor="lm")


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
    x = max(float(points[..., 1].min()) - 10, length(name, size) + 4)
    fill = colour if entry.grade else INK
    draw.text((x, middle), name, fill=fill, font=font(size), anchor="rm", stroke_width=3, stroke_fill="black")


def _line(draw: ImageDraw.ImageDraw, ends: tuple[tuple[float, float], tuple[float, float]], colour: str, dashed: bool) -> None:
    (x0, y0), (x1, y1) = ends
    parts = 9 if dashed else 1
    for i in range(0, parts, 2):
        a, b = i / parts, (i + 1) / parts
        draw.line([(x0 + a * (x1 - x0), y0 + a * (y1 - y0)), (x0 + b * (x1 - x0), y0 + b * (y1 - y0))], fill=colour, width=2)


def _points(pairs: PointPairs) -> Floats:
    return np.array([pairs.anterior, pairs.middle, pairs.posterior])
