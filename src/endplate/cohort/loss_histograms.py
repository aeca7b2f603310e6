"""Histograms of height loss, one per level, as the quality page draws them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from endplate.anatomy import levels
from endplate.morphometry.genant import LOSS_OF_GRADE
from endplate.report.report import Entry

BIN = 0.05
"""Width of a bar: the thresholds of the grades lie on edges of bars."""
BINS = 12
"""The last one holds everything from 55 % on."""
UNNAMED = "unnamed"
WIDTH, HEIGHT = 168, 32
"""Of a drawing, in CSS pixels."""


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        x: left edge in pixels.
        y: upper edge in pixels.
        width: in pixels.
        height: in pixels.
        text: what it says.
        grade: Genant grade of the losses in it.
    """

    x: float
    y: float
    width: float
    height: float
    text: str
    grade: int


@dataclass(frozen=True)
class Histogram:
    """One level.

    Attributes:
        level: name.
        bodies: how many were assessed.
        median: of the losses, per cent.
        fractures: how many lost 25 % or more.
        bars: left to right.
    """

    level: str
    bodies: int
    median: str
    fractures: int
    bars: tuple[Bar, ...]


class Losses:
    """Losses of assessed bodies by level, added scan by scan; four bytes a body."""

    def __init__(self) -> None:
        self._found: dict[str, array[float]] = {}

    def add(self, entries: Iterable[Entry]) -> None:
        """Adds the bodies of one scan."""
        for entry in entries:
            if entry.loss is not None:
                level = entry.level if entry.level in levels.ALL else UNNAMED
                self._found.setdefault(level, array("f")).append(entry.loss)

    def histograms(self) -> tuple[Histogram, ...]:
        """Head to feet."""
        order = (*levels.ALL, UNNAMED)
        return tuple(_histogram(level, self._found[level]) for level in order if level in self._found)


def threshold_lines() -> tuple[tuple[float, int], ...]:
    """Where the thresholds of the grades lie in a drawing, in pixels, and what they are, in per cent."""
    return tuple((round(t / BIN) * WIDTH / BINS, round(100 * t)) for t in LOSS_OF_GRADE)


def _histogram(level: str, losses: array[float]) -> Histogram:
    counts = [0] * BINS
    for loss in losses:
        counts[min(max(int(loss / BIN + 1e-4), 0), BINS - 1)] += 1
    tallest = max(counts)
    bars = tuple(_bar(i, n, n / tallest) for i, n in enumerate(counts) if n)
    fractures = sum(loss + 1e-6 >= LOSS_OF_GRADE[1] for loss in losses)
    return Histogram(level, len(losses), f"{100 * median(losses):.0f} %", fractures, bars)


def _bar(place: int, count: int, share: float) -> Bar:
    low, step = round(100 * place * BIN), WIDTH / BINS
    span = f"{low} % and more" if place == BINS - 1 else f"below {low + 5} %" if place == 0 else f"{low} to {low + 5} %"
    height = max(HEIGHT * share, 2.0)
    grade = sum(place * BIN + 1e-9 >= t for t in LOSS_OF_GRADE)
    text = f"{span}: {count} {'body' if count == 1 else 'bodies'}"
    return Bar(round(place * step + 0.5, 1), round(HEIGHT - height, 1), round(step - 1, 1), round(height, 1), text, grade)
