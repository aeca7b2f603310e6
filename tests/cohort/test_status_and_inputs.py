"""What a cohort tells of its scans from the disk alone, which paths it means, and what it clears away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from endplate import __version__, pipeline
from endplate.cli import exit_codes, run
from endplate.cohort import Destination, Maker, stream, worklist
from endplate.cohort import run as quantified
from endplate.cohort.inputs import expanded
from endplate.cohort.leftovers import clean
from endplate.cohort.status import begin, last_attempt, statuses
from endplate.errors import InputRefused
from endplate.models import Models


def gone() -> int:
    """Number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_states_are_told_from_the_disk(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    out.mkdir()
    destination, jobs = Destination(out, Maker(__version__, {})), worklist([scans], out)
    assert {s.name: s.state for s in statuses(jobs, destination)} == {"ct-anna": "waiting", "broken": "waiting"}
    begin(out, "ct-anna")
    assert {s.name: s.state for s in statuses(jobs, destination)} == {"ct-anna": "running", "broken": "waiting"}
    note = out / ".cohort" / "ct-anna.json"
    note.write_text(note.read_text().replace(str(os.getpid()), str(gone())))
    begin(out, "broken")
    found = {s.name: (s.state, s.attempts) for s in statuses(jobs, destination)}
    assert found == {"ct-anna": ("waiting", 1), "broken": ("running", 1)}, "its process was killed"
    list(quantified(jobs, destination, networks, pipeline.Settings()))
    done = {s.name: s for s in statuses(jobs, destination)}
    assert (done["ct-anna"].state, done["broken"].state, done["broken"].code) == ("measured", "refused", "not_dicom")
    assert done["ct-anna"].seconds > 0
    begin(out, "ct-anna")
    note.write_text(note.read_text()[:10])
    assert last_attempt(out, "ct-anna") is None, "a damaged note is no note"


def test_patterns_files_and_missing_paths(tmp_path: Path) -> None:
    for name in ("b/ct.nii", "a/ct.nii", "a/mask.nii", "a[1].nii"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = expanded([str(tmp_path / "*" / "ct.nii"), str(tmp_path / "a" / "ct.nii"), str(tmp_path / "a[1].nii")])
    assert found == [tmp_path / "a" / "ct.nii", tmp_path / "b" / "ct.nii", tmp_path / "a[1].nii"]
    assert expanded([str(tmp_path / "**" / "mask.nii")]) == [tmp_path / "a" / "mask.nii"]
    assert expanded([str(tmp_path / "nowhere")]) == [tmp_path / "nowhere"]
    with pytest.raises(ValueError, match=r"no path matches .*\*\.mha"):
        expanded([str(tmp_path / "*.mha")])


def test_the_command_line_says_what_is_wrong_and_how_far_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert run(["cohort", *out]) == exit_codes.USAGE
    assert "at least one INPUT" in capsys.readouterr().err
    assert run(["cohort", str(tmp_path / "*.mha"), *out]) == exit_codes.USAGE
    assert run(["cohort", str(tmp_path), *out, "--workers", "-1"]) == exit_codes.USAGE
    assert run(["cohort", str(tmp_path), *out, "--norms", "none"]) == exit_codes.USAGE
    assert run(["cohort", str(tmp_path / "nowhere"), *out, "--status"]) == exit_codes.OK
    assert "1 scan: 0 measured, 0 without a spine, 0 refused, 1 waiting" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert run(["cohort", str(tmp_path / "nowhere"), *out, "--workers", "1"]) == exit_codes.REFUSED
    assert "1 no_scan, such as nowhere: " in capsys.readouterr().out


def test_only_what_dead_processes_left_is_cleared_away(tmp_path: Path) -> None:
    dead, alive = gone(), os.getppid()
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as unreaped:
        assert unreaped.stdout is not None
        unreaped.stdout.read()
        os.waitid(os.P_PID, unreaped.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
        names = [".git", "scan", f"scan.{dead}", f".scan.{alive}"]
        for name in (*names, f".scan.{dead}", f".scan.{os.getpid()}", f".scan.{unreaped.pid}"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "report.json").touch()
        for name in (".hidden", f".scans.csv.{alive}.part", f".scans.csv.{dead}.part"):
            (tmp_path / name).touch()
        assert clean(tmp_path) == 4
    assert {p.name for p in tmp_path.iterdir()} == {*names, ".hidden", f".scans.csv.{alive}.part"}
    assert clean(tmp_path / "nowhere") == 0


def test_an_input_keeps_its_name_when_the_other_of_that_name_is_not_there(scans: Path, tmp_path: Path, networks: Models) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    out.mkdir()
    other.mkdir()
    (other / "broken.dcm").write_text("nor is this")
    both = [other / "broken.dcm", scans / "broken.dcm"]
    first, second = worklist(both, out)
    assert (first.name, second.name) == ("broken", "broken-2")
    list(quantified([second], Destination(out, Maker(__version__, {})), networks, pipeline.Settings()))
    assert [job.name for job in worklist([scans / "broken.dcm"], out)] == ["broken-2"]
    assert [job.name for job in worklist(both, out)] == ["broken", "broken-2"]


def test_errors_travel_between_processes() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(InputRefused("not_ct", "an MR")))
    assert (error.code, error.message, str(error)) == ("not_ct", "an MR", "an MR")


def test_inputs_are_looked_for_one_by_one_with_the_names_that_all_at_once_get(tmp_path: Path) -> None:
    inputs = [tmp_path / name / "scan.nii.gz" for name in ("a", "b", "a", "c")]
    for one in inputs:
        one.parent.mkdir(exist_ok=True)
        one.write_bytes(b"no NIfTI")
    out, drawn = tmp_path / "out", list[Path]()

    def paths() -> Iterator[Path]:
        for one in inputs:
            drawn.append(one)
            yield one

    jobs = stream(paths(), out)
    first = next(jobs)
    assert drawn == inputs[:1], "the others are looked for when their turn comes"
    assert [first, *jobs] == worklist(inputs, out)
    assert drawn == inputs


def test_a_rendering_that_is_asked_for_later_is_added_without_measuring_again(scans: Path, tmp_path: Path) -> None:
    command = ["cohort", str(scans / "anna"), "--out", str(tmp_path / "out"), "--workers", "1", "--no-parquet"]
    assert run(command) == exit_codes.OK
    folder = tmp_path / "out" / "ct-anna"
    picture = (folder / "overview.png").stat().st_mtime_ns
    assert run([*command, "--html"]) == exit_codes.OK
    assert (folder / "report.html").is_file()
    assert (folder / "overview.png").stat().st_mtime_ns == picture
