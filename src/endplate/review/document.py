"""A review document: what a reader makes of the vertebrae of one report (schema ``endplate-review/1``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import COLUMNS, Vertebra
from endplate.morphometry.measure import reason_against
from endplate.morphometry.norms import shipped
from endplate.report import schema
from endplate.report.report import Entry, PointPairs, Report
from endplate.report.review_state import Decision
from endplate.review import limits

SCHEMA: Literal["endplate-review/1"] = "endplate-review/1"
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class ReviewVertebra:
    """One vertebra as the reader leaves it.

    Attributes:
        id: stable over all versions of the review; letters, digits, ``-`` and ``_``.
        level: name such as ``T8``, or None where unknown.
        points_lps_mm: the six points, LPS mm.
        model_index: index in the report's ``vertebrae`` of the one that it came from; None where the reader added it.
        not_assessable: why it must not be graded, in the reader's or the model's words; None where it may be.
        level_confirmed: whether the reader says that this very name is right; a name that is changed is no longer confirmed.
    """

    id: str
    level: str | None
    points_lps_mm: PointPairs
    model_index: int | None
    not_assessable: str | None = None
    level_confirmed: bool = False

    @property
    def points_mm(self) -> Floats:
        """The six points (3, 2, 3): column x endplate x LPS mm."""
        return points_of(self.points_lps_mm)


@dataclass(frozen=True)
class Review:
    """A review of one report; model vertebrae that none of ``vertebrae`` refers to were deleted by the reader.

    Attributes:
        schema: ``endplate-review/1``.
        version: from 1; each save makes the next.
        decision: ``draft`` until a reader has signed.
        reader: name of who signed; None in a draft.
        signed_at: ISO 8601 with its offset from UTC; None in a draft.
        comment: the reader's own words.
        vertebrae: head to feet.

    Raises:
        ValueError: if a value is outside what it may be; the message names the field and what was expected.
    """

    schema: Literal["endplate-review/1"]
    version: int
    decision: Decision
    reader: str | None
    signed_at: str | None
    comment: str
    vertebrae: tuple[ReviewVertebra, ...]

    def __post_init__(self) -> None:
        limits.check_head(self.version, (self.decision, self.reader, self.signed_at), self.comment)
        limits.check_count(len(self.vertebrae))
        for i, v in enumerate(self.vertebrae):
            limits.check_vertebra(f"vertebrae[{i}]", (v.id, v.level, v.model_index, v.not_assessable), v.points_mm)
            limits.check_confirmed(f"vertebrae[{i}]", v.level, v.level_confirmed)
        limits.check_unique("id", [v.id for v in self.vertebrae])
        limits.check_unique("model_index", [v.model_index for v in self.vertebrae if v.model_index is not None])
        limits.check_order([v.points_mm for v in self.vertebrae])
        if self.is_signed:
            limits.check_names([v.level for v in self.vertebrae])

    @property
    def is_signed(self) -> bool:
        """Whether a reader has decided."""
        return self.decision != "draft"

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return asdict(self)

    def to_json(self) -> str:
        """The content of ``review.json``."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Review:
        """A review from plain types.

        Raises:
            ValueError: if it is not an ``endplate-review/1``; the message names the field and what was expected.
        """
        found = content.get("schema") if isinstance(content, Mapping) else None
        if found != SCHEMA:
            raise ValueError(f"schema: expected {SCHEMA!r}, got {limits.short(found)}")
        limits.check_keys("", content, cls)
        entries = content["vertebrae"]
        if not isinstance(entries, list | tuple):
            raise ValueError(f"vertebrae: expected an array, got {limits.short(entries)}")
        limits.check_count(len(entries))
        vertebrae = tuple(_vertebra(f"vertebrae[{i}]", e) for i, e in enumerate(entries))
        head = {k: _field(cls, "", k, content[k]) for k in ("version", "decision", "reader", "signed_at", "comment")}
        return cls(schema=SCHEMA, vertebrae=vertebrae, **head)

    @classmethod
    def from_json(cls, text: str) -> Review:
        """A review from the content of ``review.json``.

        Raises:
            ValueError: if it is too long, no JSON, or not an ``endplate-review/1``.
        """
        return cls.from_dict(limits.parsed(text))


def opened(report: Report) -> Review:
    """The first version, a draft: what the model said.

    What made the model doubt a body stands in ``not_assessable``, where a reader can take it away; what follows from points and
    level is worked out anew whenever they change.

    Raises:
        ValueError: if the report is of a scan that was refused: there is nothing to review.
    """
    if report.status == "refused":
        raise ValueError("report: expected one of a scan that was measured, got status 'refused'")
    vertebrae = tuple(ReviewVertebra(f"m{i}", e.level, e.points_lps_mm, i, model_doubt(e)) for i, e in enumerate(report.vertebrae))
    return Review(SCHEMA, 1, "draft", None, None, "", vertebrae)


def model_doubt(entry: Entry) -> str | None:
    """Why the model doubts an entry's points; None where its reason, if any, follows from points, level or field of view."""
    if entry.reason is None or not entry.complete or entry.reason == f"{entry.level} lies outside the norms":
        return None
    body = Vertebra(points_of(entry.points_lps_mm), spread_of(entry), entry.level)
    return None if reason_against(body, shipped()) == entry.reason else entry.reason[: limits.REASON]


def points_of(pairs: PointPairs) -> Floats:
    """Six points (3, 2, 3) in LPS mm."""
    return np.array([getattr(pairs, name) for name in COLUMNS], float)


def spread_of(entry: Entry) -> Floats:
    """The standard deviations (3, 2) of an entry's points in mm."""
    return np.array([getattr(entry.points_sd_mm, name) for name in COLUMNS], float)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``review.json``: types and required keys; `Review` checks the rest."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **schema.of(Review)}


def _vertebra(where: str, content: Any) -> ReviewVertebra:
    limits.check_keys(where, content, ReviewVertebra)
    return ReviewVertebra(**{k: _field(ReviewVertebra, where, k, content[k]) for k in limits.keys(ReviewVertebra) if k in content})


def _field(kind: Any, where: str, name: str, value: Any) -> Any:
    """One field's value of its own type, or a ValueError that names it."""
    try:
        return schema.load(limits.types_of(kind)[name], value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{where}{'.' if where else ''}{name}: {limits.short(str(error), quoted=False)}") from None
