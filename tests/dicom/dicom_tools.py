"""The validators and readers of others, and a small PDF."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pydicom
import pytest
from highdicom.sr import Comprehensive3DSR, srread
from pydicom.dataset import Dataset


def tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {package})")
    return found


def validation_errors(content: bytes, folder: Path) -> list[str]:
    """What dciodvfy (dicom3tools) holds against a file; empty where it is valid."""
    path = folder / "checked.dcm"
    path.write_bytes(content)
    done = subprocess.run(
        [tool("dciodvfy", "dicom3tools"), str(path)], capture_output=True, text=True, errors="replace", timeout=120
    )
    said = (done.stdout + done.stderr).splitlines()
    assert said, "dciodvfy said nothing, not even the kind of object"
    return [line for line in said if line.startswith("Error") or "abort" in line.lower()]


def dump(content: bytes, folder: Path) -> str:
    """The structured report as dsrdump (DCMTK) prints it, with codes and whole texts."""
    path = folder / "dumped.dcm"
    path.write_bytes(content)
    command = [tool("dsrdump", "dcmtk"), "+Pc", "+Pl", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if "VR checker does not support" not in line]
    assert not said, said
    return done.stdout.decode("utf-8")


def opened(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def read_back(content: bytes) -> Comprehensive3DSR:
    return srread(io.BytesIO(content))


def nodes(root: Any) -> list[Dataset]:
    """All content items, the root's own included."""
    return [root, *(found for item in root.get("ContentSequence", ()) for found in nodes(item))]


def named(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def value(item: Dataset) -> float:
    return float(item.MeasuredValueSequence[0].FloatingPointValue)


def small_pdf(text: str = "AI result, not verified") -> bytes:
    """One page with one line, with a right cross-reference table."""
    stream = b"BT /F1 24 Tf 72 700 Td (%s) Tj ET" % text.encode("ascii")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, places = b"%PDF-1.4\n", []
    for n, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (n, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return out + head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))


def normalised(text: str) -> str:
    """A dump without what a run, a seed or a release decides: UIDs, moments, coordinates, version."""
    text = re.sub(r'("Algorithm Version"\))="[^"]*"', r'\1="VERSION"', text)
    text = re.sub(r"2\.25\.\d+", "2.25.N", text)
    text = re.sub(r"1\.2\.826\.0\.1\.3680043\.8\.498\.[\d.]+", "SOURCE", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "MOMENT", text)
    return re.sub(r"\(POLYLINE,[^)]*\)", "(POLYLINE)", text)
