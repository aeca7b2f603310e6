"""``endplate cohort`` as users run it, really killed: every scan has its row exactly once."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import psutil
import pytest

from endplate.cli import exit_codes
from endplate.models import STAGES
from small_scans import copies, kill_group, rows, start, statuses, write_small

SCANS = 12
POISON = """
import multiprocessing, os, signal, sys
def swallow(event, arguments):
    if event == "open" and "poison.nii" in str(arguments[0]) and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    if event == "open" and ".cursed." in str(arguments[0]) and "overview.png" in str(arguments[0]) and curses:
        raise ZeroDivisionError(curses.pop())
curses = ["of the picture"]
sys.addaudithook(swallow)
"""
"""As sitecustomize: a worker that opens a file of one name is killed, as if memory had run out; a picture cannot be written."""


@pytest.fixture(scope="module")
def small_scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    weights = Path(str(resources.files("endplate") / "weights"))
    if not all((weights / stage / "model.onnx").is_file() for stage in STAGES):
        pytest.skip("no weights shipped yet")
    return write_small(tmp_path_factory.mktemp("small") / "scan.nii.gz")


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    said, told = process.communicate(timeout=300)
    return process.returncode, said, told


def finished(out: Path, names: Sequence[str] = ("[!.]*",)) -> int:
    return sum(len(list(out.glob(f"{name}/run.json"))) for name in names)


def until_finished(out: Path, count: int, process: subprocess.Popen[str], names: Sequence[str] = ("[!.]*",)) -> None:
    end = time.monotonic() + 300.0
    while finished(out, names) < count and process.poll() is None:
        assert time.monotonic() < end, "no scan was finished"
        time.sleep(0.01)


def test_killed_at_five_random_moments_and_resumed_every_scan_has_its_row_once(small_scan: Path, tmp_path: Path) -> None:
    out, chance = tmp_path / "out", random.Random(5)
    names = copies(small_scan, tmp_path / "scans", SCANS)
    first: dict[Path, int] = {}
    for turn in range(5):
        process = start(tmp_path / "scans", "--out", out, "--workers", "2")
        until_finished(out, 2 * turn + 1, process)
        time.sleep(chance.uniform(0.0, 0.4))
        kill_group(process)
        first |= {note: note.stat().st_mtime_ns for note in out.glob("[!.]*/run.json") if note not in first}
    code, said, told = finish(start(tmp_path / "scans", "--out", out, "--workers", "2"))
    assert code == exit_codes.OK, told
    assert rows(out) == {f"{name}.nii.gz": 1 for name in names}
    assert statuses(out) == {"ok": SCANS}
    with (out / "findings.csv").open(newline="") as stream:
        found = [(row["scan"], row["level"]) for row in csv.DictReader(stream)]
    assert len(found) == len(set(found)) == SCANS * 5
    assert {note: note.stat().st_mtime_ns for note in first} == first, "what was done was done again"
    assert {p.name for p in out.glob(".*")} == {".cohort"}, "half-written folders are left"
    assert f"{SCANS} scans: {SCANS} measured, 0 without a spine, 0 refused" in said
    assert f"{len(first)} done before" in said


def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(small_scan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    copies(small_scan, tmp_path / "scans", SCANS)
    process = start(str(tmp_path / "scans" / "*.nii.gz"), "--out", out, "--workers", "2")
    until_finished(out, 2, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    code, _, told = finish(process)
    assert code == exit_codes.INTERRUPTED
    assert "the same command goes on from there" in told
    assert "Traceback" not in told
    assert 2 <= sum(rows(out).values()) < SCANS
    assert not psutil.wait_procs(workers, timeout=60)[1]
    code, _, _ = finish(start(str(tmp_path / "scans" / "*.nii.gz"), "--out", out, "--workers", "2"))
    assert (code, max(rows(out).values()), sum(rows(out).values())) == (exit_codes.OK, 1, SCANS)


def test_killed_workers_cost_nothing_but_time(small_scan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = copies(small_scan, tmp_path / "scans", SCANS)
    process = start(tmp_path / "scans", "--out", out, "--workers", "2")
    given = 0
    for done in (1, 4):
        until_finished(out, done, process)
        until_finished(out, given, process, names[:given])  # a scan that loses its second worker too is given up
        for child in psutil.Process(process.pid).children():
            if "resource_tracker" not in " ".join(child.cmdline()):
                child.kill()
        given = finished(out) + 2  # in their order, one to each worker beyond those that are done
    code, _, told = finish(process)
    assert code == exit_codes.OK, told
    assert statuses(out) == {"ok": SCANS}
    attempts = [json.loads(note.read_text())["attempts"] for note in (out / ".cohort").glob("*.json")]
    assert len(attempts) == SCANS
    assert set(attempts) == {1, 2}


def test_a_scan_that_kills_every_worker_is_reported_and_can_be_retried(small_scan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    copies(small_scan, tmp_path / "scans", 4)
    (tmp_path / "scans" / "scan-001.nii.gz").rename(tmp_path / "scans" / "poison.nii.gz")
    (tmp_path / "scans" / "scan-002.nii.gz").rename(tmp_path / "scans" / "cursed.nii.gz")
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(POISON)
    given = (tmp_path / "scans", "--out", out, "--workers", "2")
    code, said, told = finish(start(*given, environment={"PYTHONPATH": str(tmp_path / "hook")}))
    assert code == exit_codes.FAULT, told
    assert statuses(out) == {"ok": 2, "refused": 2}
    message = json.loads((out / "poison" / "report.json").read_text())["messages"][0]
    assert message["code"] == "worker_died"
    assert "SIGKILL" in message["text"]
    assert "1 failed, 1 lost with their worker" in said
    assert json.loads((out / "cursed" / "report.json").read_text())["messages"][0]["code"] == "fault"
    assert "ZeroDivisionError: of the picture" in (out / "cursed" / "traceback.txt").read_text()
    assert json.loads((out / ".cohort" / "poison.json").read_text())["attempts"] == 2
    code, said, _ = finish(start(*given))
    assert (code, statuses(out)) == (exit_codes.FAULT, {"ok": 2, "refused": 2}), "a lost scan does not kill the next run"
    assert "0 in this run" in said
    code, said, _ = finish(start(*given, "--retry-failed"))
    assert (code, statuses(out)) == (exit_codes.OK, {"ok": 4})
    assert "2 done before" in said
