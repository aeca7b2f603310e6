"""Patient and study of a DICOM file, for the worklist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from endplate.errors import InputRefused
from endplate.report.report import Report
from endplate.service.records import Patient


def patient(path: Path) -> Patient:
    """What the header says, made valid (`endplate.dicom.patient`)."""
    from endplate.dicom.patient import of_file

    return _record(of_file(path))


def patient_of_source(report: Report) -> Patient:
    """Of the series that a report is of; empty where that is no DICOM or not there any more."""
    from endplate.dicom.source import source_series

    try:
        return _record(source_series(report).patient)
    except InputRefused:
        return Patient()


def _record(header: Any) -> Patient:
    def text(keyword: str) -> str:
        return str(header.get(keyword) or "")

    return Patient(
        name=text("PatientName"),
        id=text("PatientID"),
        birth_date=text("PatientBirthDate"),
        sex=text("PatientSex"),
        study_date=text("StudyDate"),
        study_description=text("StudyDescription"),
        accession_number=text("AccessionNumber"),
    )
