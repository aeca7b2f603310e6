"""Small phantoms as files, and the command line on them as a process group of its own that can be killed."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nibabel
import numpy as np

from endplate import phantom
from endplate.anatomy import levels

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "endplate", "cohort"]


def write_small(path: Path, seed: int = 1) -> Path:
    """T11 to L3 of a phantom with a wedge of T12, 49 slices of 70 x 70, as NIfTI."""
    spine = phantom.fracture(phantom.spine(levels.USUAL[1:], phantom.SpineShape()), *phantom.parse_fracture("T12:wedge:2"))
    scanner = phantom.ScannerSettings((18.1, 21.8), 2.0, 2.5, field_mm=(140.0, 140.0))
    volume = phantom.render(spine, scanner=scanner, seed=seed).volume
    affine = volume.patient_from_voxel[:, [2, 1, 0, 3]] * np.array([-1.0, -1.0, 1.0, 1.0])[:, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.Nifti1Image(volume.hu.transpose(2, 1, 0).astype(np.int16), affine).to_filename(path)
    return path


def copies(scan: Path, folder: Path, count: int) -> list[str]:
    """The scan under many names, as many different inputs; gives the names of their results."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"scan-{number:03d}" for number in range(count)]
    for name in names:
        shutil.copy(scan, folder / f"{name}.nii.gz")
    return names


def start(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """``endplate cohort`` as a process group of its own."""
    path = os.pathsep.join([str(ROOT / "src"), *((environment or {}).get("PYTHONPATH", "").split(os.pathsep))])
    words = [*COMMAND, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, text=True, start_new_session=True, env=os.environ | {"PYTHONPATH": path}, **pipes)  # type: ignore[call-overload,no-any-return]


def kill_group(process: subprocess.Popen[str]) -> None:
    """SIGKILL to the command and all its workers; nobody can clean up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def rows(out: Path) -> Counter[str]:
    """Rows of ``scans.csv`` by the path of their input."""
    with (out / "scans.csv").open(newline="") as stream:
        return Counter(Path(row["path"]).name for row in csv.DictReader(stream))


def statuses(out: Path) -> Counter[str]:
    """Rows of ``scans.csv`` by status."""
    with (out / "scans.csv").open(newline="") as stream:
        return Counter(row["status"] for row in csv.DictReader(stream))
