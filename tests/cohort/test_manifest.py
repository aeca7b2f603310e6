"""Manifests as people and programs write them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from endplate.cohort.manifest import read_manifest
from endplate.errors import InputRefused


def written(folder: Path, content: str | bytes, name: str = "scans.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_relative_paths_are_relative_to_the_manifest(tmp_path: Path, separator: str, start: str) -> None:
    lines = [("id", "Path"), ("1", "a/ct.nii.gz"), ("2", "/data/b"), ("", ""), ("3", '"c, d"')]
    path = written(tmp_path, start + "\r\n".join(separator.join(cells) for cells in lines))
    assert read_manifest(path) == [str(tmp_path / "a/ct.nii.gz"), "/data/b", str(tmp_path / "c, d")]


def test_urls_stay_as_they_are_and_stand_in_for_an_empty_path(tmp_path: Path) -> None:
    url = "https://pacs.example/dicom-web/studies/1.2/series/3"
    path = written(tmp_path, f"path,url\n,{url}\nct.nii,\n")
    assert read_manifest(path) == [url, str(tmp_path / "ct.nii")]


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "scans.parquet"
    pq.write_table(pa.table({"age": [70, 71], "path": ["a.nii", "s3://bucket/b.nii"]}), path)
    assert read_manifest(path) == [str(tmp_path / "a.nii"), "s3://bucket/b.nii"]
    pq.write_table(pa.table({"age": [70, 71], "path": ["a.nii", None]}), path)
    with pytest.raises(InputRefused, match=r"row 2 has no path or url; give one"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("file,age\na.nii,70\n", r"has the columns 'file', 'age'; expected 'path' or 'url'"),
        ("", r"has the columns none; expected"),
        ("path,age\na.nii,70\n,71\n", r"row 2 has no path or url; give one, or take the row out"),
        ("path\n", r"names no scan; expected a row"),
        ("path\na\0b.nii\n", r"row 1.*NUL|is no CSV"),
        ("path\nM\xfcller.nii\n".encode("latin-1"), r"is not UTF-8 at byte .*; save it as UTF-8"),
        ('path\n"a.nii\n', r"is no CSV.*save it as CSV"),
    ],
)
def test_what_is_wrong_names_its_place_and_its_remedy(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(InputRefused, match=said) as refused:
        read_manifest(written(tmp_path, content))
    assert refused.value.code == "bad_manifest"


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"is no Parquet"):
        read_manifest(written(tmp_path, "path\n", "scans.parquet"))
    with pytest.raises(InputRefused, match=r"is a \.xlsx; expected \.csv or \.parquet"):
        read_manifest(written(tmp_path, "path\n", "scans.xlsx"))
    with pytest.raises(InputRefused, match=r"cannot be read: No such file"):
        read_manifest(tmp_path / "absent.csv")


def test_without_pyarrow_parquet_names_the_remedy_and_csv_works(tmp_path: Path) -> None:
    written(tmp_path, "path\na.nii\n")
    pq.write_table(pa.table({"path": ["a.nii"]}), tmp_path / "scans.parquet")
    code = f"""
import sys; sys.modules["pyarrow"] = None
from pathlib import Path
from endplate.cohort.manifest import read_manifest
from endplate.errors import EndplateError
print(len(read_manifest(Path({str(tmp_path)!r}) / "scans.csv")))
try:
    read_manifest(Path({str(tmp_path)!r}) / "scans.parquet")
except EndplateError as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1\n")
    assert "pip install 'endplate[cohort]'" in done.stdout
