"""3D Slicer markups: the points of each vertebra and a line for each height, in patient LPS mm.

Format: markups schema v1.0.3 of 3D Slicer (Slicer/Slicer, Modules/Loadable/Markups/Resources/Schema).
"""

from __future__ import annotations

from typing import Any

from endplate.report.page_content import cleaned
from endplate.report.report import Entry, Point, Report
from endplate.report.review_words import SET_BY_READER, standing

SCHEMA_URL = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/markups-schema-v1.0.3.json#"
)
"""An identifier that Slicer compares; nothing is fetched."""
# Okabe & Ito 2008, as in the overview; names and descriptions give the grade in words
COLOURS = {0: (0.34, 0.71, 0.91), 1: (0.94, 0.89, 0.26), 2: (0.90, 0.62, 0.0), 3: (1.0, 0.43, 0.29), None: (0.63, 0.63, 0.63)}
HEIGHTS = (("anterior", "Ha"), ("middle", "Hm"), ("posterior", "Hp"))
# DICOM PS3.16: a length in millimetres
LENGTH, MILLIMETRE = ["410668003", "SCT", "Length"], ["mm", "UCUM", "millimeter"]
Markup = dict[str, Any]


def slicer_markups(report: Report) -> Markup:
    """The content of ``slicer.mrk.json``: per vertebra one list of six points and three lines; none without a spine."""
    worth = standing(report.review)
    markups = [m for i, e in enumerate(report.vertebrae, 1) for m in _vertebra(e, e.level or f"unnamed {i}", worth)]
    return cleaned({"@schema": SCHEMA_URL, "markups": markups})


def _vertebra(entry: Entry, level: str, worth: str) -> list[Markup]:
    said = _description(entry, worth)
    points: list[tuple[str, Point]] = []
    lines = []
    for column, short in HEIGHTS:
        superior, inferior = getattr(entry.points_lps_mm, column)
        mm: float = getattr(entry.heights_mm, column)
        points += [(f"{level} {column} superior", superior), (f"{level} {column} inferior", inferior)]
        line = _markup("Line", f"{level} {short}", [("superior", superior), ("inferior", inferior)], (entry, said))
        lines.append({**line, "measurements": [_length(mm, said)]})
    return [_markup("Fiducial", level, points, (entry, said)), *lines]


def _markup(kind: str, name: str, points: list[tuple[str, Point]], of: tuple[Entry, str]) -> Markup:
    entry, said = of
    colour = list(COLOURS[entry.grade])
    return {
        "type": kind,
        "name": name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": True,
        "fixedNumberOfControlPoints": True,
        "controlPoints": [
            {"id": str(i), "label": label, "description": said, "position": list(at), "positionStatus": "defined"}
            for i, (label, at) in enumerate(points, 1)
        ],
        "display": {
            "visibility": True,
            "color": colour,
            "selectedColor": colour,
            "propertiesLabelVisibility": kind == "Fiducial",
            "pointLabelsVisibility": False,
            "glyphType": "Sphere3D",
            "useGlyphScale": False,
            "glyphSize": 1.5,
            "sliceProjection": True,
        },
    }


def _length(mm: float, description: str) -> Markup:
    return {
        "name": "length",
        "enabled": True,
        "value": mm,
        "units": MILLIMETRE,
        "quantityCode": LENGTH,
        "description": description,
        "printFormat": "%-#4.1f%s",
    }


def _description(entry: Entry, worth: str) -> str:
    worth = f"{SET_BY_READER}; {worth}" if entry.set_by_reader else worth
    if entry.grade is None or entry.loss is None:
        return f"not assessed: {entry.reason}; {worth}"
    shape = f" {entry.shape}" if entry.shape else ""
    return f"grade {entry.grade}{shape}, height loss {100 * entry.loss:.0f} %; {worth}"
