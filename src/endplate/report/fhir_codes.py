"""The codes of the FHIR bundle: SNOMED CT, LOINC, UCUM and DICOM where they have the concept, endplate's own where they do not.

Every SNOMED CT, LOINC and DICOM code is one of DICOM PS3.16 (2024), as pydicom's dictionary has them; a test walks this table.
"""

from __future__ import annotations

import uuid
from typing import Any

from endplate.morphometry.genant import GRADE_NAMES

SCT, LOINC, UCUM, DCM = (
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "http://dicom.nema.org/resources/ontology/DCM",
)
DICOM_UID = "urn:dicom:uid"
NAMESPACE = uuid.UUID("d18a609a-2e64-519d-ac22-953479a717eb")
URI = f"urn:oid:2.25.{NAMESPACE.int}"
"""Of endplate's own codes and identifiers: an OID of its own under ITU-T X.667, as there is no registered one."""

Code = tuple[str, str, str]  # system, code, display
Own = tuple[str, str]  # code, display

# DICOM PS3.16, CID 7000 "Diagnostic Imaging Report Document Title" and CID 7001 "Diagnostic Imaging Report Heading"; LOINC's words
IMAGING_REPORT: Code = (LOINC, "18748-4", "Diagnostic imaging study")
IMPRESSIONS: Code = (LOINC, "19005-8", "Radiology Imaging study [Impression] (narrative)")
# HL7 terminology: table 0074 (diagnostic service section), observation-category, v3-ObservationInterpretation, data-absent-reason
CT_SECTION: Code = ("http://terminology.hl7.org/CodeSystem/v2-0074", "CT", "CAT Scan")
IMAGING_CATEGORY: Code = ("http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "Imaging")
_MEANING = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
NORMAL: Code = (_MEANING, "N", "Normal")
INDETERMINATE: Code = (_MEANING, "IND", "Indeterminate")
ABNORMAL: Code = (_MEANING, "A", "Abnormal")
INTERPRETATION = (NORMAL, INDETERMINATE, ABNORMAL, ABNORMAL)  # by grade; a mild deformity lies within readers' disagreement
NOT_PERFORMED: Code = ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed", "Not Performed")
# DICOM PS3.16: CID 218, CID 7469, CID 6141
COBB_ANGLE: Code = (SCT, "285285000", "Cobb angle")
HEIGHT: Code = (DCM, "121207", "Height")
MEAN_ATTENUATION: Code = (DCM, "112181", "Mean Attenuation Coefficient")
SD_ATTENUATION: Code = (DCM, "112183", "Standard Deviation of Attenuation Coefficient")
# endplate's own: neither SNOMED CT, LOINC nor DICOM has these; the same as in the DICOM structured report where both have them
MORPHOMETRY: Own = ("MORPHOMETRY", "Six-point morphometry of a vertebral body, Genant grade of its level-normalised loss")
ANTERIOR_HEIGHT: Own = ("HEIGHT-ANTERIOR", "Anterior height of the vertebral body")
MIDDLE_HEIGHT: Own = ("HEIGHT-MIDDLE", "Middle height of the vertebral body")
POSTERIOR_HEIGHT: Own = ("HEIGHT-POSTERIOR", "Posterior height of the vertebral body")
ANTERIOR_RATIO: Own = ("RATIO-HA-HP", "Anterior to posterior height")
MIDDLE_RATIO: Own = ("RATIO-HM-HP", "Middle to posterior height")
POSTERIOR_RATIO: Own = ("RATIO-HP-EXP", "Posterior height to that expected from the neighbours")
GENANT_INDEX: Own = ("GENANT-INDEX", "Least to greatest height (raw index G)")
HEIGHT_LOSS: Own = ("HEIGHT-LOSS", "Height loss against the norm of the level")
HEIGHT_LOSS_INTERVAL: Own = ("HEIGHT-LOSS-95", "95 % interval of the height loss")
ASSESSED: Own = ("ASSESSED", "Vertebrae assessed")
FRACTURES: Own = ("FRACTURES", "Vertebrae of Genant grade 2 or 3")
MILD_DEFORMITIES: Own = ("MILD-DEFORM", "Vertebrae of Genant grade 1")
DEFORMITY_INDEX: Own = ("SDI", "Spinal Deformity Index (sum of grades T4-L4)")
FRACTURE_PROBABILITY: Own = ("P-GENANT-2-OR-3", "Probability of Genant grade 2 or 3 in any vertebra")

UNIT_WORDS = {"mm": "mm", "%": "%", "1": "1", "deg": "degree", "[hnsf'U]": "HU"}
"""UCUM code -> what is shown."""

# DICOM PS3.16, CID 7602 and 7603 (vertebrae): one code per level, without a side
VERTEBRA: Code = (SCT, "51282000", "Vertebra")
LEVELS = {
    "C1": "14806007", "C2": "39976000", "C3": "113205007", "C4": "5329002", "C5": "36978003", "C6": "36054005", "C7": "87391001",
    "T1": "64864005", "T2": "53733008", "T3": "1626008", "T4": "73071006", "T5": "56401006", "T6": "45296009",
    "T7": "62487009", "T8": "11068009", "T9": "82687006", "T10": "7610001", "T11": "12989004", "T12": "23215003",
    "L1": "66794005", "L2": "14293000", "L3": "36470004", "L4": "11994002", "L5": "49668003",
}  # fmt: skip
"""SNOMED CT; T13, L6, S1 and unnamed bodies take that of a vertebra, with their name as text."""


def concept(code: Code, text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept."""
    system, value, display = code
    return {"coding": [{"system": system, "code": value, "display": display}], "text": text or display}


def local(code: str, display: str | None = None) -> dict[str, Any]:
    """A CodeableConcept with a code of endplate's own."""
    return concept((URI, code, display or code))


def height(code: Own) -> dict[str, Any]:
    """One of the three heights: endplate's own code, and DICOM's for heights at large."""
    own, at_large = local(*code), concept(HEIGHT)
    return {"coding": [*own["coding"], *at_large["coding"]], "text": code[1]}


def level(name: str | None) -> dict[str, Any]:
    """The vertebra as a body site."""
    if name not in LEVELS:
        return concept(VERTEBRA, f"{name} vertebra" if name else "Vertebra of unknown level")
    return concept((SCT, LEVELS[name], f"{name} vertebra"))


def grade(number: int, shape: str | None) -> dict[str, Any]:
    """A Genant grade, with the shape as text."""
    display = f"Genant grade {number} ({GRADE_NAMES[number]})"
    return concept((URI, f"GENANT-{number}", display), f"{display}, {shape}" if shape else display)
