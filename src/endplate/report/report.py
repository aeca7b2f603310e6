"""The report: what ``report.json`` holds, as dataclasses (schema ``endplate-report/1``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from endplate.report import schema
from endplate.report.entry import Columns, Density, Entry, Point, PointPairs, Ratios, SpreadPairs
from endplate.report.review_state import ReviewState

# whoever reads a report finds all its parts here; those of a vertebra are in entry.py
__all__ = [
    "SCHEMA",
    "SCHEMA_FILE",
    "Columns",
    "Density",
    "Entry",
    "Levels",
    "Message",
    "Model",
    "OpportunisticDensity",
    "Overall",
    "Point",
    "PointPairs",
    "Ratios",
    "Report",
    "Software",
    "Source",
    "SpreadPairs",
    "Status",
    "Tag",
    "json_schema",
]

SCHEMA: Literal["endplate-report/1"] = "endplate-report/1"
SCHEMA_FILE = "endplate-report-1.schema.json"
Tag = str | float | int | None
Status = Literal["ok", "no_spine", "refused"]


@dataclass(frozen=True)
class Message:
    """What the reader of the report should know.

    Attributes:
        code: short stable name.
        severity: ``info``, ``warning`` or ``error``.
        text: a sentence with values.
    """

    code: str
    severity: Literal["info", "warning", "error"]
    text: str


@dataclass(frozen=True)
class Model:
    """Which weights were used.

    Attributes:
        name: of the model.
        sha256: of its ONNX file.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class Software:
    """Which software was used.

    Attributes:
        version: of endplate.
        models: by stage.
        norms: name of the table of norms.
    """

    version: str
    models: dict[str, Model]
    norms: str


@dataclass(frozen=True)
class Source:
    """Where the scan came from; no name, no identifier of the patient.

    Attributes:
        kind: dicom, nifti, nrrd, mha or phantom.
        path: as given by the user.
        name: folder name of the results.
        series_instance_uid: of a DICOM series.
        shape_vox: slices, rows, columns.
        spacing_mm: of slices, rows, columns.
        kvp: tube voltage.
        contrast: contrast agent as the header has it.
        tags: further facts of the header.
    """

    kind: str
    path: str
    name: str
    series_instance_uid: str | None
    shape_vox: tuple[int, int, int] | None
    spacing_mm: tuple[float, float, float] | None
    kvp: float | None
    contrast: str | None
    tags: dict[str, Tag] = field(default_factory=dict)


@dataclass(frozen=True)
class OpportunisticDensity:
    """Attenuation at L1, or at the level that stands in for it.

    Attributes:
        level: where it was measured.
        mean_hu: of trabecular bone.
        category: what published thresholds say of it; None where the conditions do not allow one.
        conditions: what limits it: tube voltage, contrast, another level, a fracture.
    """

    level: str
    mean_hu: float
    category: str | None
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class Levels:
    """How sure the names are.

    Attributes:
        confidence: probability that all names are right.
        uncertain: True below 0.8.
        top: name of the first vertebra.
        alternative: next likely name of the first vertebra.
        alternative_probability: its probability.
        given_by_reader: True after ``--top-level``, and where a reader gave or confirmed every name in a review.
    """

    confidence: float
    uncertain: bool
    top: str | None
    alternative: str | None
    alternative_probability: float
    given_by_reader: bool


@dataclass(frozen=True)
class Overall:
    """The scan in a few numbers.

    Attributes:
        sentence: one sentence to paste.
        vertebrae: how many were found.
        assessed: how many were graded.
        worst_level: level with the largest loss.
        worst_loss: its loss.
        worst_grade: its grade.
        fractures: vertebrae of grade 2 or 3.
        mild_deformities: vertebrae of grade 1.
        spinal_deformity_index: sum of grades T4-L4.
        fracture_probability: of any grade 2 or 3, taken as that of the likeliest vertebra.
        kyphosis_deg: Cobb angle T4-T12.
        density: attenuation at L1; None where no body allows it.
    """

    sentence: str
    vertebrae: int
    assessed: int
    worst_level: str | None
    worst_loss: float | None
    worst_grade: int | None
    fractures: int
    mild_deformities: int
    spinal_deformity_index: int
    fracture_probability: float
    kyphosis_deg: float | None
    density: OpportunisticDensity | None = None


@dataclass(frozen=True)
class Report:
    """What endplate says of one scan.

    Attributes:
        schema: ``endplate-report/1``.
        status: ``ok``, ``no_spine`` or ``refused``.
        messages: what the reader should know.
        software: version and weights.
        source: the scan.
        centreline_lps_mm: the column's course, head to feet.
        vertebrae: head to feet.
        levels: how sure the names are; None without vertebrae.
        summary: the scan in a few numbers; None without a spine.
        timing_s: seconds by stage.
        review: what a reader made of it; None where no reader has saved anything.
    """

    schema: Literal["endplate-report/1"]
    status: Status
    messages: tuple[Message, ...]
    software: Software
    source: Source
    centreline_lps_mm: tuple[Point, ...]
    vertebrae: tuple[Entry, ...]
    levels: Levels | None
    summary: Overall | None
    timing_s: dict[str, float]
    review: ReviewState | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return asdict(self)

    def to_json(self) -> str:
        """The content of ``report.json``."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Report:
        """A report from plain types.

        Raises:
            ValueError: if it is not an ``endplate-report/1``.
        """
        found = content.get("schema") if isinstance(content, Mapping) else None
        if found != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA!r}, got {found!r}")
        report: Report = schema.load(cls, content)
        return report

    @classmethod
    def from_json(cls, text: str) -> Report:
        """A report from the content of ``report.json``.

        Raises:
            ValueError: if it is no JSON, or not an ``endplate-report/1``.
        """
        return cls.from_dict(json.loads(text))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``report.json``; further keys are allowed. Shipped beside this file as ``SCHEMA_FILE``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **schema.of(Report)}
