"""Dead workers are told from living ones, and how they died."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from endplate.service.jobs.lives import deaths, replaced_folder
from working_service import environment

LIFE = """
import os, sys
from pathlib import Path
from endplate.service.jobs.lives import Life, replaced_folder
life = Life(Path(sys.argv[1]))
half = replaced_folder(Path(sys.argv[1]) / "scans" / "one", life.worker)
(half.__enter__() / "file").write_text("half")
print(life.worker, flush=True)
sys.stdin.readline()
os._exit(0)
"""


def start(data: Path) -> tuple[subprocess.Popen[str], str]:
    """A process that lives as a worker, and its id."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", LIFE, str(data)], env=environment(), text=True, **pipes)  # type: ignore[call-overload]
    return process, process.stdout.readline().strip()


def test_who_lives_is_left_alone_and_who_is_dead_is_cleaned_up_after(tmp_path: Path) -> None:
    process, worker = start(tmp_path)
    with deaths(tmp_path, "me") as found:
        assert not found
    assert (tmp_path / "scans" / f".one.{worker}" / "file").exists()
    with deaths(tmp_path, worker) as found:
        assert not found, "nobody looks at his own lock"
    process.communicate("end\n")
    with pytest.raises(RuntimeError), deaths(tmp_path, "me"):
        raise RuntimeError("what cannot be judged now is judged later")
    with deaths(tmp_path, "me") as found:
        assert [(death.worker, death.fault) for death in found] == [(worker, "")]
    assert not list((tmp_path / "scans").iterdir())
    assert not list((tmp_path / "workers").iterdir())


def test_memory_that_ran_out_meanwhile_is_a_fault(tmp_path: Path) -> None:
    process, worker = start(tmp_path)
    process.communicate("end\n")
    lock = tmp_path / "workers" / f"{worker}.lock"
    # as if Linux had ended a process since
    lock.write_text(json.dumps(json.loads(lock.read_text()) | {"memory_kills": -1}))
    with deaths(tmp_path, "me") as found:
        assert [death.fault for death in found] == ["the machine ran out of memory"]


def test_a_lock_that_a_power_cut_has_emptied_is_of_a_dead_worker(tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "gone.lock").touch()
    with deaths(tmp_path, "me") as found:
        assert [(death.worker, death.fault) for death in found] == [("gone", "")]


def test_a_folder_takes_the_place_of_an_earlier_one_or_vanishes(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    for text in ("first", "second"):
        with replaced_folder(folder, "me") as half:
            (half / text).touch()
    with pytest.raises(FileNotFoundError), replaced_folder(folder, "me") as half:
        (half / "not" / "there").touch()
    assert [path.name for path in folder.iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
