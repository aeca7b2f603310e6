"""Versions of reviews, within a transaction: added, never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Select, insert, select

from endplate.report.report import Report
from endplate.review.document import Review
from endplate.service.keeping import Conflict
from endplate.service.records import SavedReview, now
from endplate.service.store import scans, trail
from endplate.service.store.rows import LARGEST, as_json, saved_of, summary_of
from endplate.service.store.tables import REVIEWED, REVIEWS, SCANS, THERE


def read(connection: Connection, scan_id: str, version: int | None) -> SavedReview | None:
    """One version, or the last."""
    if version is not None and not 1 <= version <= LARGEST:
        return None
    query = _versions(scan_id) if version is None else _versions(scan_id).where(REVIEWS.c.version == version)
    row = connection.execute(query.order_by(REVIEWS.c.version.desc()).limit(1)).first()
    return None if row is None else saved_of(row)


def read_all(connection: Connection, scan_id: str) -> Sequence[SavedReview]:
    """Oldest first."""
    return tuple(map(saved_of, connection.execute(_versions(scan_id).order_by(REVIEWS.c.version))))


def signed_versions(connection: Connection, scan_id: str) -> Sequence[int]:
    """Numbers of those that are no drafts, ascending."""
    query = select(REVIEWS.c.version).join(SCANS, SCANS.c.key == REVIEWS.c.scan_key)
    signed = query.where(SCANS.c.id == scan_id, THERE, REVIEWS.c.decision != "draft")
    return tuple(connection.scalars(signed.order_by(REVIEWS.c.version)))


def reviewed_report(connection: Connection, scan_id: str, version: int) -> Report | None:
    """As it was saved with a version."""
    if not 1 <= version <= LARGEST:
        return None
    kept = select(REVIEWED.c.content).join(SCANS, SCANS.c.key == REVIEWED.c.scan_key)
    content = connection.scalar(kept.where(SCANS.c.id == scan_id, THERE, REVIEWED.c.version == version))
    return None if content is None else Report.from_json(content)


def save(connection: Connection, scan_id: str, versions: tuple[Review, Report], follows: int, actor: str) -> SavedReview:
    """The next version, and what it makes of the scan's summary; see `Store.save_review`."""
    review, reviewed = versions
    if review.version != follows + 1:
        raise ValueError(f"review: expected version {follows + 1}, which follows {follows}, got {review.version}")
    trail.hold(connection, "audit")
    found = scans.find(connection, scan_id, lock=True)
    if not found or not scans.is_measured(connection, found[0]):
        raise LookupError(f"scan {scan_id}: expected one with a report, to save a review of; it was deleted, or not measured yet")
    key, scan = found
    if scan.review_version != follows:
        raise Conflict(scan.review_version)
    edits = reviewed.review.edits if reviewed.review else ()
    # as it will be read: arrays as lists
    document = json.loads(as_json(review.to_dict()))
    saved = SavedReview(review.version, review.decision, now(), review.reader, review.signed_at, edits, document)
    kept = {"decision": saved.decision, "saved_at": saved.saved_at, "reader": saved.reader, "signed_at": saved.signed_at}
    texts = {"edits": as_json(saved.edits), "document": as_json(saved.document)}
    connection.execute(insert(REVIEWS).values(scan_key=key, version=saved.version, **kept, **texts))
    content = as_json(reviewed.to_dict())
    connection.execute(insert(REVIEWED).values(scan_key=key, version=saved.version, content=content))
    signed = replace(scan, review=saved.decision, review_version=saved.version, reader=saved.reader, signed_at=saved.signed_at)
    scans.put(connection, key, replace(signed, summary=summary_of(reviewed)))
    action = "review_signed" if review.is_signed else "review_saved"
    facts = {"version": saved.version, "decision": saved.decision, "edits": len(edits)}
    confirmed = len(reviewed.review.confirmed) if reviewed.review else 0
    further = ({"names_confirmed": confirmed} if confirmed else {}) | ({"reader": saved.reader} if saved.reader else {})
    trail.append(connection, actor, action, scan_id, facts | further)
    return saved


def _versions(scan_id: str) -> Select[tuple[object, ...]]:
    return select(REVIEWS).join(SCANS, SCANS.c.key == REVIEWS.c.scan_key).where(SCANS.c.id == scan_id, THERE)
