"""What a reader made of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Decision = Literal["draft", "accepted", "accepted_with_edits", "rejected"]


@dataclass(frozen=True)
class ReviewState:
    """A saved review, as every export shows it.

    Attributes:
        decision: ``draft`` until a reader has signed.
        version: of the review, from 1; each save makes the next.
        reader: name of who signed; None in a draft.
        signed_at: ISO 8601 with its offset from UTC; None in a draft.
        comment: the reader's own words.
        edits: one sentence for each change against what the model said.
        confirmed: level names of which the reader says that they are right, head to feet.
    """

    decision: Decision
    version: int
    reader: str | None = None
    signed_at: str | None = None
    comment: str = ""
    edits: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()

    @property
    def is_signed(self) -> bool:
        """Whether a reader has decided."""
        return self.decision != "draft"

    @property
    def is_accepted(self) -> bool:
        """Whether a reader stands by the report as it is."""
        return self.decision in ("accepted", "accepted_with_edits")
