"""Whatever is done in whatever order: the store answers as the plain model does."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from endplate.morphometry.norms import shipped
from endplate.report.report import Report
from endplate.review.apply import reviewed
from endplate.review.document import Review, opened
from endplate.service.keeping import Conflict
from endplate.service.records import Patient, Query
from endplate.service.store import opened_store, sqlite_url
from postgresql_server import emptied
from service.store.store_model import Model
from service_records import measured, new_job, new_scan, relabelled, signed, unmeasured

SCANS = st.sampled_from(["a", "b", "c", "d"])
JOBS = st.sampled_from(["j", "k"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
NAMES = st.sampled_from(["", "Müller^Jörg", "100%_\\", '"', "山田^太郎"]) | TEXTS
REPORTS = st.builds(measured, st.sampled_from([0, 1, 2, 3]), st.sampled_from([0.1, 0.5, 0.9]))
RESULTS = REPORTS | st.sampled_from([unmeasured("refused"), unmeasured("no_spine")])
QUERIES = st.builds(
    Query,
    st.lists(st.sampled_from(["waiting", "running", "measured", "failed", "refused"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["none", "draft", "accepted", "rejected"]), max_size=2).map(tuple),
    st.none() | st.integers(0, 3),
    NAMES | st.sampled_from(["m", "ö", "%", "_", "a"]),
    descending=st.booleans(),
    size=st.just(500),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["waiting", "running", "done", "failed", "cancelled"]),
        "share": st.floats(0, 1),
        "stage": st.sampled_from(["", "read", "detect"]),
        "message": NAMES,
        "attempts": st.integers(0, 3),
        "cancelling": st.booleans(),
        "ended_at": st.none() | st.just("2026-01-01"),
    },
)


class Machine(RuleBasedStateMachine):
    """Does the same to both."""

    def __init__(self, url: Callable[[], str]) -> None:
        super().__init__()
        self.store = opened_store(url())
        self.model = Model()
        self.seconds = itertools.count()

    def both(self, method: str, *arguments: Any, **further: Any) -> Any:
        got = getattr(self.store, method)(*arguments, **further)
        assert got == getattr(self.model, method)(*arguments, **further)
        return got

    @initialize(reports=st.lists(REPORTS, min_size=3, max_size=3))
    def some_are_measured(self, reports: list[Report]) -> None:
        for scan_id, report in zip(("a", "b", "c"), reports, strict=True):
            self.both("add_scan", new_scan(scan_id), "client")
            self.both("set_measured", scan_id, report, None)

    @rule(scan_id=SCANS, name=NAMES, patient=st.builds(Patient, NAMES, NAMES))
    def add_scan(self, scan_id: str, name: str, patient: Patient) -> None:
        self.both("add_scan", replace(new_scan(scan_id, name), patient=patient), "client")

    @rule(scan_id=SCANS)
    def set_running(self, scan_id: str) -> None:
        self.both("set_running", scan_id)

    @rule(scan_id=SCANS, report=RESULTS, images=st.sampled_from([None, "too short"]))
    def set_measured(self, scan_id: str, report: Any, images: str | None) -> None:
        self.both("set_measured", scan_id, report, images)

    @rule(scan_id=SCANS, status=st.sampled_from(["waiting", "failed", "cancelled"]), message=NAMES)
    def set_unmeasured(self, scan_id: str, status: str, message: str) -> None:
        self.both("set_unmeasured", scan_id, status, message)

    @rule(scan_id=SCANS, patient=st.builds(Patient, NAMES, NAMES, accession_number=NAMES))
    def set_patient(self, scan_id: str, patient: Patient) -> None:
        self.both("set_patient", scan_id, patient)

    @rule(scan_id=SCANS)
    def delete_scan(self, scan_id: str) -> None:
        self.both("delete_scan", scan_id, "client")

    @precondition(lambda self: any(r.status != "refused" for r in self.model.reports.values()))
    @rule(data=st.data(), late=st.sampled_from([0, 0, 0, -1, 1]), kind=st.sampled_from(["draft", "signed", "changed"]))
    def save_review(self, data: st.DataObject, late: int, kind: str) -> None:
        at = data.draw(st.sampled_from(sorted(i for i, r in self.model.reports.items() if r.status != "refused")))
        report, follows = self.model.reports[at], max(0, len(self.model.versions.get(at, [])) + late)
        review: Review = replace(opened(report), version=follows + 1)
        pair = review, reviewed(report, review, shipped())
        if report.status == "ok" and kind == "changed":
            pair = relabelled(report, follows + 1)
        elif report.status == "ok" and kind == "signed":
            pair = signed(report, follows + 1, f"2026-01-01T{10 + next(self.seconds) % 10}:00:00+00:00")
        expected = self.tried(self.model, at, pair, follows)
        assert self.tried(self.store, at, pair, follows) == expected
        if expected is None:
            assert self.store.review(at) == self.store.review(at, follows + 1)
        self.both("signed_versions", at)
        for version in range(follows + 2):
            self.both("reviewed_report", at, version)

    def tried(self, store: Any, scan_id: str, pair: tuple[Review, Report], follows: int) -> int | None:
        """None, or the version that was in the way."""
        try:
            store.save_review(scan_id, *pair, follows, "reader")
        except Conflict as conflict:
            return conflict.version
        return None

    @rule(query=QUERIES)
    def worklist(self, query: Query) -> None:
        page = self.store.worklist(query)
        expected = self.model.worklist(query)
        assert list(page.scans) == expected
        assert page.total == len(expected)
        assert {k: n for k, n in page.counts.items() if n} == self.model.counts()

    @rule(job_id=JOBS, name=NAMES)
    def add_job(self, job_id: str, name: str) -> None:
        self.both("add_job", new_job(job_id, name=name))

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data(), changes=CHANGES)
    def update_job(self, data: st.DataObject, changes: dict[str, Any]) -> None:
        self.both("update_job", data.draw(st.sampled_from(sorted(self.model.jobs))), **changes)

    @rule(since=st.integers(0, 20))
    def jobs_since(self, since: int) -> None:
        assert self.store.now_serial() == str(len(self.model.changes))
        assert {job.id for job in self.store.jobs(since=str(since))} == set(self.model.changes[since:])

    @invariant()
    def nothing_else_changed(self) -> None:
        assert [(e.actor, e.action, e.scan_id) for e in self.store.audit()] == self.model.trail
        assert [e.number for e in self.store.audit()] == list(range(1, len(self.model.trail) + 1))
        for scan_id in ("a", "b", "c", "d"):
            assert self.store.scan(scan_id) == self.model.scans.get(scan_id)
            assert self.store.report(scan_id) == self.model.reports.get(scan_id)
            kept = [Review.from_dict(r.document) for r in self.store.reviews(scan_id)]
            assert kept == self.model.versions.get(scan_id, [])
        assert {job.id: job for job in self.store.jobs()} == self.model.jobs
        assert list(self.store.worklist(Query()).scans) == self.model.worklist(Query())

    def teardown(self) -> None:
        self.store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes a database that holds nothing."""
    numbers = itertools.count()
    if request.param == "sqlite":
        opened_store(sqlite_url(tmp_path / "empty.sqlite")).close()

        def copied() -> str:
            return sqlite_url(Path(shutil.copy(tmp_path / "empty.sqlite", tmp_path / f"{next(numbers)}.sqlite")))

        return copied
    return lambda: emptied(request.getfixturevalue("server"))


def test_the_store_answers_as_the_model(new_url: Callable[[], str]) -> None:
    few = settings(max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(lambda: Machine(new_url), settings=few)
