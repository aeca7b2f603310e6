"""``endplate quantify`` with the shipped weights: what users give it by mistake, and what the machine does to it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from endplate.cli import exit_codes, run

pytestmark = pytest.mark.usefixtures("weights")

DENY_NETWORK = """
import os, sys
def deny(event, arguments):
    # urllib3, which pydicom imports where it is installed, binds a socket to ::1 to learn whether there is IPv6
    local = event == "socket.bind" and arguments[1][:2] == ("::1", 0)
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto") and not local:
        os.write(2, f"network: {event} {arguments}".encode())
        os._exit(99)
sys.addaudithook(deny)
"""
"""As sitecustomize: the process ends with code 99 at the first use of the network."""


def quantify(*arguments: Path | str) -> int:
    return run(["quantify", *map(str, arguments)])


def status(out: Path) -> dict[str, str]:
    with (out / "scans.csv").open(newline="") as stream:
        return {row["scan"]: row["status"] for row in csv.DictReader(stream)}


def first_message(out: Path, scan: str) -> dict[str, str]:
    message: dict[str, str] = json.loads((out / scan / "report.json").read_text())["messages"][0]
    return message


def test_a_series_gives_report_picture_and_tables_without_torch_or_network(small_series: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(DENY_NETWORK)
    out = tmp_path / "out"
    code = "import sys; from endplate.cli import run; code = run(sys.argv[1:]); assert 'torch' not in sys.modules; sys.exit(code)"
    command = [sys.executable, "-c", code, "quantify", str(small_series), "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == exit_codes.OK, done.stderr
    assert sorted(p.name for p in (out / "series").iterdir()) == ["overview.png", "report.json", "run.json"]
    assert status(out) == {"series": "ok"}
    assert "[1/1] series: " in done.stderr


def test_further_renderings_lie_beside_the_report_offline(small_series: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(DENY_NETWORK)
    out = tmp_path / "out"
    flags = ["--html", "--pdf", "--fhir", "--slicer"]
    command = [sys.executable, "-m", "endplate", "quantify", str(small_series), "--out", str(out), *flags]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == exit_codes.OK, done.stderr
    made = {"report.html", "report.pdf", "fhir.json", "slicer.mrk.json"}
    assert {p.name for p in (out / "series").iterdir()} == {"overview.png", "report.json", "run.json"} | made
    assert all(f"{out}/*/{name}" in done.stdout for name in made)
    sentence = json.loads((out / "series" / "report.json").read_text())["summary"]["sentence"]
    assert sentence.startswith("Vertebral fracture: T12 wedge")
    assert sentence in (out / "series" / "report.html").read_text(encoding="utf-8")


def test_a_file_that_is_no_dicom_has_its_message_and_its_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = np.full((40, 60, 60), -1000, np.int16)
    empty[:, 20:40, 20:40] = 40
    nibabel.save(nibabel.Nifti1Image(empty.transpose(2, 1, 0), np.diag([-3.0, -3.0, 3.0, 1.0])), tmp_path / "box.nii.gz")
    assert quantify(tmp_path / "box.nii.gz", "--out", tmp_path / "out", "--dicom", "--html") == exit_codes.OK
    assert "no report.sr.dcm, overview.sc.dcm, report.pdf.dcm: the scan is nifti, not DICOM" in capsys.readouterr().err
    report = json.loads((tmp_path / "out" / "box" / "report.json").read_text())
    assert report["messages"][-1]["code"] == "no_dicom_source"


def test_dicom_objects_lie_beside_the_report(small_series: Path, tmp_path: Path) -> None:
    pytest.importorskip("endplate.dicom.results")
    assert quantify(small_series, "--out", tmp_path, "--dicom") == exit_codes.OK
    for name in ("report.sr.dcm", "overview.sc.dcm", "report.pdf.dcm"):
        assert pydicom.dcmread(tmp_path / "series" / name).PatientID == pydicom.dcmread(next(small_series.iterdir())).PatientID


@pytest.fixture
def mistakes(small_series: Path, tmp_path: Path) -> Path:
    """One of everything that is no CT volume."""
    folder = tmp_path / "mistakes"
    (folder / "empty").mkdir(parents=True)
    (folder / "text.dcm").write_text("this is no DICOM")
    copy(small_series, folder / "mr", 8, Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    flat = nibabel.Nifti1Image(np.zeros((40, 40, 1), np.int16), np.eye(4))
    nibabel.save(flat, folder / "flat.nii.gz")
    nibabel.save(
        nibabel.Nifti1Image(np.full((40, 40, 40), -3, np.int16), np.diag([2.0, 2.0, 2.0, 1.0])), folder / "constant.nii.gz"
    )
    return folder


def copy(series: Path, folder: Path, count: int = 1000, **tags: str) -> None:
    """Slices of a series with changed tags, as a series of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(series.iterdir())[:count]:
        ds = pydicom.dcmread(file)
        for name, value in tags.items():
            setattr(ds, name, value)
        if "SOPClassUID" in tags:
            ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.save_as(folder / f"{tags.get('SeriesNumber', '1')}-{file.name}")


def test_each_mistake_has_its_message_and_the_good_scan_its_result(small_series: Path, mistakes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert quantify(mistakes, mistakes / "empty", small_series, "--out", out) == exit_codes.REFUSED
    found = status(out)
    assert found.pop("series") == "ok"
    assert set(found.values()) == {"refused"}
    codes = {scan: first_message(out, scan)["code"] for scan in found}
    assert codes["empty"] == "no_scan"
    assert codes["text"] == "not_dicom"
    assert codes["constant"] == "constant"
    assert len(codes) == 5, codes
    assert all(len(first_message(out, scan)["text"]) > 20 for scan in found)


def test_a_scan_without_a_spine_is_a_result(tmp_path: Path) -> None:
    _, y, x = np.mgrid[:60, :90, :120] * 3.0
    belly = np.where(((x - 180) / 150) ** 2 + ((y - 135) / 100) ** 2 < 1, 40, -1000).astype(np.int16)
    belly += np.random.default_rng(0).normal(0, 10, belly.shape).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(belly.transpose(2, 1, 0), np.diag([-3.0, -3.0, 3.0, 1.0])), tmp_path / "belly.nii.gz")
    assert quantify(tmp_path / "belly.nii.gz", "--out", tmp_path / "out") == exit_codes.OK
    assert status(tmp_path / "out") == {"belly": "no_spine"}
    assert (tmp_path / "out" / "belly" / "overview.png").is_file()


def test_of_two_series_of_a_study_the_better_is_measured_and_the_other_is_named(
    small_series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "study", tmp_path / "out"
    copy(small_series, folder)
    copy(small_series, folder, SeriesInstanceUID="1.2.3.4", SeriesNumber="7", SOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    assert quantify(folder, "--out", out) == exit_codes.OK
    assert status(out) == {"study-series1": "ok"}
    said = capsys.readouterr().out
    assert "1 other CT series of these studies not taken" in said
    assert "series 7 (1.2.3.4)" in said
    report = json.loads((out / "study-series1" / "report.json").read_text())
    assert any("series 7 (1.2.3.4) was not taken" in message["text"] for message in report["messages"])
    assert quantify(folder, "--out", tmp_path / "one", "--series", "1.2.3.4") == exit_codes.OK
    assert status(tmp_path / "one") == {"study-series7": "ok"}
    assert quantify(folder, "--out", tmp_path / "none", "--series", "1.2.3.5") == exit_codes.REFUSED
    assert first_message(tmp_path / "none", "study")["code"] == "no_such_series"
    assert quantify(folder, "--out", out, "--series", "1.2.3.4", "--all-series") == exit_codes.USAGE
    assert quantify(folder, "--out", out, "--all-series") == exit_codes.OK
    assert status(out) == {"study-series1": "ok", "study-series7": "ok"}


def test_a_zip_is_measured_like_its_folder(small_series: Path, tmp_path: Path) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "export"), "zip", small_series))
    assert quantify(path, "--out", tmp_path / "out") == exit_codes.OK
    assert status(tmp_path / "out") == {"export": "ok"}
    assert quantify(path, "--out", tmp_path / "out") == exit_codes.OK


def test_top_level_is_for_one_scan(small_series: Path, mistakes: Path, tmp_path: Path) -> None:
    assert quantify(small_series, mistakes, "--out", tmp_path / "out", "--top-level", "T6") == exit_codes.USAGE
    assert quantify(small_series, "--out", tmp_path / "out", "--top-level", "T6") == exit_codes.OK
    report = json.loads((tmp_path / "out" / "series" / "report.json").read_text())
    assert next(v["level"] for v in report["vertebrae"] if v["complete"]) == "T6"


def test_an_output_that_is_no_folder_is_exit_code_5(small_series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert quantify(small_series, "--out", tmp_path / "file" / "out") == exit_codes.OUTPUT
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_read_only_output_is_exit_code_5(small_series: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o555)
    # root may write anywhere unless it gives that right away
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if bound and not shutil.which("setpriv"):
        pytest.skip("root may write anywhere")
    command = [*bound, sys.executable, "-m", "endplate", "quantify", str(small_series), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == exit_codes.OUTPUT, done.stderr
    assert str(out) in done.stderr
    assert list(out.iterdir()) == []


def test_a_full_disk_is_exit_code_5_and_what_was_done_stays(small_series: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    assert quantify(small_series, "--out", out) == exit_codes.OK
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    copy(small_series, other)
    script = f"ulimit -f 8; exec {sys.executable} -m endplate quantify {other} --out {out}"  # no file beyond 8 kB
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == exit_codes.OUTPUT, done.stderr
    assert "free space" in done.stderr
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(small_series: Path, tmp_path: Path) -> None:
    for number, name in enumerate("abcdef"):
        copy(small_series, tmp_path / "scans" / name, SeriesInstanceUID=f"1.2.3.{number}", StudyInstanceUID=f"1.2.4.{number}")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "endplate", "quantify", str(tmp_path / "scans"), "--out", str(out)]
    # a shell's background job ignores Ctrl-C, and so would its children
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    deadline = time.monotonic() + 120
    while not (out / "a" / "run.json").is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == exit_codes.INTERRUPTED, said
    assert "interrupted" in said
    done = set(status(out))
    assert "a" in done
    assert len(done) < 6
    assert not list(out.glob(".*"))
    times = {name: (out / name / "report.json").stat().st_mtime_ns for name in done}
    assert quantify(tmp_path / "scans", "--out", out) == exit_codes.OK
    assert set(status(out)) == set("abcdef")
    assert {name: (out / name / "report.json").stat().st_mtime_ns for name in done} == times


def test_demo_finds_its_fracture(tmp_path: Path) -> None:
    assert quantify("--demo", "--out", tmp_path) == exit_codes.OK
    with (tmp_path / "findings.csv").open(newline="") as stream:
        worst = max(csv.DictReader(stream), key=lambda row: float(row["loss"] or 0))
    assert (worst["level"], worst["grade"], worst["shape"]) == ("T12", "2", "wedge")


def test_info_names_the_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info"]) == exit_codes.OK
    said = capsys.readouterr().out
    assert "localiser" in said
    assert "sha256" in said
