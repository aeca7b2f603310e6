"""A disk that is full, or a database that takes nothing: said in words, and gone on with once there is room."""

from __future__ import annotations

import resource
import sqlite3
from contextlib import closing
from pathlib import Path

from small_scans import write_small
from working_service import Service, wait


def test_a_file_that_cannot_be_written_fails_its_job_in_words(here: Service, tmp_path: Path) -> None:
    scan = write_small(tmp_path / "small.nii.gz")
    worker = here.worker()
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))  # less than the images take
    here.jobs.order_find([scan], "reader")
    wait(lambda: bool(here.measurements()) and here.ended())
    (job,) = here.measurements()
    assert job.state == "failed"
    assert "a file cannot be read or written" in job.message
    assert "please report it" not in job.message
    assert here.leftovers() == []
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    here.jobs.retry(job.id, "reader")
    wait(here.ended)
    assert here.scans()[0].has_images


def test_a_job_whose_end_cannot_be_kept_goes_to_the_next_worker(here: Service, tmp_path: Path) -> None:
    scan = write_small(tmp_path / "small.nii.gz")
    with closing(sqlite3.connect(here.data / "endplate.sqlite")) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON jobs WHEN OLD.state = 'running' BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        database.commit()
        worker = here.worker()
        job = here.jobs.order_find([scan], "reader")
        wait(lambda: worker.poll() == 1)
        assert here.job(job.id).state == "running"
        database.execute("DROP TRIGGER full")
        database.commit()
    here.worker()
    wait(here.ended)
    assert here.job(job.id).state == "done"
