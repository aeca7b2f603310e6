"""Patient and study of a DICOM file, for the worklist."""

from __future__ import annotations

from pathlib import Path

from endplate.service.records import Patient


def patient(path: Path) -> Patient:
    """What the header says, made valid (`endplate.dicom.patient`)."""
    from endplate.dicom.patient import of_file

    header = of_file(path)

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
