"""Many scans with the oracle in the networks' place: the phantom's truth, through the real pipeline, to files."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from endplate import __version__, pipeline
from endplate.cohort import Destination, Job, Maker, Outcome, run, worklist, write_tables
from endplate.localisation.codec import Maps
from endplate.models import Models
from endplate.volume import Volume


def quantified(paths: list[Path], out: Path, networks: Models, overwrite: bool = False) -> dict[str, Outcome]:
    destination = Destination(out, Maker(__version__, {}), overwrite)
    out.mkdir(exist_ok=True)
    done = {o.job.name: o for o in run(worklist(paths, out), destination, networks, pipeline.Settings())}
    write_tables(out)
    return done


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_bad_scan_is_reported_and_does_not_stop_the_good_one(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    done = quantified([scans], out, networks)
    assert {name: o.report.status for name, o in done.items()} == {"ct-anna": "ok", "broken": "refused"}
    assert sorted(p.name for p in (out / "ct-anna").iterdir()) == ["overview.png", "report.json", "run.json"]
    assert json.loads((out / "broken" / "report.json").read_text())["messages"][0]["code"] == "not_dicom"
    assert {row["scan"]: row["status"] for row in rows(out / "scans.csv")} == {"ct-anna": "ok", "broken": "refused"}
    worst = max(rows(out / "findings.csv"), key=lambda row: float(row["loss"] or 0))
    assert (worst["scan"], worst["level"], worst["grade"], worst["shape"]) == ("ct-anna", "T12", "2", "wedge")


def test_what_is_done_is_not_done_again_and_stays_in_the_tables(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("report.json")}
    tables = [(out / name).read_text() for name in ("findings.csv", "scans.csv")]
    again = quantified([scans], out, networks)
    assert all(o.earlier for o in again.values())
    assert {p: p.stat().st_mtime_ns for p in out.rglob("report.json")} == before
    assert [(out / name).read_text() for name in ("findings.csv", "scans.csv")] == tables
    assert not any(o.earlier for o in quantified([scans], out, networks, overwrite=True).values())


def test_a_half_written_result_is_done_again_and_notes_of_the_user_stay(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks)
    (out / "ct-anna" / "run.json").unlink()
    (out / "ct-anna" / "notes.txt").write_text("seen by A.")
    assert not quantified([scans], out, networks)["ct-anna"].earlier
    assert (out / "ct-anna" / "notes.txt").read_text() == "seen by A."


def test_changed_input_and_other_weights_are_done_again(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks)
    (scans / "broken.dcm").write_text("this is still no DICOM")
    again = quantified([scans], out, networks)
    assert {name: o.earlier for name, o in again.items()} == {"ct-anna": True, "broken": False}
    jobs = worklist([scans], out)
    newer = Destination(out, Maker(__version__, {"detector": "0123"}))
    assert not any(o.earlier for o in run(jobs, newer, networks, pipeline.Settings()))


def test_two_inputs_of_one_name_never_share_a_folder(scans: Path, tmp_path: Path, networks: Models) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    shutil.copytree(scans, other)
    quantified([scans], out, networks)
    assert set(quantified([other], out, networks)) == {"ct-anna-2", "broken-2"}
    assert len(rows(out / "scans.csv")) == 4
    assert all(o.earlier for o in quantified([other, scans], out, networks).values())


def test_the_same_scan_twice_is_done_once(scans: Path, tmp_path: Path) -> None:
    names = [job.name for job in worklist([scans, scans / "anna", scans / "broken.dcm"], tmp_path / "out")]
    assert sorted(names) == ["broken", "ct-anna"]


def test_a_fault_of_ours_is_kept_with_its_traceback(scans: Path, tmp_path: Path, networks: Models) -> None:
    def broken(small: Volume) -> Maps:
        raise ZeroDivisionError(small.hu.shape)

    out = tmp_path / "out"
    done = quantified([scans], out, replace(networks, localiser=broken))
    assert done["ct-anna"].is_fault
    assert not done["broken"].is_fault
    assert "ZeroDivisionError" in (out / "ct-anna" / "traceback.txt").read_text()
    assert len(rows(out / "scans.csv")) == 2


def test_a_write_that_fails_leaves_the_earlier_result_whole(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks)
    before = {p: p.read_bytes() for p in (out / "ct-anna").iterdir()}
    (out / f".ct-anna.{os.getpid()}").write_text("a file where the half-written folder should be")
    with pytest.raises(OSError, match="ct-anna"):
        quantified([scans], out, networks, overwrite=True)
    assert {p: p.read_bytes() for p in (out / "ct-anna").iterdir()} == before


def test_an_empty_folder_and_a_missing_path_are_refusals(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    jobs: list[Job] = worklist([tmp_path / "empty", tmp_path / "nowhere"], tmp_path / "out")
    assert [(job.name, job.refusal.code if job.refusal else "") for job in jobs] == [("empty", "no_scan"), ("nowhere", "no_scan")]
