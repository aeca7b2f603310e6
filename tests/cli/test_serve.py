"""``endplate serve`` as a process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from endplate.cli import run
from serve_process import ENVIRONMENT, address, serve


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    process = serve("--data", data, "--port", 0)
    url = address(process)
    with httpx.Client(base_url=url, timeout=20) as client, client.stream("GET", "api/events"):
        assert client.get("api/health").json()["status"] == "ok"
        deadline = time.monotonic() + 60
        while not (data / "workers").is_dir() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)  # an open stream does not keep it
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "ended; jobs that were not done go on at the next start" in out
    assert errors == ""
    assert (data.stat().st_mode & 0o777) == 0o700
    assert not subprocess.run(["pgrep", "-f", f"worker --data {data}"], capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--host", "0.0.0.0"), "Make a token with python -c 'import secrets"),
        (("--host", "192.0.2.1", "--token", "x" * 20), "no address to listen at"),
        (("--host", "no.such.host.invalid", "--token", "x" * 20), "no address to listen at"),
        (("--hosts", "review.example.org"), "Make a token"),
        (("--token", "short"), "16 or more"),
        (("--folders", "/not/there"), "is no folder"),
        (("--port", "99999"), "no port"),
        (("--organisation", "x" * 65), "--organisation has 65 characters; expected at most 64"),
        (("--organisation", "Clinic\\Radiology"), "without backslashes and control characters"),
        (("--organisation", "Clinic\nRadiology"), "--organisation holds '\\n'"),
    ],
)
def test_what_is_refused(tmp_path: Path, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--data", str(tmp_path / "data"), *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert not (tmp_path / "data").exists()


def test_an_unfit_organisation_of_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENDPLATE_ORGANISATION", "y" * 65)
    assert run(["serve", "--data", str(tmp_path / "data")]) == 2
    assert "65 characters" in capsys.readouterr().err
    # what is typed counts more
    assert run(["serve", "--data", str(tmp_path / "data"), "--organisation", "Clinic", "--port", "99999"]) == 2
    assert "no port" in capsys.readouterr().err


def test_a_port_in_use_is_said_to_be(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = serve("--data", tmp_path / "data", "--port", port)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"127.0.0.1:{port} is in use" in errors
    assert "--port" in errors


def test_other_machines_with_a_token_of_the_environment(tmp_path: Path) -> None:
    token = "a-token-of-some-length"
    process = serve("--data", tmp_path / "data", "--host", "0.0.0.0", "--port", 0, "--workers", 0, ENDPLATE_TOKEN=token)
    port = httpx.URL(address(process)).port
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            assert client.get("/api/scans").status_code == 401
            assert client.get("/api/scans", headers={"Authorization": f"Bearer {token}"}).status_code == 200
            assert client.get("/api/health", headers={"Host": socket.gethostname()}).status_code == 200
            assert client.get("/api/health", headers={"Host": "evil.example"}).status_code == 403
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=60)
    assert token not in out


def test_a_database_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    process = serve("--data", tmp_path / "a folder?#%", "--port", 0, "--database", "oracle://x/y")
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (5, "")
    assert "expected sqlite" in errors
    assert "Traceback" not in errors


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    process = serve("--data", tmp_path / "a folder?#%20", "--port", 0)
    url = address(process)
    try:
        assert httpx.get(f"{url}api/scans", timeout=20).status_code == 200
        assert (tmp_path / "a folder?#%20" / "endplate.sqlite").is_file()
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert errors == ""


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    code = "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: None if n == 'dbos' else f(n, *a); "
    code += "import sys; sys.argv = ['endplate', 'serve']; from endplate.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT | {"HOME": str(tmp_path)})
    assert done.returncode == 4
    assert "pip install 'endplate[service]'" in done.stderr


def test_an_upload_that_still_comes_leaves_nothing_when_the_service_ends(tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = serve("--data", data, "--port", 0, "--workers", 0)
    url = httpx.URL(address(process))
    with socket.create_connection((url.host, int(url.port or 0))) as stream:
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.nii"\r\n\r\n' + b"0" * 3_000_000
        head = b"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n"
        stream.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + part)
        deadline = time.monotonic() + 60
        while not list((data / "incoming").rglob("a.nii")) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert list((data / "incoming").rglob("a.nii"))
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert list((data / "incoming").iterdir()) == []
    assert list((data / "uploads").iterdir()) == []
