"""The straightened spine alone, cut out of the overview: pages that have their own text and table show that."""

from __future__ import annotations

import io

from PIL import Image

PANELS = "endplate:panels"
"""Keyword of the PNG's text chunk with left, top, right and bottom of the spine's pictures in pixels."""


def panels_png(overview_png: bytes) -> bytes:
    """The part of an overview that shows the spine; any other picture as it is."""
    with Image.open(io.BytesIO(overview_png)) as picture:
        box = panels_box(picture)
        if box is None:
            return overview_png
        stream = io.BytesIO()
        picture.crop(box).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def has_panels(overview_png: bytes) -> bool:
    """Whether an overview says where the spine is; an empty one does not."""
    if not overview_png:
        return False
    with Image.open(io.BytesIO(overview_png)) as picture:
        return panels_box(picture) is not None


def panels_box(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the part of an opened overview that shows the spine; None where it does not say."""
    return _box(str(picture.info.get(PANELS, "")), picture.size)


def _box(text: str, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    numbers = text.split()
    if len(numbers) != 4 or not all(n.isdecimal() for n in numbers):
        return None
    left, top, right, bottom = (int(n) for n in numbers)
    inside = left < right <= size[0] and top < bottom <= size[1]
    return (left, top, right, bottom) if inside else None
