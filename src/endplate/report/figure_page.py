"""The overview's page: its colours, and where its parts lie."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

# Okabe & Ito 2008, safe for colour-blind readers; the grade is also written
GRADE_COLOURS = {0: "#56B4E9", 1: "#F0E442", 2: "#E69F00", 3: "#FF6E4A", None: "#A0A0A0"}
BACKGROUND, INK, FAINT, LINE = "#101214", "#F2F2F2", "#A8ADB3", "#33383D"
MARGIN, GAP, LINE_HEIGHT = 24, 28, 25


@dataclass(frozen=True)
class Page:
    """Where everything lies, in pixels.

    Attributes:
        image: that is drawn on.
        scale: pixels of the two pictures for each of the straightened image's.
        top: of the two pictures and the table.
        left: of each of the two pictures.
        table: its left.
        statement: above them, wrapped to the page.
        tall: height of the two pictures.
        letters: how much larger their words are than usual.
    """

    image: Image.Image
    scale: float
    top: int
    left: tuple[int, int]
    table: int
    statement: tuple[str, ...]
    tall: int
    letters: float

    @property
    def room(self) -> int:
        """Width of the table and the notes."""
        return self.image.width - MARGIN - self.table

    @property
    def panels(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the two pictures with their names, grades, sides and scale."""
        return 0, self.top - LINE_HEIGHT + 1, self.table - GAP // 2, self.top + self.tall + 2 * LINE_HEIGHT - 6
