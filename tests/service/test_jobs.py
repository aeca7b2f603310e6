"""What is ordered is found, measured and kept; what is cancelled is not; what is wrong says why."""

from __future__ import annotations

import os
import shutil
import sqlite3
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pydicom
import pytest

from endplate import phantom, pipeline
from endplate.anatomy import levels
from endplate.errors import InputRefused
from endplate.models import load
from endplate.phantom.dicom import write_series
from endplate.report.review_state import ReviewState
from endplate.review.images import read_images
from endplate.service.jobs.measure import part_of
from endplate.service.jobs.orders import measure_id, now, scan_id, write_order
from endplate.service.jobs.queue import ACTIVE
from endplate.service.records import Job, Scan
from endplate.volume.read import find_scans, read_scan
from small_scans import write_small
from working_service import Service, kill, wait


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """T11 to L3 as a DICOM series."""
    spine = phantom.fracture(phantom.spine(levels.USUAL[1:], phantom.SpineShape()), *phantom.parse_fracture("T12:wedge:2"))
    scanner = phantom.ScannerSettings((18.1, 21.8), 2.0, 2.5, field_mm=(140.0, 140.0))
    return write_series(phantom.render(spine, scanner=scanner, seed=2), tmp_path_factory.mktemp("series"))


@pytest.fixture
def at_work(here: Service) -> Service:
    here.worker()
    return here


def test_a_folder_is_found_and_measured_once(at_work: Service, scan: Path, series: Path, tmp_path: Path) -> None:
    folder = tmp_path / "upload"
    shutil.copytree(series, folder / "dicom")
    shutil.copy(scan, folder / "nifti.nii.gz")
    (folder / "broken.nrrd").write_bytes(b"NRRD0004\nnot so\n")
    lone = pydicom.dcmread(series / "0001.dcm")
    lone.SeriesInstanceUID, lone.SOPInstanceUID = "1.2.3", "1.2.4"
    lone.save_as(folder / "lone.dcm")
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.write(scan, "inside.nii.gz")
        for path in series.iterdir():
            archive.write(path, f"study/{path.name}")
    paths = [folder, tmp_path / "zipped.zip"]
    found = at_work.jobs.order_find(paths, "reader")
    wait(lambda: at_work.job(found.id).state == "done" and at_work.ended())
    scans = {s.name: s for s in at_work.scans()}
    assert {name: s.status for name, s in scans.items()} == {
        "dicom": "measured",
        "nifti": "measured",
        "zipped-000001": "measured",
        "zipped-series1": "measured",
        "broken": "refused",
        "lone": "refused",
    }
    assert at_work.job(found.id).scans == 6
    assert scans["dicom"].patient.name == scans["zipped-series1"].patient.name == "Phantom^Endplate"
    assert scans["dicom"].patient.study_description == "Procedural spine CT"
    assert "broken.nrrd" in scans["broken"].message
    assert "make 1 CT slices" in scans["lone"].message
    for name in ("dicom", "nifti", "zipped-000001", "zipped-series1"):
        results = at_work.data / "scans" / scans[name].id
        report = at_work.store.report(scans[name].id)
        assert report is not None
        assert report.summary is not None
        assert (results / "report.json").read_text() == report.to_json()
        assert report.summary.worst_level == "T12"
        assert {"read", "localise", "detect", "total"} <= set(report.timing_s)
        assert scans[name].has_images
        assert read_images(results / "images") is not None
    assert not at_work.leftovers()

    again = at_work.jobs.order_find(paths, "reader")
    wait(lambda: at_work.job(again.id).state == "done" and at_work.ended())
    assert len(at_work.scans()) == 6
    assert set(at_work.actions("measured").values()) == {1}


def test_a_name_of_any_bytes_is_no_obstacle(at_work: Service, scan: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"M\xfcller")
    folder.mkdir()
    shutil.copy(scan, folder / os.fsdecode(b"\xff.nii.gz"))
    found = at_work.jobs.order_find([folder], "reader")
    wait(at_work.ended)
    assert at_work.job(found.id).state == "done"
    assert [s.status for s in at_work.scans()] == ["measured"]


def test_progress_never_goes_back(at_work: Service, scan: Path) -> None:
    mark, seen = at_work.store.now_serial(), list[Job]()

    def ended() -> bool:
        seen.extend(at_work.store.jobs(since=mark, kind="measure"))
        return any(job.state == "done" for job in seen)

    at_work.jobs.order_find([scan], "reader")
    wait(ended)
    running = [job for job in seen if job.state == "running"]
    assert len({job.stage for job in running}) >= 3
    assert [job.share for job in seen] == sorted(job.share for job in seen)


def test_a_job_that_waits_is_cancelled_at_once_and_can_be_retried(here: Service, scan: Path) -> None:
    found = here.jobs.order_find([scan], "reader")
    assert here.jobs.cancel(found.id, "reader").state == "cancelled"
    assert here.jobs.retry(found.id, "reader").state == "waiting"
    here.worker()
    wait(lambda: bool(here.scans()) and here.ended())
    assert [s.status for s in here.scans()] == ["measured"]
    with pytest.raises(ValueError, match="is done; expected one that has failed or was cancelled"):
        here.jobs.retry(found.id, "reader")
    with pytest.raises(LookupError, match="there is no job"):
        here.jobs.cancel("0" * 32, "reader")


def test_what_ended_long_ago_is_swept_out_of_the_queue(here: Service, scan: Path, tmp_path: Path) -> None:
    def swept(after: timedelta) -> int:
        return here.jobs.sweep(datetime.now(UTC) + after)

    found = here.jobs.order_find([scan], "reader")
    worker = here.worker()
    wait(here.ended)
    assert swept(timedelta(days=-1)) == 0
    count = 0
    while count < 2:  # the queue knows of an end a moment after the store
        count += swept(timedelta(minutes=1))
    kill(worker)
    gone = here.jobs.order_find([tmp_path / "nowhere"], "reader")
    assert swept(timedelta(minutes=1)) == 0  # what waits stays
    here.worker()
    wait(here.ended)
    assert [here.job(job.id).state for job in (found, *here.measurements(), gone)] == ["done", "done", "failed"]
    wait(lambda: swept(timedelta(minutes=1)) == 1)
    here.jobs.retry(gone.id, "reader")  # as if it had never been ordered
    wait(lambda: here.job(gone.id).attempts == 1 and here.ended())
    assert here.job(gone.id).state == "failed"


def test_a_worker_sweeps_what_ended_long_ago_and_nothing_that_waits_or_runs(here: Service, scan: Path, tmp_path: Path) -> None:
    def orders(*states: str) -> set[str]:
        with closing(sqlite3.connect(here.data / "jobs.sqlite")) as connection:
            found = connection.execute("SELECT workflow_uuid, status FROM workflow_status").fetchall()
        return {job for job, state in found if state in states}

    first = here.worker()
    here.jobs.order_find([scan], "reader")
    wait(here.ended)
    wait(lambda: not orders(*ACTIVE))  # the queue knows of an end a moment after the store
    ended = orders("SUCCESS")
    folder = tmp_path / "more"
    folder.mkdir()
    for number in range(6):
        shutil.copy(scan, folder / f"scan-{number}.nii.gz")
    here.jobs.order_find([folder], "reader")
    wait(lambda: bool(here.measuring()))
    kill(first)
    open_ = orders(*ACTIVE)
    assert len(ended) == 2
    assert open_
    long_ago = int((datetime.now(UTC) - timedelta(days=31)).timestamp() * 1000)
    with closing(sqlite3.connect(here.data / "jobs.sqlite")) as connection, connection:
        connection.execute("UPDATE workflow_status SET created_at = ?, updated_at = ?", (long_ago, long_ago))
        connection.execute("UPDATE workflow_status SET completed_at = ? WHERE completed_at IS NOT NULL", (long_ago,))
    here.worker()
    wait(lambda: not orders("SUCCESS") & ended)
    wait(here.ended)
    wait(lambda: orders("SUCCESS") >= open_)
    assert {s.status for s in here.scans()} == {"measured"}
    assert list(here.actions("measured").values()) == [1] * 7


def test_of_many_clicks_on_retry_one_counts(here: Service, scan: Path) -> None:
    job = here.jobs.order_find([scan], "reader")
    here.jobs.cancel(job.id, "reader")

    def click(_: int) -> bool:
        try:
            here.jobs.retry(job.id, "reader")
        except ValueError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(click, range(16))) == 1
    assert here.job(job.id).state == "waiting"


def test_a_find_is_cancelled_with_its_measurements(here: Service, scan: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(12):
        shutil.copy(scan, folder / f"scan-{number}.nii.gz")
    here.worker()
    found = here.jobs.order_find([folder], "reader")
    # the first scan takes longest: the networks are loaded
    wait(lambda: any(job.stage == "localise" for job in here.measurements()))
    here.jobs.cancel(found.id, "reader")
    wait(here.ended)
    states = [job.state for job in here.measurements()]
    assert states.count("cancelled") >= 10
    assert {s.status for s in here.scans()} <= {"cancelled", "measured"}
    cancelled = next(job for job in here.measurements() if job.state == "cancelled")
    here.jobs.retry(cancelled.id, "reader")
    wait(here.ended)
    assert here.job(cancelled.id).state == "done"
    assert set(here.actions("measured").values()) == {1}
    assert not here.leftovers()


def test_what_was_cancelled_is_measured_when_it_is_found_again(here: Service, scan: Path) -> None:
    (there,) = find_scans(scan).scans
    added = Scan(scan_id(scan, part_of(there)), there.name, "waiting", now(), str(scan))
    here.store.add_scan(added, "reader")
    assert here.jobs.order_measure(added.id, added.name, Job("1" * 32, "find", "first", "cancelled", now()))
    here.jobs.cancel(measure_id(added.id), "reader")
    assert [s.status for s in here.scans()] == ["cancelled"]
    found = here.jobs.order_find([scan], "reader")
    here.worker()
    wait(here.ended)
    assert [s.status for s in here.scans()] == ["measured"]
    (job,) = here.measurements()
    assert (job.state, job.parent_id) == ("done", found.id)


def test_an_upload_without_a_scan_fails_and_is_not_kept(at_work: Service) -> None:
    upload = at_work.data / "uploads" / "some"
    upload.mkdir(parents=True)
    (upload / "letter.txt").write_text("no CT")
    found = at_work.jobs.order_find([upload], "reader", name="a letter")
    wait(at_work.ended)
    job = at_work.job(found.id)
    assert (job.name, job.state) == ("a letter", "failed")
    assert "holds no CT scan" in job.message
    assert not upload.exists()


def test_a_scan_whose_file_is_away_fails_and_is_measured_once_it_is_back(at_work: Service, scan: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.nii.gz"
    shutil.copy(scan, there)
    added = Scan(scan_id(there, part_of(find_scans(there).scans[0])), "there", "waiting", now(), str(there))
    away = there.rename(tmp_path / "away")
    at_work.store.add_scan(added, "reader")
    assert at_work.jobs.order_measure(added.id, added.name, Job("1" * 32, "find", "there", "done", now()))
    wait(at_work.ended)
    (only,) = at_work.scans()
    assert only.status == "failed"
    assert only.message == f"{there} does not exist any more; put it back and retry, or delete the scan"
    shutil.copy(scan, there)  # another file, as far as its time tells
    at_work.jobs.retry(measure_id(only.id), "reader")
    wait(at_work.ended)
    assert "has changed since it was added" in at_work.scans()[0].message
    away.replace(there)
    at_work.jobs.retry(measure_id(only.id), "reader")
    wait(at_work.ended)
    assert [s.status for s in at_work.scans()] == ["measured"]


def test_a_file_with_new_content_is_a_new_scan(here: Service, scan: Path, series: Path, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    plain, zipped = folder / "plain.nii.gz", folder / "zipped.zip"

    def zip_up(text: str) -> None:
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.write(scan, "inside.nii.gz")
            archive.writestr("readme.txt", text)

    shutil.copytree(series, folder / "series")
    shutil.copy(scan, plain)
    zip_up("one")
    here.worker()
    for rounds in (1, 2):
        for _ in range(2):
            here.jobs.order_find([folder], "reader")
            wait(here.ended)
        names = Counter(s.name for s in here.scans())
        assert names == {"scans": rounds, "zipped": rounds, "series": 1}
        assert {s.status for s in here.scans()} == {"measured"}
        write_small(plain)
        zip_up("and another")
        os.utime(folder / "series" / "0001.dcm")  # a series is known by its UID


def test_a_report_with_new_content_is_a_new_scan(at_work: Service, scan: Path, tmp_path: Path) -> None:
    result = pipeline.refused("one", scan, InputRefused("no_scan", "nothing in it"))
    for message, count in (("nothing in it", 1), ("nothing in it", 1), ("still nothing", 2)):
        report = replace(result.report, messages=tuple(replace(m, text=message) for m in result.report.messages))
        pipeline.write_result(replace(result, report=report), tmp_path / "out" / "one")
        at_work.jobs.order_import(tmp_path / "out", "reader")
        wait(at_work.ended)
        assert len(at_work.scans()) == count
    assert {s.message for s in at_work.scans()} == {"nothing in it", "still nothing"}


def test_a_deleted_scan_is_measured_again_when_it_is_found_again(at_work: Service, scan: Path) -> None:
    for _ in range(2):
        found = at_work.jobs.order_find([scan], "reader")
        wait(lambda job=found.id: at_work.job(job).state == "done" and at_work.ended())  # type: ignore[misc]
        (only,) = at_work.scans()
        assert only.status == "measured"
        assert at_work.job(measure_id(only.id)).name == only.name
        at_work.jobs.forget(only.id)
        assert at_work.job(measure_id(only.id)).name == ""
        at_work.store.delete_scan(only.id, "reader")
    assert at_work.actions("measured") == {only.id: 2}


def test_an_order_that_did_not_reach_the_queue_is_done_all_the_same(here: Service, scan: Path) -> None:
    # as if the web process had died between the two databases
    job = Job("1" * 32, "find", "lost", "waiting", now())
    write_order(here.data, job.id, {"paths": [str(scan)], "actor": "reader"})
    assert here.store.add_job(job)
    here.worker()
    wait(lambda: bool(here.scans()) and here.ended())
    assert [s.status for s in here.scans()] == ["measured"]


def test_finished_reports_are_taken_with_images_where_their_scan_is_there(at_work: Service, scan: Path, tmp_path: Path) -> None:
    volume = read_scan(find_scans(scan).scans[0])
    result = pipeline.quantify_volume(volume, load(threads=1))
    pipeline.write_result(result, tmp_path / "out" / "there")
    gone = replace(result.report, source=replace(result.report.source, name="gone", path=str(tmp_path / "gone.nii.gz")))
    pipeline.write_result(replace(result, report=gone), tmp_path / "out" / "gone")
    signed = replace(gone, review=ReviewState("accepted", 1, "Dr X", now(), ""))
    pipeline.write_result(replace(result, report=signed), tmp_path / "out" / "reviewed")
    (tmp_path / "out" / "bad").mkdir()
    (tmp_path / "out" / "bad" / "report.json").write_text("{}")
    for _ in range(2):
        taken = at_work.jobs.order_import(tmp_path / "out", "reader", roots=(scan.parent, tmp_path))
        wait(at_work.ended)
        job = at_work.job(taken.id)
        assert (job.state, job.scans) == ("done", 2)
        assert job.message.startswith("bad: ")
        assert job.message.endswith("; reviewed: carries a review already; give the model's own report.json")
    scans = {s.name: s for s in at_work.scans()}
    assert set(scans) == {"small", "gone"}
    assert scans["small"].has_images
    assert read_images(at_work.data / "scans" / scans["small"].id / "images") is not None
    assert not scans["gone"].has_images
    assert "gone.nii.gz does not exist" in scans["gone"].without_images
    assert at_work.store.report(scans["gone"].id) == gone
    nothing = at_work.jobs.order_import(tmp_path, "reader")
    wait(at_work.ended)
    assert "holds no report.json" in at_work.job(nothing.id).message
