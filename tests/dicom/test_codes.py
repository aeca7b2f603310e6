"""Every code is the standard's, or declared as our own."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from pydicom.sr._concepts_dict import concepts

from dicom.dicom_tools import nodes, opened
from endplate.anatomy import levels
from endplate.dicom import codes

TABLE = Path(codes.__file__).with_name("codes.csv")
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
NOT_IN_THE_DICTIONARY = {
    ("SCT", "3572006"): "SNOMED CT; in no context group of PS3.16",
    ("RFC5646", "en-US"): "RFC 5646; PS3.16 TID 1204",
}
"""Public codes that pydicom's dictionary, made from PS3.16, leaves out; with the source that the table must give."""


def known(scheme: str, value: str) -> dict[str, list[int]]:
    """Meanings of a code in pydicom's dictionary, each with its context groups."""
    words = concepts.get(scheme, {}).values()
    return {meaning: groups for word in words for found, (meaning, groups) in word.items() if found == value}


@pytest.mark.parametrize("row", ROWS, ids=[r["key"] for r in ROWS])
def test_a_code_is_in_the_dictionary_with_its_meaning_or_private(row: dict[str, str]) -> None:
    assert row["source"]
    assert len(row["value"]) <= 16
    assert len(row["meaning"]) <= 64
    if row["scheme"] == codes.PRIVATE_SCHEME:
        assert row["value"] == row["value"].upper()
        assert "PS3.16" not in row["source"]
        return
    name = (row["scheme"], row["value"])
    if name in NOT_IN_THE_DICTIONARY:
        assert row["source"] == NOT_IN_THE_DICTIONARY[name]
        assert not known(*name)
        return
    meanings = {re.sub(r" \((attribute|body structure|qualifier value|procedure)\)$", "", m) for m in known(*name)}
    assert row["meaning"] in meanings
    group = re.search(r"CID (\d+)", row["source"])
    if group:
        assert int(group[1]) in {g for groups in known(*name).values() for g in groups}


def test_a_private_code_means_nothing_that_the_dictionary_has() -> None:
    public = {meaning.lower() for scheme in concepts.values() for word in scheme.values() for meaning, _ in word.values()}
    private = [r["meaning"] for r in ROWS if r["scheme"] == codes.PRIVATE_SCHEME]
    assert private
    assert not [meaning for meaning in private if meaning.lower() in public]


def test_keys_and_codes_are_unique() -> None:
    assert len({r["key"] for r in ROWS}) == len({(r["scheme"], r["value"]) for r in ROWS}) == len(ROWS)


def test_each_level_has_its_own_code_and_variants_are_vertebrae() -> None:
    found = {level: codes.code_of_level(level) for level in levels.USUAL[:-1]}
    assert all(code.meaning == f"{level} vertebra" for level, code in found.items())
    assert len({code.value for code in found.values()}) == len(found)
    assert {codes.code_of_level(v).value for v in ("T13", "L6", None)} == {"51282000"}
    assert codes.code_of_level("S1").meaning == "Sacrum"


def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown level 'L9'"):
        codes.code_of_level("L9")


def test_every_code_in_a_report_is_in_the_table(made: dict[str, bytes]) -> None:
    table = {(r["scheme"], r["value"], r["meaning"]) for r in ROWS}
    for content in made.values():
        items = [item for item in opened(content).iterall() if item.VR == "SQ" and item.keyword.endswith("CodeSequence")]
        written = {(c.CodingSchemeDesignator, c.CodeValue, c.CodeMeaning) for element in items for c in element.value}
        assert written
        assert written <= table, written - table


def test_the_private_scheme_is_declared(made: dict[str, bytes]) -> None:
    for content in made.values():
        declared = opened(content).CodingSchemeIdentificationSequence
        assert [item.CodingSchemeDesignator for item in declared] == [codes.PRIVATE_SCHEME]


def test_every_row_is_used() -> None:
    """By its key in the code, or as a part of a template that highdicom writes."""
    source = "\n".join(p.read_text(encoding="utf-8") for p in TABLE.parent.rglob("*.py"))
    templates = {"source", "language", "english"} | {
        r["key"] for r in ROWS if re.search(r"TID (300|1002|1003|1004|1500|1501|4019|4108)$|CID 210$", r["source"])
    }
    levels_ = set(levels.USUAL)
    graded = {f"grade_{n}" for n in range(4)} | {f"{d}_{w}" for d in ("all", "some") for w in ("with", "without")}
    shapes = {"wedge", "biconcave", "crush", "anterior", "middle", "posterior"}
    assert not [r["key"] for r in ROWS if r["key"] not in templates | levels_ | graded | shapes and f'"{r["key"]}"' not in source]


def test_a_report_uses_no_node_without_a_name(made: dict[str, bytes]) -> None:
    root = opened(made["report.sr.dcm"])
    assert all(item.ConceptNameCodeSequence for item in nodes(root))
