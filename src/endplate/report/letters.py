"""Letters that the picture's font has: Pillow's own, which comes with it, knows hardly more than English needs."""

from __future__ import annotations

import unicodedata
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
    return bytes(ImageFont.load_default(20).getmask(char))
