"""What the store promises, on both databases."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import IntegrityError

from endplate.report.report import Message
from endplate.service.keeping import Conflict, Store
from endplate.service.records import Patient, Query, Summary
from endplate.service.store import SqlStore
from endplate.service.store.database import address
from service_records import AT, draft, measured, new_job, new_scan, relabelled, signed, unmeasured

ODD = 'O\'Neil "Bob"; DROP TABLE scans--\x00\udcff 山田^太郎 \U0001f9b4'


def actions(store: Store, scan_id: str | None = None) -> list[str]:
    return [entry.action for entry in store.audit(scan_id)]


def test_a_scan_comes_once(store: SqlStore) -> None:
    scan = new_scan(name="a", id="4711")
    assert store.add_scan(scan, "127.0.0.1")
    assert not store.add_scan(replace(scan, name="b"), "127.0.0.1")
    assert store.scan(scan.id) == scan
    assert [(e.number, e.actor, e.action, e.scan_id) for e in store.audit()] == [(1, "127.0.0.1", "scan_added", scan.id)]


def test_one_that_does_not_wait_is_no_new_scan(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="expected status 'waiting'"):
        store.add_scan(replace(new_scan(), status="measured"), "x")


def test_any_text_comes_back_as_it_was(store: SqlStore) -> None:
    scan = new_scan(name=ODD, id=ODD, study_description='"')
    store.add_scan(replace(scan, source=f"/scans/{ODD}"), ODD)
    assert store.scan(scan.id) == replace(scan, source=f"/scans/{ODD}")
    assert store.audit()[0].detail == {"name": ODD}
    assert store.audit()[0].actor == ODD
    assert [store.scan(ODD), store.job(ODD), store.review(ODD), store.report(ODD)] == [None] * 4


def test_a_scan_is_measured_once(store: SqlStore) -> None:
    scan, report = new_scan(), measured(2)
    store.add_scan(scan, "x")
    store.set_running(scan.id)
    assert store.scan(scan.id) == replace(scan, status="running")
    assert store.set_measured(scan.id, report, None)
    done = store.scan(scan.id)
    assert done is not None
    assert (done.status, done.has_images, done.message) == ("measured", True, "")
    assert done.summary == Summary(9, "T8", 2, 0.34, 1, report.summary.fracture_probability, False, report.summary.sentence)  # type: ignore[union-attr]
    assert not store.set_measured(scan.id, measured(0), "too short")
    store.set_running(scan.id)
    store.set_unmeasured(scan.id, "failed", "late")
    assert store.scan(scan.id) == done
    assert store.report(scan.id) == report
    assert actions(store) == ["scan_added", "measured"]


@pytest.mark.parametrize(("status", "message"), [("refused", "3 slices are missing"), ("no_spine", "no spine")])
def test_no_measurement_is_a_result_too(store: SqlStore, status: str, message: str) -> None:
    scan = new_scan()
    store.add_scan(scan, "x")
    assert store.set_measured(scan.id, unmeasured(status), "no vertebrae")
    assert store.scan(scan.id) == replace(scan, status=status, message=message, without_images="no vertebrae")  # type: ignore[arg-type]
    assert store.report(scan.id) == unmeasured(status)


def test_what_could_not_be_measured_waits_again(store: SqlStore) -> None:
    scan = new_scan()
    store.add_scan(scan, "x")
    for _ in range(2):
        store.set_unmeasured(scan.id, "failed", "out of memory")
    assert store.scan(scan.id) == replace(scan, status="failed", message="out of memory")
    store.set_unmeasured(scan.id, "waiting", "", "reader")
    assert store.scan(scan.id) == scan
    assert actions(store) == ["scan_added", "failed", "waiting"]
    with pytest.raises(ValueError, match="expected a status of waiting, failed, cancelled, got 'measured'"):
        store.set_unmeasured(scan.id, "measured", "")


def test_the_header_is_known_later(store: SqlStore) -> None:
    scan = new_scan()
    store.add_scan(scan, "x")
    patient = Patient("Müller^Jörg", "4711", "19500101", "M", "20260102", "CT Thorax", "A1")
    store.set_patient(scan.id, patient)
    assert store.scan(scan.id) == replace(scan, patient=patient)
    assert store.worklist(Query(search="jörg thorax")).total == 1


def test_a_report_of_a_megabyte_fits(store: SqlStore) -> None:
    scan = new_scan()
    store.add_scan(scan, "x")
    report = replace(measured(1), messages=tuple(Message("reader", "info", f"{i} \x00 ü" * 40) for i in range(2000)))
    assert len(report.to_json()) > 1_000_000
    store.set_measured(scan.id, report, None)
    assert store.report(scan.id) == report


def test_versions_of_a_review_are_kept(store: SqlStore) -> None:
    scan, report = new_scan(), measured(2)
    store.add_scan(scan, "x")
    store.set_measured(scan.id, report, None)
    assert store.review(scan.id) is None
    versions = [relabelled(report, 1), draft(report, 2, "ü"), signed(report, 3)]
    saved = [store.save_review(scan.id, *pair, follows, "reader") for follows, pair in enumerate(versions[:1])]
    assert store.scan(scan.id).summary.worst_grade == 0  # type: ignore[union-attr]
    assert store.scan(scan.id).review == "draft"  # type: ignore[union-attr]
    saved += [store.save_review(scan.id, *pair, follows + 1, "reader") for follows, pair in enumerate(versions[1:])]
    assert list(store.reviews(scan.id)) == saved
    assert [s.document for s in saved] == [json.loads(review.to_json()) for review, _ in versions]
    assert [store.reviewed_report(scan.id, version) for version in (1, 2, 3)] == [reviewed for _, reviewed in versions]
    assert [store.reviewed_report(scan.id, version) for version in (-1, 0, 4, 10**30)] == [None] * 4
    assert store.signed_versions(scan.id) == (3,)
    assert [s.edits for s in saved] == [("T8 set as not assessable: metal",), (), ()]
    assert (store.review(scan.id), store.review(scan.id, 1), store.review(scan.id, 4)) == (saved[2], saved[0], None)
    last = store.scan(scan.id)
    assert last is not None
    assert (last.review, last.review_version, last.reader, last.signed_at) == (
        "accepted",
        3,
        "Dr Ünal",
        "2026-11-25T08:30:00+01:00",
    )
    assert last.summary.worst_grade == 2  # type: ignore[union-attr]
    assert store.report(scan.id) == report
    assert actions(store, scan.id)[2:] == ["review_saved", "review_saved", "review_signed"]
    assert store.audit()[-1].detail == {"version": 3, "decision": "accepted", "edits": 0, "reader": "Dr Ünal"}


def test_a_reader_who_is_late_is_told(store: SqlStore) -> None:
    scan, report = new_scan(), measured(2)
    store.add_scan(scan, "x")
    with pytest.raises(LookupError, match="not measured yet"):
        store.save_review(scan.id, *draft(report, 1), 0, "one")
    store.set_measured(scan.id, report, None)
    store.save_review(scan.id, *draft(report, 1, "one"), 0, "one")
    with pytest.raises(Conflict, match="expected to follow version 1") as caught:
        store.save_review(scan.id, *draft(report, 1, "two"), 0, "two")
    assert caught.value.version == 1
    with pytest.raises(Conflict):
        store.save_review(scan.id, *draft(report, 3), 2, "two")
    with pytest.raises(ValueError, match="expected version 2, which follows 1, got 1"):
        store.save_review(scan.id, *draft(report, 1), 1, "two")
    assert [r.document["comment"] for r in store.reviews(scan.id)] == ["one"]
    assert [e.number for e in store.audit()] == [1, 2, 3]


def test_a_deleted_scan_is_gone_but_not_from_the_trail(store: SqlStore, url: str) -> None:
    scan, report = new_scan(name="secret", id="4711"), measured(2)
    store.delete_scan(scan.id, "nobody")
    store.add_scan(scan, "x")
    store.set_measured(scan.id, report, None)
    store.save_review(scan.id, *draft(report, 1), 0, "reader")
    store.delete_scan(scan.id, "reader")
    assert (store.scan(scan.id), store.report(scan.id), store.review(scan.id), list(store.reviews(scan.id))) == (
        None,
        None,
        None,
        [],
    )
    page = store.worklist(Query())
    assert (page.scans, page.total, set(page.counts.values())) == ((), 0, {0})
    assert not store.set_measured(scan.id, report, None)
    store.set_running(scan.id)
    store.set_patient(scan.id, Patient("late"))
    store.set_unmeasured(scan.id, "failed", "late")
    with pytest.raises(LookupError):
        store.save_review(scan.id, *draft(report, 2), 1, "reader")
    assert actions(store, scan.id) == ["scan_added", "measured", "review_saved", "scan_deleted"]
    kept = rows(url, "SELECT * FROM scans")
    assert not any(word in str(kept) for word in ("secret", "4711"))
    assert (store.reviewed_report(scan.id, 1), store.signed_versions(scan.id)) == (None, ())
    assert rows(url, "SELECT count(*) FROM reports") == rows(url, "SELECT count(*) FROM reviewed") == [(0,)]
    assert rows(url, "SELECT version FROM reviews") == [(1,)]


def test_a_deleted_scan_may_come_again(store: SqlStore, url: str) -> None:
    scan, report = new_scan(), measured(2)
    for _ in range(3):
        assert store.add_scan(scan, "x")
        store.set_measured(scan.id, report, None)
        assert store.save_review(scan.id, *draft(report, 1), 0, "reader").version == 1
        assert len(store.reviews(scan.id)) == 1
        store.delete_scan(scan.id, "reader")
    assert rows(url, "SELECT count(*) FROM reviews") == [(3,)]


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(address(url), poolclass=NullPool)
    with engine.begin() as connection:
        found = connection.execute(text(query))
        return [tuple(row) for row in found] if found.returns_rows else []


FORBIDDEN = [
    "UPDATE audit SET actor = 'somebody else' WHERE number = 1",
    "DELETE FROM audit WHERE number = 1",
    "INSERT INTO audit VALUES (1, 'at', 'actor', 'action', NULL, '{}')",
    "INSERT INTO audit VALUES (99, 'at', 'actor', 'action', NULL, '{}')",
    "UPDATE reviews SET decision = 'rejected'",
    "DELETE FROM reviews",
    "INSERT INTO reviews SELECT scan_key, 7, decision, saved_at, reader, signed_at, edits, document FROM reviews",
    "UPDATE reports SET content = '{}'",
    "UPDATE reviewed SET content = '{}'",
    "INSERT INTO reviewed SELECT scan_key, 7, content FROM reviewed",
    "DELETE FROM scans",
    "UPDATE scans SET status = 'good'",
]
ON_SQLITE = [
    "INSERT OR REPLACE INTO audit VALUES (1, 'at', 'actor', 'action', NULL, '{}')",
    "REPLACE INTO reviews SELECT scan_key, version, 'rejected', saved_at, reader, signed_at, edits, document FROM reviews",
    "REPLACE INTO reviewed SELECT scan_key, version, '{}' FROM reviewed",
]
ON_POSTGRESQL = ["TRUNCATE audit", "TRUNCATE reviews CASCADE", "TRUNCATE reviewed", "TRUNCATE scans CASCADE"]


def test_the_database_itself_keeps_the_past(store: SqlStore, url: str) -> None:
    scan, report = new_scan(), measured(2)
    store.add_scan(scan, "x")
    store.set_measured(scan.id, report, None)
    saved = store.save_review(scan.id, *draft(report, 1), 0, "reader")
    before = store.audit()
    for statement in FORBIDDEN + (ON_SQLITE if url.startswith("sqlite") else ON_POSTGRESQL):
        with pytest.raises(IntegrityError):
            rows(url, statement)
    assert store.audit() == before
    assert list(store.reviews(scan.id)) == [saved]
    assert store.reviewed_report(scan.id, 1) == draft(report, 1)[1]
    assert store.report(scan.id) == report
    store.note("x", "exported", scan.id, {"name": "report.pdf", "version": 1})
    assert store.audit(after=3)[0].number == 4


def test_the_trail_is_read_in_pieces(store: SqlStore) -> None:
    for i in range(7):
        store.note("x", "exported", f"scan{i % 2}", {"i": i, "nested": {"a": [1, None, "ü"]}})
    assert [e.detail["i"] for e in store.audit(after=2, limit=3)] == [2, 3, 4]
    assert [e.detail["i"] for e in store.audit("scan1", after=2)] == [3, 5]
    assert store.audit(after=10**30) == ()
    with pytest.raises(ValueError, match="JSON compliant"):
        store.note("x", "exported", None, {"a": math.nan})
    assert [e.number for e in store.audit()] == list(range(1, 8))


def test_a_job_that_ended_stays_so_unless_it_is_retried(store: SqlStore) -> None:
    job = new_job(scan_id="s", parent_id="p")
    assert store.add_job(job)
    assert not store.add_job(replace(job, name="other"))
    assert store.job(job.id) == job
    running = store.update_job(job.id, state="running", stage="detect", share=0.3, attempts=1, began_at=AT)
    assert running == store.job(job.id) == replace(job, state="running", stage="detect", share=0.3, attempts=1, began_at=AT)
    done = store.update_job(job.id, state="done", share=1.0, ended_at=AT)
    assert store.update_job(job.id, share=0.5) == store.update_job(job.id, state="failed") == done == store.job(job.id)
    again = store.update_job(job.id, state="waiting", share=0.0, ended_at=None)
    assert again == replace(done, state="waiting", share=0.0, ended_at=None)
    with pytest.raises(ValueError, match="kind, colour cannot be changed"):
        store.update_job(job.id, kind="find", colour="red")
    with pytest.raises(LookupError, match="expected one that was added"):
        store.update_job("nothing", share=0.1)


def test_jobs_are_found_by_state_kind_and_time_of_change(store: SqlStore) -> None:
    found = [new_job(f"j{i}", f"2026-11-25T07:30:0{i}.000+00:00", kind=("find", "measure")[i % 2]) for i in range(6)]
    start = store.now_serial()
    for job in found:
        store.add_job(job)
    mark = store.now_serial()
    assert [job.id for job in store.jobs()] == ["j5", "j4", "j3", "j2", "j1", "j0"]
    assert store.jobs(since=start) == store.jobs()
    assert store.jobs(since=mark) == ()
    store.update_job("j1", state="running")
    store.update_job("j4", state="done")
    store.update_job("j5", share=0.0)
    assert [job.id for job in store.jobs(since=mark)] == ["j4", "j1"]
    assert [job.id for job in store.jobs(states=("waiting", "running"), kind="measure")] == ["j5", "j3", "j1"]
    assert [job.id for job in store.jobs(states=("done",))] == ["j4"]
    with pytest.raises(ValueError, match=r"expected a mark of now_serial"):
        store.jobs(since="yesterday")
