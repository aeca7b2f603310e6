"""All level names moved by one: the correction that a wrong count asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from endplate.anatomy import levels
from endplate.review.document import Review


def shifted(review: Review, by: int) -> Review:
    """The same bodies with every level name moved by one; unnamed ones stay so.

    What a reader confirmed was the name before: none stays confirmed. A person's numeric variant stays: where a T13 or L6 is among
    the names it is counted, otherwise not.

    Args:
        review: any.
        by: 1 towards the feet (T8 becomes T9), -1 towards the head.

    Raises:
        ValueError: if ``by`` is neither, or a name would leave C1 to S1.

    >>> neighbours_name("T12", 1, ["T11", "T12"]), neighbours_name("T12", 1, ["T12", "T13"])
    ('L1', 'T13')
    """
    if by not in (1, -1):
        raise ValueError(f"by: expected 1 (towards the feet) or -1 (towards the head), got {by!r}")
    present = [v.level for v in review.vertebrae if v.level is not None]
    moved = {name: neighbours_name(name, by, present) for name in present}
    gone = [name for name, new in moved.items() if new is None]
    if gone:
        raise ValueError(f"by: expected names to stay within C1 to S1, but {gone[0]} would leave them; rename or delete it first")
    renamed = (replace(v, level=moved[v.level], level_confirmed=False) if v.level else v for v in review.vertebrae)
    return replace(review, vertebrae=tuple(renamed))


def neighbours_name(level: str, by: int, present: Sequence[str]) -> str | None:
    """The name ``by`` steps towards the feet, variants counted only where they are ``present``; None beyond C1 or S1."""
    names = [n for n in levels.ALL if n in levels.USUAL or n in present]
    at = names.index(level) + by
    return names[at] if 0 <= at < len(names) else None
