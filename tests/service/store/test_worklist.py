"""Filter, order, search and counts of the worklist."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import get_args

import pytest

from endplate.service.records import Patient, Query, Sort
from endplate.service.store import SqlStore
from service_records import draft, measured, new_scan, signed, unmeasured

NAMES = [
    "Müller^Jörg",
    "MULLER^Hans",
    "山田^太郎=やまだ^たろう",
    "Ångström^Åsa",
    "100%^Pure",
    "under_score^A",
    'O"Hara^Bob',
    '"Quoted"',
    "a\x00b",
]


def fill(store: SqlStore, *made: tuple[str, float | None, int | None]) -> None:
    """Scans named after what they are: (name, probability, grade)."""
    for name, probability, grade in made:
        scan = new_scan(name, name)
        store.add_scan(scan, "x")
        store.set_measured(scan.id, measured(grade, probability), None)


def names(store: SqlStore, query: Query) -> list[str]:
    return [scan.name for scan in store.worklist(query).scans]


def test_flagged_and_unsigned_go_first(store: SqlStore) -> None:
    for name in ("wait1", "refused", "fail", "run", "nospine", "cancel", "wait2"):
        store.add_scan(new_scan(name, name), "x")
    store.set_running("run")
    store.set_unmeasured("fail", "failed", "x")
    store.set_unmeasured("cancel", "cancelled", "")
    store.set_measured("refused", unmeasured("refused"), "x")
    store.set_measured("nospine", unmeasured("no_spine"), "x")
    fill(
        store,
        ("g2 p.6", 0.6, 2),
        ("g0 p.1", 0.1, 0),
        ("g3 p.7", 0.7, 3),
        ("g2 p.9", 0.9, 2),
        ("g1 p.4", 0.4, 1),
        ("ungraded", 0.2, None),
    )
    fill(store, ("signed old", 0.9, 3), ("signed new", 0.1, 0), ("signed west", 0.5, 2), ("drafted", 0.8, 3))
    times = {
        "signed old": "2026-01-01T10:00:00+00:00",
        "signed new": "2026-01-03T00:30:00+00:00",
        "signed west": "2026-01-02T23:00:00-05:00",
    }
    for name, at in times.items():
        store.save_review(name, *signed(store.report(name), 1, at), 0, "x")  # type: ignore[arg-type]
    store.save_review("drafted", *draft(measured(3, 0.8), 1), 0, "x")
    expected = ["drafted", "g3 p.7", "g2 p.9", "g2 p.6", "g1 p.4", "ungraded", "g0 p.1", "wait1", "run", "wait2"]
    expected += ["refused", "fail", "nospine", "cancel", "signed west", "signed new", "signed old"]
    assert names(store, Query()) == expected
    assert names(store, Query(descending=True)) == expected[::-1]
    assert [name for page in (1, 2, 3, 4) for name in names(store, Query(page=page, size=5))] == expected
    assert names(store, Query(page=10**12)) == []
    assert names(store, Query(grade=2, review=("none", "draft"))) == expected[:4]
    assert names(store, Query(grade=10**20)) == []
    assert names(store, Query(status=("waiting", "refused"))) == ["wait1", "wait2", "refused"]
    assert names(store, Query(review=("accepted",))) == expected[-3:]
    counts = {k: n for k, n in store.worklist(Query(search="nothing")).counts.items() if n}
    assert counts.pop("flagged") == 4
    assert counts.pop("unreviewed") == 6
    assert {k: counts.pop(k) for k in list(counts) if k.startswith("review:")} == {
        "review:none": 13,
        "review:draft": 1,
        "review:accepted": 3,
    }
    assert counts == {"waiting": 2, "running": 1, "measured": 10, "no_spine": 1, "refused": 1, "failed": 1, "cancelled": 1}


def test_scans_without_a_value_go_last_either_way(store: SqlStore) -> None:
    store.add_scan(new_scan("none", "none"), "x")
    fill(store, ("low", 0.1, 1), ("high", 0.9, 3), ("other", 0.5, 1))
    assert names(store, Query(sort="grade")) == ["low", "other", "high", "none"]
    assert names(store, Query(sort="grade", descending=True)) == ["high", "other", "low", "none"]
    assert names(store, Query(sort="probability", descending=True)) == ["high", "other", "low", "none"]
    assert names(store, Query(sort="name")) == ["high", "low", "none", "other"]
    assert names(store, Query(sort="added", descending=True)) == ["other", "high", "low", "none"]
    assert names(store, Query(sort="status")) == ["low", "high", "other", "none"]


def test_patients_are_sorted_whatever_the_case(store: SqlStore) -> None:
    for name in ("b^x", "A^x", "", "Ä^x", "C^x"):
        store.add_scan(replace(new_scan(), patient=Patient(name)), "x")
    assert [s.patient.name for s in store.worklist(Query(sort="patient")).scans] == ["A^x", "b^x", "C^x", "Ä^x", ""]
    assert [s.patient.name for s in store.worklist(Query(sort="patient", descending=True)).scans] == [
        "Ä^x",
        "C^x",
        "b^x",
        "A^x",
        "",
    ]


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    for i, name in enumerate(NAMES):
        scan = new_scan(name="folder")
        patient = replace(scan.patient, name=name, id=f"ID{i}", study_date=f"2026010{i}", study_description="Thorax")
        store.add_scan(replace(scan, patient=patient), "x")
    return store


EVERYTHING = set(range(len(NAMES)))
SEARCHES: list[tuple[str, set[int]]] = [
    ("müller", {0}),
    ("MÜLLER jörg", {0}),
    ("jo\u0308rg", {0}),
    ("muller", {1}),
    ("太郎", {2}),
    ("やまだ 山田", {2}),
    ("ångström", {3}),
    ("a\u030angstro\u0308m", {3}),
    ("%", {4}),
    ("_", {5}),
    ("__", set()),
    ("0%^p", {4}),
    ("/", set()),
    ("\\", set()),
    ('o"hara', {6}),
    ('"quoted"', {7}),
    ("ab", {8}),
    ("\x00", EVERYTHING),
    ("", EVERYTHING),
    ("   ", EVERYTHING),
    ("' OR 1=1 --", set()),
    ("\uff2d\uff35\uff2c\uff2c\uff25\uff32", {1}),
    ("id3", {3}),
    ("2026010 folder", EVERYTHING),
    ("\udcff", set()),
    ("x" * 100_000, set()),
    ("a " * 100_000, EVERYTHING),
]


def test_words_are_found_as_they_are_written(filled: SqlStore) -> None:
    for search, expected in SEARCHES:
        found = filled.worklist(Query(search=search))
        assert {int(scan.patient.id.removeprefix("ID")) for scan in found.scans} == expected, search[:50]
        assert found.total == len(expected)


def test_pages_hold_everything_once(filled: SqlStore) -> None:
    for sort, descending in itertools.product(get_args(Sort), (False, True)):
        query = Query(sort=sort, descending=descending, size=2)
        pages = [filled.worklist(replace(query, page=i)).scans for i in range(1, 6)]
        found = [scan.id for page in pages for scan in page]
        assert len(found) == len(set(found)) == len(NAMES)
        assert found == [scan.id for scan in filled.worklist(replace(query, size=500)).scans]


def test_what_cannot_be_asked_for_is_refused(store: SqlStore) -> None:
    for query in (Query(page=0), Query(size=0), Query(size=501), Query(sort="colour")):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="worklist: expected page from 1"):
            store.worklist(query)
