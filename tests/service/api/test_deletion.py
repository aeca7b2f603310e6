"""A scan is deleted: what goes, what stays, and when its upload goes."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from endplate.service.deletion import sweep_uploads
from endplate.service.jobs.orders import Jobs, measure_id, now, read_order, write_order
from endplate.service.records import Job, JobState, Scan
from live_service import Live, running

NAME = "Doe_Jane"


def scan_of(live: Live, source: Path, state: JobState | None) -> Scan:
    """A scan of the worklist, and the job that measures it."""
    scan = Scan(uuid4().hex, NAME, "waiting", now(), str(source))
    live.store.add_scan(scan, "reader")
    if state is not None:
        live.store.add_job(Job(measure_id(scan.id), "measure", NAME, "waiting", now(), scan_id=scan.id))
        live.store.update_job(measure_id(scan.id), state=state, message=f"{source} is bad")
        write_order(live.settings.data, measure_id(scan.id), {"members": [f"{NAME}.nii"]})
    return scan


def delete(live: Live, scan: Scan) -> None:
    assert live.client.delete(f"/api/scans/{scan.id}").status_code == 204


def test_its_job_keeps_neither_name_nor_message_nor_order(tmp_path: Path) -> None:
    states: dict[JobState, JobState] = {"done": "done", "failed": "failed", "waiting": "cancelled", "running": "running"}
    with running(tmp_path) as live:
        for before, after in states.items():
            scan = scan_of(live, tmp_path / f"{NAME}.zip", before)
            delete(live, scan)
            job = live.get(f"/api/jobs/{measure_id(scan.id)}")
            assert (job["name"], job["message"], job["state"]) == ("", "", after)
            assert job["cancelling"] == (after == "running")
            assert read_order(tmp_path, measure_id(scan.id)) == {}
        delete(live, scan_of(live, tmp_path / "x.nii", None))  # a report that was taken in has no such job


def test_its_upload_stays_while_a_job_or_another_scan_needs_it(tmp_path: Path) -> None:
    with running(tmp_path) as live:
        upload = live.settings.uploads / "one"
        upload.mkdir(parents=True)
        jobs = Jobs(live.store, tmp_path)
        find = jobs.order_find([upload], "reader")
        delete(live, scan_of(live, upload / "ct.nii", None))
        assert upload.exists()
        jobs.cancel(find.id, "reader")
        scan, other = (scan_of(live, upload / "ct.nii", None) for _ in range(2))
        delete(live, scan)
        assert upload.exists()
        delete(live, other)
        assert not upload.exists()
        upload.mkdir()
        delete(live, scan_of(live, upload / "ct.nii", "running"))
        assert upload.exists()
        jobs.close()


def test_uploads_that_nothing_needs_go_at_the_start(tmp_path: Path) -> None:
    with running(tmp_path) as live:
        folders = {name: live.settings.uploads / name for name in ("measured", "retried", "over", "unknown")}
        jobs = Jobs(live.store, tmp_path)
        states: dict[str, JobState] = {"measured": "done", "retried": "failed", "over": "done"}
        for name, folder in folders.items():
            folder.mkdir(parents=True)
            if name in states:
                live.store.update_job(jobs.order_find([folder], "reader").id, state=states[name])
        jobs.close()
        scan_of(live, Path("/before/it/moved/uploads/measured/ct.nii"), None)
        assert sweep_uploads(live.store, live.settings) == 1
        assert {path.name for path in live.settings.uploads.iterdir()} == {"measured", "retried", "unknown"}
