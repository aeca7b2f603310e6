from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from endplate.report.letters import drawable


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("T8, 31 %", "T8, 31 %"),
        ("Größe", "Grosse"),
        ("Łódź Ångström", "Lodz Angstrom"),
        ("脊椎", "??"),
        ("Nuñez e\u0301", "Nunez e"),
    ],
)
def test_what_the_font_lacks_is_spelt_with_what_it_has(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


@given(st.text(max_size=30))
def test_any_text_can_be_drawn(text: str) -> None:
    missing = bytes(ImageFont.load_default(20).getmask("\uffff"))
    assert not [c for c in drawable(text) if not c.isascii() and bytes(ImageFont.load_default(20).getmask(c)) == missing]
