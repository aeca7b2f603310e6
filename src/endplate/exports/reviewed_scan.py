"""What exports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from endplate.report.report import Report
from endplate.review.document import Review
from endplate.straightening import StraightSpine


@dataclass(frozen=True)
class ExportInput:
    """One scan with one version of its review.

    Attributes:
        model: the report as the model wrote it.
        review: the reader's; None where nobody saved one.
        reviewed: the report as the reader leaves it; the model's own without a review.
        overview_png: the picture of the model's report; empty for none.
        previous: earlier DICOM objects by their names, which new ones name as their predecessors.
        spine: the straightened spine, so that pictures show the reader's points; None where there are no images.
        organisation: of the reader, for verified DICOM objects; empty where unknown.

    Raises:
        ValueError: if ``reviewed`` carries another review than ``review``.
    """

    model: Report
    review: Review | None
    reviewed: Report
    overview_png: bytes = b""
    previous: Mapping[str, bytes] = field(default_factory=dict)
    spine: StraightSpine | None = None
    organisation: str = ""

    def __post_init__(self) -> None:
        review, state = self.review, self.reviewed.review
        given = (review.decision, review.version) if review else None
        carried = (state.decision, state.version) if state else None
        if given != carried:
            raise ValueError(
                f"reviewed: expected the report of the review {given}, got that of {carried}; use endplate.review.apply"
            )

    @property
    def same_bodies(self) -> bool:
        """Whether the reader left every body as the model drew it."""
        return self.model.vertebrae == self.reviewed.vertebrae
