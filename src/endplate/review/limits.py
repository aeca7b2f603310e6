"""What the values of a review document may be; each check names the field and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.report.review_state import Decision

Floats = NDArray[np.floating]
TEXT = 1_000_000
"""Characters of a whole document."""
VERTEBRAE = 40
COMMENT = 4000
READER = 128
REASON = 200
FARTHEST_MM = 10_000.0
"""Of a coordinate from the scanner's origin."""
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHOWN = 120


def short(value: Any, quoted: bool = True) -> str:
    """A value as a message shows it, cut where it is long."""
    text = repr(value) if quoted else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def keys(kind: Any) -> list[str]:
    """Names of a dataclass's fields."""
    return [f.name for f in fields(kind)]


@cache
def types_of(kind: Any) -> dict[str, Any]:
    """Types of a dataclass's fields."""
    return get_type_hints(kind)


def parsed(text: str | bytes) -> Any:
    """A document's content from its JSON, in UTF-8 where it is bytes: not too long, not too deep, its numbers finite."""
    try:
        text = text if isinstance(text, str) else text.decode("utf-8")
        if len(text) <= TEXT:
            return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("review: expected JSON of a few levels, got one that is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"review: {error}; expected JSON in UTF-8") from None
    raise ValueError(f"review: expected at most {TEXT} characters, got {len(text)}")


def check_keys(where: str, content: Any, kind: Any) -> None:
    """An object with all of a dataclass's fields and no other: a misspelt key must not pass for a default."""
    if not isinstance(content, Mapping):
        raise ValueError(f"{where or 'review'}: expected an object, got {short(content)}")
    missing = [f.name for f in fields(kind) if f.default is MISSING and f.name not in content]
    unknown = [str(k) for k in content if k not in keys(kind)]
    if missing or unknown:
        said = f"missing {', '.join(missing)}" if missing else f"unknown {short(', '.join(unknown), quoted=False)}"
        raise ValueError(f"{where or 'review'}: expected the keys {', '.join(keys(kind))}; {said}")


def check_count(count: int) -> None:
    """As many vertebrae as a spine can have, with room."""
    if count > VERTEBRAE:
        raise ValueError(f"vertebrae: expected at most {VERTEBRAE}, got {count}")


def check_head(version: int, sign: tuple[str, str | None, str | None], comment: str) -> None:
    """Version, decision with reader and time, comment."""
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version < 2**31:
        raise ValueError(f"version: expected an integer from 1, got {short(version)}")
    _check_text("comment", comment, COMMENT, lines=True)
    decision, reader, signed_at = sign
    if decision not in get_args(Decision):
        raise ValueError(f"decision: expected one of {', '.join(get_args(Decision))}, got {short(decision)}")
    if decision == "draft":
        for name, value in (("reader", reader), ("signed_at", signed_at)):
            if value is not None:
                raise ValueError(f"{name}: expected null in a draft, got {short(value)}")
        return
    _check_text("reader", reader, READER)
    if not str(reader).strip():
        raise ValueError(f"reader: expected the name of who decided {decision!r}, got an empty one")
    _check_time(signed_at)


def _check_time(signed_at: str | None) -> None:
    try:
        offset = datetime.fromisoformat(signed_at or "").utcoffset()
    except (ValueError, TypeError):
        offset = None
    if offset is None:
        raise ValueError(f"signed_at: expected ISO 8601 with an offset such as 2026-01-31T14:05:00+00:00, got {short(signed_at)}")


def check_vertebra(where: str, facts: tuple[str, str | None, int | None, str | None], points_mm: Floats) -> None:
    """Id, level, index of the model's vertebra, reason against it; six points (3, 2, 3)."""
    name, level, index, reason = facts
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise ValueError(f"{where}.id: expected 1 to 64 letters, digits, - or _, got {short(name)}")
    if level is not None and level not in levels.ALL:
        raise ValueError(f"{where}.level: expected null or one of {', '.join(levels.ALL)}, got {short(level)}")
    if index is not None and (isinstance(index, bool) or not isinstance(index, int) or index < 0):
        raise ValueError(f"{where}.model_index: expected null or an index from 0, got {short(index)}")
    if reason is not None:
        _check_text(f"{where}.not_assessable", reason, REASON)
        if not reason.strip():
            raise ValueError(f"{where}.not_assessable: expected null or a reason, got an empty one")
    if points_mm.shape != (3, 2, 3) or not np.isfinite(points_mm).all() or np.abs(points_mm).max() > FARTHEST_MM:
        raise ValueError(f"{where}.points_lps_mm: expected six points of finite numbers within {FARTHEST_MM:.0f} mm of the origin")


def check_confirmed(where: str, level: str | None, confirmed: bool) -> None:
    """Only a name can be confirmed."""
    if not isinstance(confirmed, bool):
        raise ValueError(f"{where}.level_confirmed: expected true or false, got {short(confirmed)}")
    if confirmed and level is None:
        raise ValueError(f"{where}.level_confirmed: expected false where level is null, got true; name the vertebra first")


def check_unique(field: str, values: Sequence[Any]) -> None:
    """No value twice."""
    twice = [v for i, v in enumerate(values) if v in values[:i]]
    if twice:
        raise ValueError(f"vertebrae: expected each {field} once, got {short(twice[0])} twice")


def check_order(points_mm: Sequence[Floats]) -> None:
    """Bodies (3, 2, 3) from head to feet by the height z of their centres."""
    z = [float(p[..., 2].mean()) for p in points_mm]
    for i, (upper, lower) in enumerate(pairwise(z)):
        if upper <= lower:
            raise ValueError(
                f"vertebrae[{i + 1}].points_lps_mm: expected vertebrae head to feet, got a centre at z {lower:.1f} mm "
                f"after one at {upper:.1f} mm"
            )


def check_names(names: Sequence[str | None]) -> None:
    """The level names of a signed review run from head to feet, none twice."""
    known = [n for n in names if n is not None]
    for upper, lower in pairwise(known):
        if levels.order(upper) >= levels.order(lower):
            raise ValueError(f"vertebrae: expected level names head to feet in a signed review, got {lower} below {upper}")


def _check_text(field: str, value: Any, most: int, lines: bool = False) -> None:
    if not isinstance(value, str) or len(value) > most:
        got = f"{len(value)} characters" if isinstance(value, str) else short(value)
        raise ValueError(f"{field}: expected text of at most {most} characters, got {got}")
    # control characters and lone halves of surrogate pairs break files and pages
    odd = [c for c in value if (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000) and not (lines and c in "\n\t")]
    if odd:
        raise ValueError(f"{field}: expected text without control characters, got {odd[0]!r}")


def _no_constant(name: str) -> float:
    raise ValueError(f"expected finite numbers, got {name}")
