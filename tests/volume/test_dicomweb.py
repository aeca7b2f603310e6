"""A series fetched from a real Orthanc, and everything that a server may answer instead."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from dicom.orthanc import Orthanc, executable, orthanc
from endplate import __version__, oracle, phantom, pipeline
from endplate.anatomy import levels
from endplate.cohort import Destination, Maker, run, worklist, write_tables
from endplate.errors import InputRefused
from endplate.phantom.dicom import write_series
from endplate.volume import dicomweb
from endplate.volume.read import find_scans, read

pytest.importorskip("dicomweb_client", reason="the extra cohort is not installed")
STUDY, SERIES = "1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.2"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    if executable() is None:
        pytest.skip("Orthanc is not installed (Debian package orthanc)")
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        if not server.has_dicomweb:
            pytest.skip("Orthanc's DICOMweb plugin is not installed (Debian package orthanc-dicomweb)")
        yield server


@pytest.fixture(scope="module")
def made() -> phantom.Phantom:
    spine = phantom.spine(levels.USUAL[6:], phantom.SpineShape())
    broken = phantom.fracture(spine, *phantom.parse_fracture("T12:wedge:2"))
    return phantom.render(broken, scanner=phantom.ScannerSettings((15.1, 20.2), 2.0, 2.0, field_mm=(200.0, 200.0)), seed=1)


@pytest.fixture(scope="module")
def stored(archive: Orthanc, made: phantom.Phantom, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a series, and the series' URL on the server."""
    folder = write_series(made, tmp_path_factory.mktemp("series"))
    for file in sorted(folder.iterdir()):
        send(archive, file.read_bytes())
    tags = find_scans(folder).scans[0].series.tags  # type: ignore[union-attr]
    return folder, url_of(archive, str(tags["study_instance_uid"]), str(tags["series_instance_uid"]))


def send(archive: Orthanc, content: bytes) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{archive.http_port}/instances", content)
    with urllib.request.urlopen(request, timeout=60):
        pass


def url_of(archive: Orthanc, study: str, series: str) -> str:
    return f"http://127.0.0.1:{archive.http_port}/dicom-web/studies/{study}/series/{series}"


def refusal(url: str) -> InputRefused:
    with pytest.raises(InputRefused) as caught, dicomweb.fetched(dicomweb.address(url)):
        pass
    return caught.value


def test_what_comes_from_the_server_is_what_was_stored(stored: tuple[Path, str]) -> None:
    folder, url = stored
    with dicomweb.fetched(dicomweb.address(url)) as place:
        assert len(list(place.iterdir())) == len(list(folder.iterdir()))
        fetched = read(place)
    assert not place.exists()
    here = read(folder)
    assert np.array_equal(fetched.hu, here.hu)
    assert np.array_equal(fetched.patient_from_voxel, here.patient_from_voxel)


def test_a_url_among_paths_is_measured_like_them_and_named_by_it(
    stored: tuple[Path, str], made: phantom.Phantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = stored
    out, room = tmp_path / "out", tmp_path / "room"
    out.mkdir()
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    absent = url.rsplit("/", 1)[0] + "/1.2.3"

    def quantified() -> dict[str, tuple[str, bool]]:
        jobs = worklist([folder, url, url + "/", absent, "https://pacs/nonsense"], out)
        networks = oracle.models(made.vertebrae)
        done = run(jobs, Destination(out, Maker(__version__, {})), networks, pipeline.Settings())
        return {o.job.name: (o.report.status, o.earlier) for o in done}

    uid = url.rsplit("/", 1)[1]
    first = quantified()
    assert first == {folder.name: ("ok", False), uid: ("ok", False), "1.2.3": ("refused", False), "url": ("refused", False)}
    assert not list(room.iterdir()), "nothing fetched stays"
    reports = {name: json.loads((out / name / "report.json").read_text()) for name in first}
    assert reports[uid]["source"]["path"] == url
    assert [v["heights_mm"] for v in reports[uid]["vertebrae"]] == [v["heights_mm"] for v in reports[folder.name]["vertebrae"]]
    assert [reports[name]["messages"][0]["code"] for name in ("1.2.3", "url")] == ["not_on_server", "bad_url"]
    assert all(earlier for _, earlier in quantified().values())
    write_tables(out)


def test_a_study_or_series_that_is_not_there(stored: tuple[Path, str], archive: Orthanc) -> None:
    study = dicomweb.address(stored[1]).study
    assert refusal(url_of(archive, study, "1.2.3.4")).code == "not_on_server"
    assert refusal(url_of(archive, "1.2.3.4", "1.2.3.4")).code == "not_on_server"
    assert refusal(stored[1].replace("/dicom-web/", "/no-such-service/")).code == "not_on_server"


def test_a_series_of_another_modality_is_not_fetched(archive: Orthanc, stored: tuple[Path, str], tmp_path: Path) -> None:
    from pydicom import dcmread

    picture = dcmread(min(stored[0].iterdir()))
    picture.Modality, picture.SeriesInstanceUID, picture.SOPInstanceUID = "MR", f"{SERIES}.1", f"{SERIES}.1.1"
    picture.file_meta.MediaStorageSOPInstanceUID = picture.SOPInstanceUID
    picture.save_as(tmp_path / "mr.dcm")
    send(archive, (tmp_path / "mr.dcm").read_bytes())
    refused = refusal(url_of(archive, picture.StudyInstanceUID, f"{SERIES}.1"))
    assert refused.code == "not_ct"
    assert "'MR'" in refused.message


def test_a_ct_series_without_a_volume_is_refused_when_it_is_read(
    archive: Orthanc, stored: tuple[Path, str], tmp_path: Path
) -> None:
    from pydicom import dcmread

    scout = dcmread(min(stored[0].iterdir()))
    scout.ImageType, scout.SeriesInstanceUID, scout.SOPInstanceUID = (
        ["ORIGINAL", "PRIMARY", "LOCALIZER"],
        f"{SERIES}.2",
        f"{SERIES}.2.1",
    )
    scout.file_meta.MediaStorageSOPInstanceUID = scout.SOPInstanceUID
    scout.save_as(tmp_path / "scout.dcm")
    send(archive, (tmp_path / "scout.dcm").read_bytes())
    with (
        dicomweb.fetched(dicomweb.address(url_of(archive, scout.StudyInstanceUID, f"{SERIES}.2"))) as place,
        pytest.raises(InputRefused) as caught,
    ):
        read(place)
    assert caught.value.code == "no_scan"


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    refused = refusal(f"http://127.0.0.1:{port}/dicom-web/studies/1.2/series/1.2.3")
    assert refused.code == "server_unreachable"
    assert f"127.0.0.1:{port}" in refused.message


@pytest.mark.parametrize(
    "url",
    [
        "https://pacs/dicom-web",
        "https://pacs/dicom-web/studies/1.2",
        "https://pacs/dicom-web/studies/1.2/series/abc",
        "https://pacs/dicom-web/studies/1.2/series/../../x",
        "https://anna:secret@pacs/dicom-web/studies/1.2/series/1.3",
        "https://pacs/dicom-web/studies/1.2/series/1.3?token=secret",
        f"https://pacs/dicom-web/studies/1.2/series/{'1.' * 40}1",
    ],
)
def test_a_url_that_is_no_series_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InputRefused, match="studies/UID/series/UID") as caught:
        dicomweb.address(url)
    assert caught.value.code == "bad_url"
    assert "anna" not in caught.value.message


@dataclass
class Answer:
    """What a server says to every request, and what it was asked.

    ``missing`` bytes of the body are promised and never sent.
    """

    status: int
    kind: str
    body: bytes
    missing: int = 0


@contextmanager
def answering(listing: Answer, retrieval: Answer) -> Iterator[tuple[str, list[str]]]:
    """The URL of a series on a server that gives these answers, and the authorisations that it was sent."""
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(str(self.headers.get("Authorization")))
            answer = listing if "?" in self.path else retrieval
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body) + answer.missing))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dicom-web/studies/{STUDY}/series/{SERIES}", tokens
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


JSON = "application/dicom+json"
PARTS = 'multipart/related; type="application/dicom"; boundary=b'
LISTED = Answer(
    200, JSON, json.dumps([{"00080060": {"vr": "CS", "Value": ["CT"]}, "00201209": {"vr": "IS", "Value": [2]}}]).encode()
)
NOTHING = Answer(404, "text/plain", b"")


def part(content: bytes) -> bytes:
    return b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--b--"


@pytest.mark.parametrize(
    ("listing", "code"),
    [
        (Answer(401, "text/plain", b"no"), "server_refused"),
        (Answer(403, "text/plain", b"no"), "server_refused"),
        (Answer(404, "text/plain", b"no"), "not_on_server"),
        (Answer(500, "text/plain", b"no"), "server_refused"),
        (Answer(200, "text/html", b"<html>log in</html>"), "server_refused"),
        (Answer(200, JSON, b"{"), "server_refused"),
        (Answer(200, JSON, b"[]"), "not_on_server"),
    ],
)
def test_a_server_that_does_not_list_the_series(listing: Answer, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(dicomweb.TOKEN, "a-token")
    with answering(listing, NOTHING) as (url, tokens):
        refused = refusal(url)
    assert refused.code == code
    assert tokens == ["Bearer a-token"]
    assert "a-token" not in refused.message
    if listing.status in (401, 403):
        assert str(listing.status) in refused.message
        assert dicomweb.TOKEN in refused.message


def test_fewer_or_broken_files_are_no_series(made: phantom.Phantom, tmp_path: Path) -> None:
    whole = part(min(write_series(made, tmp_path / "series").iterdir()).read_bytes())
    for retrieval, code in [
        (Answer(200, PARTS, whole), "incomplete_transfer"),
        (Answer(200, PARTS, whole[: len(whole) // 2], missing=len(whole) // 2), "incomplete_transfer"),
        (Answer(200, PARTS, part(b"this is no DICOM")), "server_refused"),
        (Answer(200, "text/html", b"<html>log in</html>"), "server_refused"),
        (Answer(403, "text/plain", b"no"), "server_refused"),
    ]:
        with answering(LISTED, retrieval) as (url, _):
            assert refusal(url).code == code, retrieval.kind
