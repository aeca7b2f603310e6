"""The picture's font: Pillow's own, which comes with it, knows hardly more letters than English needs; text that fits a width."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import cache

from PIL import ImageFont

_SPELT = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"})
_NO_CHARACTER = "\uffff"


def drawable(text: str) -> str:
    """The text with each letter that the font lacks written as its nearest one, or as a question mark.

    >>> drawable("Größe, Łukasz, 5 %, 脊")
    'Grosse, Lukasz, 5 %, ?'
    """
    return text if text.isascii() else "".join(_nearest(c) for c in text)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font in this size in pixels."""
    return ImageFont.load_default(size)


def length(text: str, size: int) -> float:
    """Width of a text in pixels."""
    return font(size).getlength(text)


def wrap(text: str, width_px: float, size: int) -> list[str]:
    """Lines of at most ``width_px`` in a font of this size, broken between words; a longer word is broken anywhere."""
    lines = [""]
    for word in text.split():
        rest = f"{lines[-1]} {word}".strip()
        if lines[-1] and length(rest, size) > width_px:
            lines.append("")
            rest = word
        while length(rest, size) > width_px and len(rest) > 1:
            fits = _fitting(rest, width_px, size)
            lines[-1] = rest[:fits]
            lines.append("")
            rest = rest[fits:]
        lines[-1] = rest
    return lines


def shortened(text: str, width_px: float, size: int) -> str:
    """The text, or its beginning and end where it is longer than ``width_px``."""
    one_line = " ".join(text.split())
    if length(one_line, size) <= width_px:
        return one_line

    def kept(n: int) -> str:
        return f"{one_line[: n - n // 2]}...{one_line[len(one_line) - n // 2 :]}"

    return kept(max(bisect_right(range(len(one_line)), width_px, key=lambda n: length(kept(n), size)) - 1, 0))


def _fitting(text: str, width_px: float, size: int) -> int:
    """How many of a text's characters fit, at least one."""
    return max(bisect_right(range(1, len(text)), width_px, key=lambda n: length(text[:n], size)), 1)


@cache
def _nearest(char: str) -> str:
    if _is_drawn(char):
        return char
    spelt = unicodedata.normalize("NFKD", char.translate(_SPELT))
    bare = "".join(c for c in spelt if not unicodedata.combining(c))
    return bare if bare.isascii() else "?"


@cache
def _is_drawn(char: str) -> bool:
    return char.isascii() or _shape(char) != _shape(_NO_CHARACTER)


def _shape(char: str) -> bytes:
    return bytes(font(20).getmask(char))
