"""A chart with two axes as SVG elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Okabe & Ito 2008, safe for colour-blind readers
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
INK, FAINT, GRID, PAPER = "#1A1C1E", "#60666C", "#E3E6E9", "#FFFFFF"
WIDTH, HEIGHT = 960.0, 600.0
LEFT, RIGHT, TOP, BOTTOM = 84.0, 36.0, 92.0, 92.0

Span = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        span: lowest and highest value.
        words: what it shows, with the unit.
        ticks: value and label of each.
    """

    span: Span
    words: str
    ticks: tuple[tuple[float, str], ...]


def axis(span: Span, words: str) -> Axis:
    """An axis with about six round ticks."""
    rough = (span[1] - span[0]) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= rough)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(span[0] / step - 1e-9)
    last = math.floor(span[1] / step + 1e-9)
    return Axis(span, words, tuple((n * step, f"{n * step:.{digits}f}") for n in range(first, last + 1)))


@dataclass(frozen=True)
class Chart:
    """Values -> SVG elements in the frame of two axes.

    Attributes:
        x: horizontal axis.
        y: vertical axis.
    """

    x: Axis
    y: Axis

    def at(self, point: Point) -> Point:
        """Position on the page of a pair of values."""
        (x0, x1), (y0, y1) = self.x.span, self.y.span
        across = LEFT + (point[0] - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (point[1] - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    def line(self, points: Sequence[Point], colour: str, width: float = 1.5, dash: str = "") -> str:
        """A line through values."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.at, points))
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'

    def dot(self, point: Point, colour: str, radius: float = 4.0, opacity: float = 1.0) -> str:
        """A dot at a pair of values."""
        x, y = self.at(point)
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" fill-opacity="{opacity}"/>'

    def box(self, x: Span, y: Span, colour: str) -> str:
        """A pale rectangle with a rim between values."""
        (left, bottom), (right, top) = self.at((x[0], y[0])), self.at((x[1], y[1]))
        place = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{max(bottom - top, 0.5):.1f}"'
        return f'<rect {place} fill="{colour}" fill-opacity="0.25" stroke="{colour}" stroke-width="1.5"/>'

    def words(self, point: Point, said: str, colour: str = INK, anchor: str = "start", lift: float = 0.0) -> str:
        """Words beside a pair of values, lifted by some pixels."""
        x, y = self.at(point)
        return text((x, y - lift), said, 14, colour, anchor)

    def page(self, title: str, subtitle: str, drawn: Sequence[str]) -> str:
        """The whole document: grid, axes, then what was drawn."""
        size = f'width="{WIDTH:.0f}" height="{HEIGHT:.0f}" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="DejaVu Sans, Helvetica, Arial, sans-serif" role="img">'
        paper = f'<title>{escape(title)}</title><rect width="100%" height="100%" fill="{PAPER}"/>'
        titles = [text((LEFT, 38), title, 21, INK), text((LEFT, 64), subtitle, 14, FAINT)]
        return "\n".join([head, paper, *titles, *self._grid(), *drawn, "</svg>"]) + "\n"

    def _grid(self) -> list[str]:
        (x0, x1), (y0, y1) = self.x.span, self.y.span
        parts: list[str] = []
        for value, label in self.x.ticks:
            parts += [self.line([(value, y0), (value, y1)], GRID, 1.0), self.words((value, y0), label, INK, "middle", -22.0)]
        for value, label in self.y.ticks:
            parts += [self.line([(x0, value), (x1, value)], GRID, 1.0)]
            left, height = self.at((x0, value))
            parts += [text((left - 10, height + 5), label, 14, INK, "end")]
        parts.append(self.line([(x0, y1), (x0, y0), (x1, y0)], FAINT, 1.5))
        parts.append(text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 24), self.x.words, 15, INK, "middle"))
        parts.append(_upright((24.0, (TOP + HEIGHT - BOTTOM) / 2), self.y.words))
        return parts


def text(at: Point, said: str, size: float, colour: str = INK, anchor: str = "start") -> str:
    """Words at a place on the page."""
    place = f'x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(said)}</text>"


def legend(entries: Sequence[tuple[str, str]], at: Point) -> list[str]:
    """Colour and words, one under the other, on the page."""
    parts: list[str] = []
    for n, (colour, said) in enumerate(entries):
        y = at[1] + 22 * n
        parts += [f'<rect x="{at[0]:.1f}" y="{y - 10:.1f}" width="12" height="12" fill="{colour}"/>']
        parts += [text((at[0] + 20, y), said, 14)]
    return parts


def _upright(at: Point, said: str) -> str:
    x, y = at
    turned = f'transform="rotate(-90 {x:.1f} {y:.1f})"'
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="15" fill="{INK}" text-anchor="middle" {turned}>{escape(said)}</text>'
