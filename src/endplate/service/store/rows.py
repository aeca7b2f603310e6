"""Records to rows, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Row, RowMapping

from endplate.report.report import Report
from endplate.service.records import AuditEntry, Job, Patient, SavedReview, Scan, Summary
from endplate.service.store.order import priority, searched

PATIENT = {"name": "patient_name", "id": "patient_id"}
"""Columns of a patient's fields that are not named as the field is."""
LARGEST = 2**31 - 1
"""What both databases take for a version, a count or a grade."""


def scan_columns(scan: Scan) -> dict[str, Any]:
    """All columns of a scan's row but its key."""
    plain = {k: v for k, v in asdict(scan).items() if k not in ("patient", "summary")}
    patient = {PATIENT.get(k, k): v for k, v in asdict(scan.patient).items()}
    summary = asdict(scan.summary) if scan.summary else dict.fromkeys(f.name for f in fields(Summary))
    return plain | patient | summary | {"priority": priority(scan), "searched": searched(scan)}


def scan_of(row: RowMapping) -> Scan:
    """From its row."""
    plain = {f.name: row[f.name] for f in fields(Scan) if f.name not in ("patient", "summary")}
    patient = Patient(**{f.name: row[PATIENT.get(f.name, f.name)] for f in fields(Patient)})
    summary = None if row["vertebrae"] is None else Summary(**{f.name: row[f.name] for f in fields(Summary)})
    return Scan(**plain, patient=patient, summary=summary)


def summary_of(report: Report) -> Summary | None:
    """What the worklist shows of it; None without a spine."""
    s = report.summary
    if s is None:
        return None
    return Summary(
        vertebrae=s.vertebrae,
        worst_level=s.worst_level,
        worst_grade=s.worst_grade,
        worst_loss=s.worst_loss,
        fractures=s.fractures,
        fracture_probability=s.fracture_probability,
        levels_uncertain=bool(report.levels and report.levels.uncertain),
        sentence=s.sentence,
    )


def reason_of(report: Report) -> str:
    """Why there is no measurement; nothing where there is one."""
    if report.status == "ok":
        return ""
    telling = [m.text for m in report.messages if m.severity == "error" or m.code == "no_spine"]
    return "; ".join(telling or [m.text for m in report.messages])


def saved_of(row: Row[Any]) -> SavedReview:
    """A version of a review from its row."""
    document, edits = json.loads(row.document), tuple(json.loads(row.edits))
    return SavedReview(row.version, row.decision, row.saved_at, row.reader, row.signed_at, edits, document)


def job_of(row: RowMapping) -> Job:
    """From its row."""
    return Job(**{f.name: row[f.name] for f in fields(Job)})


def entry_of(row: Row[Any]) -> AuditEntry:
    """A line of the trail from its row."""
    return AuditEntry(row.number, row.at, row.actor, row.action, row.scan_id, json.loads(row.detail))


def as_json(value: Any) -> str:
    """Compact, in ASCII: every database takes it whatever its encoding."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
