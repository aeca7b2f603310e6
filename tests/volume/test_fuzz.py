"""A slice of benchmarks/fuzz_dicom.py: mutated files end in a volume or in one typed refusal, within 2 s of work and 1 GB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_mutated_files_end_in_a_volume_or_a_typed_refusal() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "fuzz_dicom.py"), "--count", "150", "--seed", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert '"cases": 150' in done.stdout
