"""A page of the worklist: filter, order, counts."""

from __future__ import annotations

from typing import Any, get_args

from sqlalchemy import Boolean, ColumnElement, Connection, Select, and_, func, or_, select

from endplate.report.review_state import Decision
from endplate.service.records import Page, Query, ScanStatus
from endplate.service.store.order import FLAGGED, folded
from endplate.service.store.rows import LARGEST, scan_of
from endplate.service.store.tables import SCANS, THERE

C = SCANS.c
MOST = 500
LONGEST_SEARCH = 1000
"""Characters of a search that are looked at: SQLite compares no longer patterns, nor thousands of words at once."""
COLUMNS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "priority": (C.priority,),
    "added": (C.added_at,),
    "patient": (C.patient_name == "", C.searched),
    "study_date": (C.study_date == "", C.study_date),
    "grade": (C.worst_grade.is_(None), C.worst_grade, C.fracture_probability),
    "probability": (C.fracture_probability.is_(None), C.fracture_probability),
    "review": (C.review.is_(None), C.review),
    "name": (C.name,),
    "status": (C.status,),
}
"""What each order compares, one after the other; then the order in which scans came. What is searched begins with the patient's
name, folded. A comparison (``is None``) stands where scans without a value go last, whichever way round."""

COUNTS = select(C.status, C.review, C.worst_grade, func.count()).where(THERE).group_by(C.status, C.review, C.worst_grade)


def read(connection: Connection, query: Query) -> Page:
    """See `Store.worklist`."""
    if query.page < 1 or not 1 <= query.size <= MOST or query.sort not in COLUMNS:
        expected = f"page from 1, size 1 to {MOST}, sort one of {', '.join(COLUMNS)}"
        raise ValueError(f"worklist: expected {expected}; got page {query.page}, size {query.size}, sort {query.sort!r}")
    scans = tuple(map(scan_of, connection.execute(page_of(query)).mappings()))
    return Page(scans, _total(connection, query, len(scans)), counts(connection))


def page_of(query: Query) -> Select[Any]:
    """Whole rows of one page, in order."""
    keys = keys_of(query).subquery()
    return select(SCANS).join(keys, C.key == keys.c.key).order_by(*_order(query))


def keys_of(query: Query) -> Select[tuple[int]]:
    """Keys of one page, in order: whole rows are too large to sort 20,000 of them."""
    skipped = min((query.page - 1) * query.size, LARGEST)
    return select(C.key).where(_wanted(query)).order_by(*_order(query)).limit(query.size).offset(skipped)


def _total(connection: Connection, query: Query, here: int) -> int:
    """That fit the query; a page that is not full has counted them already."""
    if here < query.size and (here or query.page == 1):
        return (query.page - 1) * query.size + here
    return connection.scalar(select(func.count()).select_from(SCANS).where(_wanted(query))) or 0


def counts(connection: Connection) -> dict[str, int]:
    """By status, by ``review:STATE``, ``flagged`` and ``unreviewed``; zeros too."""
    reviews = ("none", *get_args(Decision))
    found = dict.fromkeys((*get_args(ScanStatus), *(f"review:{state}" for state in reviews), "flagged", "unreviewed"), 0)
    for status, review, grade, count in connection.execute(COUNTS):
        found[status] += count
        found[f"review:{review or 'none'}"] += count
        found["flagged"] += count if review in (None, "draft") and (grade or 0) >= FLAGGED else 0
        found["unreviewed"] += count if status == "measured" and review is None else 0
    return found


def _wanted(query: Query) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = [THERE]
    if query.status:
        wanted.append(C.status.in_(query.status))
    if query.review:
        saved = C.review.in_([state for state in query.review if state != "none"])
        wanted.append(or_(saved, C.review.is_(None)) if "none" in query.review else saved)
    if query.grade is not None:
        wanted.append(C.worst_grade >= max(-LARGEST, min(query.grade, LARGEST)))
    return and_(*wanted, *[C.searched.contains(word, autoescape=True) for word in folded(query.search[:LONGEST_SEARCH]).split()])


def _order(query: Query) -> list[ColumnElement[Any]]:
    columns = (*COLUMNS[query.sort], C.key)
    if query.search and query.sort == "priority":
        # a search reads every row: quicker as they lie than in the order of an index
        columns = (C.priority.concat(""), C.key)
    return [c if isinstance(c.type, Boolean) or not query.descending else c.desc() for c in columns]
