"""Uploads made to harm: refused with clear words, nothing left behind, the service goes on."""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import tempfile
import time
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian

from dicom_series_factory import Recipe, write_series
from endplate.service.http.problems import Refused
from endplate.service.settings import Limits
from endplate.service.uploads.incoming import arriving, scratch, sweep
from endplate.service.uploads.receiving import safe_path
from live_service import Live, events, running

BOUNDARY = "xxx"


def refused(live: Live, *files: tuple[str, bytes], status: int = 422) -> dict[str, str]:
    answer = live.upload(*files)
    assert answer.status_code == status, answer.text
    gone(live)
    problem: dict[str, str] = answer.json()
    assert set(problem) == {"code", "message"}
    assert str(live.settings.data) not in problem["message"]
    return problem


def gone(live: Live) -> None:
    assert live.left() == []
    assert live.get("/api/health")["status"] == "ok"
    assert live.get("/api/jobs") == {"jobs": []}


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["../../evil.dcm", "/etc/evil.dcm", "a/../../b.dcm", "C:\\evil.dcm", "..\\evil.dcm"])
def test_zip_slip(idle: Live, name: str) -> None:
    problem = refused(idle, ("scan.zip", zipped(("ok.dcm", b"x"), (name, b"evil"))))
    assert problem["code"] == "zip_unsafe"


def test_a_link_in_a_zip(idle: Live) -> None:
    link = zipfile.ZipInfo("passwd.dcm")
    link.external_attr = 0o120777 << 16
    assert refused(idle, ("scan.zip", zipped((link, b"/etc/passwd"))))["code"] == "zip_unsafe"


def test_zip_bomb(idle: Live) -> None:
    bomb = zipped(("ct.nii", b"\0" * (200 << 20)))
    assert len(bomb) < 1 << 20
    assert refused(idle, ("scan.zip", bomb))["code"] == "zip_too_large"
    # beside a good scan it is refused just the same
    assert refused(idle, ("a/ct.nii", whole_nifti()), ("a/scan.zip", bomb))["code"] == "zip_too_large"


def test_zip_in_zip_and_damaged_zip(idle: Live) -> None:
    assert refused(idle, ("scan.zip", zipped(("inner.zip", zipped(("ct.nii", b"x"))))))["code"] == "no_scan"
    assert refused(idle, ("scan.zip", b"PK\x03\x04 and no more"))["code"] == "bad_zip"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.txt", b"hello", "no_scan"),
        ("page.html", b"<script>alert(1)</script>", "no_scan"),
        ("picture.png", b"\x89PNG", "no_scan"),
        ("ct.dcm", b"no DICOM at all", "not_dicom"),
        ("program", b"\x7fELF" + b"\0" * 500, "no_scan"),
        ("ct.nii", b"no NIfTI at all", "unreadable"),
        ("ct.nii.gz", b"no gzip at all", "unreadable"),
        ("ct.nrrd", b"no NRRD", "unreadable"),
        ("ct.mha", b"ObjectType = Image\n", "unreadable"),
        ("ct.nii", b"", "unreadable"),
        ("ct.dcm", b"", "not_dicom"),
    ],
)
def test_what_is_no_scan(idle: Live, name: str, content: bytes, code: str) -> None:
    assert refused(idle, (name, content))["code"] == code


def whole_nifti() -> bytes:
    return nibabel.Nifti1Image(np.zeros((20, 20, 20), np.int16), np.eye(4)).to_bytes()


def nifti_of_3_gb() -> bytes:
    header = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)).to_bytes()
    return header[:40] + struct.pack("<8h", 3, 1200, 1200, 1200, 1, 1, 1, 1) + header[56:]


def dicom_of_3_gb(tmp_path: Path) -> list[tuple[str, bytes]]:
    written = write_series(tmp_path / "dicom", Recipe(syntax=ExplicitVRLittleEndian))
    big = {b"(\0\x10\0US\x02\0": 30_000, b"(\0\x11\0US\x02\0": 12_000}  # Rows and Columns: ten slices of 0.72 GB
    files = []
    for path in written:
        content = path.read_bytes()
        for tag, value in big.items():
            at = content.index(tag) + len(tag)
            content = content[:at] + struct.pack("<H", value) + content[at + 2 :]
        files.append((f"s/{path.name}", content))
    return files


def test_headers_that_promise_3_gb(idle: Live, tmp_path: Path) -> None:
    nrrd = b"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 1200 1200 1200\n"
    nrrd += b"space directions: (1,0,0) (0,1,0) (0,0,1)\nkinds: domain domain domain\nendian: little\nencoding: raw\n"
    nrrd += b"space origin: (0,0,0)\n\n" + b"\0" * 100
    mha = (
        b"ObjectType = Image\nNDims = 3\nDimSize = 1200 1200 1200\nElementType = MET_SHORT\nElementDataFile = LOCAL\n" + b"\0" * 99
    )
    began = time.monotonic()
    for name, content in (
        ("ct.nii", nifti_of_3_gb()),
        ("ct.nii.gz", gzip.compress(nifti_of_3_gb())),
        ("ct.nrrd", nrrd),
        ("ct.nrrd", nrrd.replace(b"encoding: raw", b"encoding: gzip")),
        ("ct.mha", mha),
        ("ct.mha", mha.replace(b"ElementData", b"CompressedData = True\nElementData")),
        ("scan.zip", zipped(("ct.nii", nifti_of_3_gb()))),
    ):
        problem = refused(idle, (name, content))
        assert problem["code"] == "truncated", (name, problem)
        assert "3,456,000,000" in problem["message"]
    assert refused(idle, *dicom_of_3_gb(tmp_path))["code"] in ("truncated", "too_large")
    assert time.monotonic() - began < 60
    assert refused(idle, ("ct.mha", mha.replace(b"1200 1200 1200", b"99999 99999 99999")))["code"] == "too_large"


@pytest.mark.parametrize(
    "name",
    [
        "../evil.nii",
        "a/../../evil.nii",
        "/etc/evil.nii",
        "..\\evil.nii",
        "C:/evil.nii",
        "a\x00b.nii",
        "a\x1b[31mb.nii",
        "a//b.nii",
        "a/ /b.nii",
        "...",
        "",
        ".",
        "./.",
        ".\\.",
        "x" * 300 + ".nii",
        "d/" * 600 + "x.nii",
        "\N{LINE SEPARATOR}.nii",
    ],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(Refused, match="file name"):
        safe_path(name.encode(), Limits())


def test_a_name_that_leads_elsewhere_over_the_wire(idle: Live) -> None:
    for name in (".", "./", "../evil.nii", "/etc/cron.d/evil", "a/../../evil.nii", "x" * 300):
        assert "file name" in refused(idle, (name, whole_nifti()))["message"]
    assert "twice" in refused(idle, ("a.nii", whole_nifti()), ("a.nii", whole_nifti()))["message"]
    assert "twice" in refused(idle, ("a", whole_nifti()), ("a/b.nii", whole_nifti()))["message"]


def test_names_that_are_fine() -> None:
    for name in ("ct.nii", "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller/CT 1/IM0001", "./a/b.dcm", "a\\b.dcm", ".hidden"):
        assert ".." not in safe_path(name.encode(), Limits()).parts


def test_forms_that_are_none(idle: Live) -> None:
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.nii"\r\n\r\n'.encode()
    for content, headers, status in (
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"x", {"Content-Type": "multipart/form-data"}, 415),
        (b"x", {}, 415),
        (b"nothing of the kind", kind, 400),
        (b"", kind, 400),
        (part + b"data, and no end", kind, 400),
        (f"--{BOUNDARY}--\r\n".encode(), kind, 422),
        (part.replace(b"files", b"other") + f"x\r\n--{BOUNDARY}--\r\n".encode(), kind, 422),
        (b"x" * 100, {"Content-Type": "multipart/form-data; boundary=" + "b" * 300}, 400),
        (part.replace(b"filename", b"X-Long: " + b"y" * 100_000 + b"\r\nfilename"), kind, 400),
    ):
        answer = idle.client.post("/api/uploads", content=content, headers=headers)
        assert answer.status_code == status, (content[:80], answer.text)
        assert set(answer.json()) == {"code", "message"}
        gone(idle)


def test_more_than_the_limits(tmp_path: Path) -> None:
    with running(tmp_path / "data", limits=Limits(total_bytes=1_000_000, files=3)) as live:
        assert refused(live, ("ct.nii", b"\0" * 2_000_000), status=413)["code"] == "too_large"
        assert "3 files" in refused(live, *((f"{n}.nii", b"x") for n in range(4)), status=413)["message"]
        deep = ("a/b/c/d/1.nii", whole_nifti()), ("e/f/g/h/2.nii", whole_nifti())
        assert "3 folders" in refused(live, *deep, status=413)["message"]
        chunks = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.nii"\r\n\r\n'.encode(),
            *[b"0" * 65536] * 32,
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        assert live.client.post("/api/uploads", content=iter(chunks), headers=kind).status_code == 413
        gone(live)
    # a client that promises more than it sends, and waits
    with running(tmp_path / "waits", limits=Limits(idle_s=1.0)) as live:
        head = b"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500000\r\n"
        answer = live.raw(head + f"Content-Type: {kind['Content-Type']}\r\n\r\n".encode() + chunks[0] + b"only so much")
        assert b" 408 " in answer.split(b"\r\n")[0]
        gone(live)
    with running(tmp_path / "full", limits=Limits(spare_bytes=1 << 60)) as live:
        assert "disk" in refused(live, ("ct.nii", whole_nifti()), status=413)["message"]


def test_a_connection_that_is_cut_off(idle: Live) -> None:
    for length in (b"Content-Length: 500000", b"Transfer-Encoding: chunked"):
        with socket.create_connection(("127.0.0.1", idle.port)) as stream:
            part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.nii"\r\n\r\n'.encode() + b"0" * 1000
            body = b"%x\r\n%s\r\n" % (len(part), part) if b"chunked" in length else part
            kind = f"Content-Type: multipart/form-data; boundary={BOUNDARY}".encode()
            stream.sendall(b"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b"\r\n" + kind + b"\r\n\r\n" + body)
            deadline = time.monotonic() + 60
            while not idle.left() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert idle.left()
        while idle.left() and time.monotonic() < deadline:
            time.sleep(0.01)
        gone(idle)


def test_a_length_that_lies(idle: Live) -> None:
    kind = f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n".encode()
    for length in (b"-1", b"10", b"99999999999999999999", b"abc", b"10\r\nContent-Length: 20"):
        head = (
            b"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: "
            + length
            + b"\r\n"
            + kind
            + b"\r\n"
        )
        answer = idle.raw(head + b"--xxx\r\nmore than ten bytes of a body that is none\r\n")
        assert answer.split(b"\r\n")[0].split()[1] in (b"400", b"413"), (length, answer[:200])
        gone(idle)


def test_what_a_killed_service_left_is_swept(tmp_path: Path) -> None:
    incoming, uploads = tmp_path / "incoming", tmp_path / "uploads"
    (incoming / "old").mkdir(parents=True)
    (incoming / "old" / "ct.nii").write_bytes(b"x")
    with arriving(incoming, uploads) as folder:
        (folder / "x").write_bytes(b"x")
        assert sweep(incoming) == 1
        assert os.listdir(incoming) == [folder.name]
    assert os.listdir(uploads) == [folder.name]
    with pytest.raises(RuntimeError), arriving(incoming, uploads):
        raise RuntimeError
    assert (os.listdir(incoming), os.listdir(uploads)) == ([], [folder.name])


def test_archives_are_looked_into_beside_the_uploads_and_swept_after_a_kill(tmp_path: Path) -> None:
    incoming, before = tmp_path / "incoming", tempfile.gettempdir()
    with scratch(incoming):
        place = Path(tempfile.mkdtemp())
        assert place.is_relative_to(incoming)
        assert sweep(incoming) == 0
    assert (tempfile.gettempdir(), os.listdir(incoming)) == (before, [])
    (incoming / "scratch-of-a-dead-one" / "endplate-x").mkdir(parents=True)
    assert sweep(incoming) == 1


def test_a_connection_without_a_request_is_closed(tmp_path: Path) -> None:
    with running(tmp_path / "data", limits=Limits(idle_s=3.0)) as live:
        assert live.raw(b"") == b""
        assert live.raw(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ") == b""
        with socket.create_connection(("127.0.0.1", live.port), timeout=60) as stream:
            for _ in range(2):
                stream.sendall(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                came = b""
                while not came.endswith(b"}"):
                    piece = stream.recv(65536)
                    assert piece, "closed between two requests"
                    came += piece
            stream.sendall(b"GET /api/health HTTP/1.1\r\n")
            assert stream.recv(65536) == b""
        with live.client.stream("GET", "/api/events") as listening:
            time.sleep(3.5)
            assert listening.status_code == 200
            live.upload(("a/ct.nii", whole_nifti()))
            assert next(events(listening))[0] == "job"


def test_a_script_for_a_name_stays_text(service: Live, tmp_path: Path) -> None:
    script = "<script>alert(1)</script>^<img src=x onerror=alert(2)>"
    written = write_series(tmp_path / "dicom", Recipe(extra={"PatientName": script}))
    files = [(f"<b>x<_b>/{p.name}", p.read_bytes()) for p in written]
    job = service.upload(*files).json()
    service.ended(job["id"])
    answer = service.client.get("/api/scans", params={"search": "onerror"})
    (scan,) = answer.json()["scans"]
    assert scan["patient"]["name"] in (script, script.replace("^", " "), script.replace("^", ", "))
    assert "<" not in scan["name"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = service.client.get(f"/api/scans/{scan['id']}/exports/report.html")
    assert "<script>alert" not in page.text
