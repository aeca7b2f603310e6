"""Who is let in: token, cookie, Host, Origin; what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from endplate.service.http.security import CSP
from endplate.service.http.session import COOKIE, Sessions
from endplate.service.settings import Settings
from live_service import Live, running

TOKEN = "a-token-of-some-length"
SCAN = "0" * 32
PATHS = [
    ("GET", "/"),
    ("GET", f"/scans/{SCAN}"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/scans"),
    ("GET", f"/api/scans/{SCAN}"),
    ("DELETE", f"/api/scans/{SCAN}"),
    ("GET", f"/api/scans/{SCAN}/review"),
    ("PUT", f"/api/scans/{SCAN}/review"),
    ("POST", f"/api/scans/{SCAN}/review/sign"),
    ("POST", f"/api/scans/{SCAN}/measure"),
    ("GET", f"/api/scans/{SCAN}/exports/report.json"),
    ("GET", f"/api/scans/{SCAN}/images/straight"),
    ("GET", f"/api/scans/{SCAN}/overview.png"),
    ("GET", "/api/audit"),
    ("GET", "/api/jobs"),
    ("GET", "/api/events"),
    ("POST", "/api/uploads"),
    ("POST", "/api/folders"),
    ("GET", "/nowhere"),
    ("GET", "/api/session/"),
    ("GET", "/api/health/../scans"),
    ("GET", "//api/scans"),
    ("GET", "/login/x"),
    ("GET", "/static"),
]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("locked"), token=TOKEN) as live:
        yield live


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}=9999999999.aa.bb"},
    ],
)
def test_nothing_without_the_token(locked: Live, method: str, path: str, headers: dict[str, str]) -> None:
    answer = locked.client.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert (answer.json()["code"], answer.headers["WWW-Authenticate"]) == ("unauthorised", "Bearer")


def test_health_and_login_are_open_and_pages_lead_there(locked: Live) -> None:
    assert locked.get("/api/health")["status"] == "ok"
    assert locked.get("/api/session") == {"token_needed": True, "signed_in": False}
    assert locked.client.get("/static/api.js").status_code == 200
    answer = locked.client.get(f"/scans/{SCAN}?a=1", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/login?next=/scans/{SCAN}%3Fa%3D1")


def test_the_token_opens_and_the_cookie_stands_for_it(locked: Live) -> None:
    assert locked.client.get("/api/scans", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert locked.client.post("/api/session", json={"token": "wrong"}).status_code == 401
    with httpx.Client(base_url=locked.url) as browser:
        answer = browser.post("/api/session", json={"token": TOKEN})
        assert answer.status_code == 204
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert browser.get("/api/session").json() == {"token_needed": True, "signed_in": True}
        assert browser.get("/api/scans").status_code == 200
        kept = browser.cookies[COOKIE]
        assert browser.delete("/api/session").status_code == 204
        stolen = locked.client.get("/api/scans", headers={"Cookie": f"{COOKIE}={kept}"})
        assert stolen.status_code == 401  # an ended session stays ended


def test_cookies_grow_old_and_end() -> None:
    now = [1_000_000.0]
    sessions = Sessions(TOKEN, lambda: now[0])
    cookie, ended = sessions.issue(), sessions.issue()
    sessions.end(ended)
    assert sessions.is_good(cookie)
    assert not sessions.is_good(ended)
    assert not sessions.is_good(cookie[:-1] + ("0" if cookie[-1] != "0" else "1"))
    assert not sessions.is_good("9" + cookie)
    for odd in ("", ".", "..", "a.b.c", "\N{GREEK SMALL LETTER ALPHA}.b.c"):
        assert not sessions.is_good(odd)
    now[0] += 13 * 3600
    assert not sessions.is_good(cookie)


def test_a_restart_ends_all_sessions(tmp_path: Path) -> None:
    with running(tmp_path, token=TOKEN) as live:
        cookies = []
        for _ in range(2):
            cookies.append(live.client.post("/api/session", json={"token": TOKEN}).cookies[COOKIE])
            live.client.cookies.clear()
        assert live.client.delete("/api/session", headers={"Cookie": f"{COOKIE}={cookies[0]}"}).status_code == 204
        states = [live.client.get("/api/scans", headers={"Cookie": f"{COOKIE}={c}"}).status_code for c in cookies]
        assert states == [401, 200]
    with running(tmp_path, token=TOKEN) as live:
        for cookie in cookies:
            assert live.client.get("/api/scans", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8787", "localhost.evil.example", "10.0.0.5", "127.0.0.1@evil.example", "", "[::1", "a b"]
)
def test_a_name_that_leads_here_by_a_trick_is_refused(idle: Live, host: str) -> None:
    answer = idle.client.get("/api/scans", headers={"Host": host})
    assert answer.status_code in (400, 403)
    if answer.status_code == 403:
        assert answer.json()["code"] == "forbidden_origin"


def test_names_of_this_machine_are_known(idle: Live) -> None:
    for host in (f"localhost:{idle.port}", f"127.0.0.1:{idle.port}", f"[::1]:{idle.port}", "LOCALHOST"):
        assert idle.client.get("/api/scans", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": ""},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_can_do_nothing(idle: Live, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", "/api/uploads"),
        ("POST", "/api/folders"),
        ("POST", "/api/session"),
        ("DELETE", f"/api/scans/{SCAN}"),
        ("PUT", f"/api/scans/{SCAN}/review"),
        ("GET", f"/api/scans/{SCAN}/exports/report.json"),
    ):
        answer = idle.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin"), (method, path)


def test_our_own_pages_can(idle: Live) -> None:
    ours = {"Origin": idle.url, "Sec-Fetch-Site": "same-origin"}
    assert idle.client.delete(f"/api/scans/{SCAN}", headers=ours).status_code == 404


def test_behind_a_proxy_its_name_is_known_and_its_word_is_taken(tmp_path: Path) -> None:
    with running(tmp_path / "data", token=TOKEN, hosts=("review.example.org",)) as live:
        through = {
            "Host": "review.example.org",
            "Origin": "https://review.example.org",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "10.1.2.3",
        }
        answer = live.client.post("/api/session", json={"token": TOKEN}, headers=through)
        assert answer.status_code == 204
        assert "Secure" in answer.headers["Set-Cookie"]
        assert live.client.get("/api/health", headers={"Host": "other.example.org"}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/login", "/static/api.js", "/api/health", "/api/scans", "/api/nowhere", "/nowhere", "/static/../x"]
)
def test_every_answer_is_strict(idle: Live, path: str) -> None:
    answer = idle.client.get(path)
    assert answer.headers["Content-Security-Policy"] == CSP
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Referrer-Policy" in answer.headers
    assert "Server" not in answer.headers
    if path.startswith("/api/"):
        assert answer.headers["Cache-Control"] == "no-store"
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "message"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"host": "0.0.0.0"}, "token_urlsafe"),
        ({"host": "::"}, "token_urlsafe"),
        ({"host": "192.168.1.5"}, "token_urlsafe"),
        ({"hosts": ("review.example.org",)}, "token_urlsafe"),
        ({"host": "0.0.0.0", "token": "short"}, "16 or more"),
        ({"token": "with spaces in it, this"}, "ASCII"),
        ({"port": 70000}, "65535"),
        ({"workers": -1}, "0 or more"),
        ({"folders": (Path("/not/there"),)}, "is no folder"),
    ],
)
def test_settings_that_are_refused(tmp_path: Path, settings: dict[str, object], says: str) -> None:
    assert says in str(Settings(tmp_path, **settings).mistake)  # type: ignore[arg-type]


def test_settings_that_are_not(tmp_path: Path) -> None:
    for settings in ({}, {"host": "::1"}, {"host": "localhost"}, {"host": "0.0.0.0", "token": TOKEN}):
        assert Settings(tmp_path, **settings).mistake is None  # type: ignore[arg-type]
    assert TOKEN not in repr(Settings(tmp_path, token=TOKEN))


def test_a_websocket_is_closed(idle: Live) -> None:
    key = (
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    )
    host = f"Host: 127.0.0.1:{idle.port}\r\n".encode()
    assert b" 101 " not in idle.raw(b"GET /api/events2 HTTP/1.1\r\n" + host + key + b"Connection: close\r\n\r\n").split(b"\r\n")[0]


def test_a_method_that_does_nothing_says_which_do(idle: Live) -> None:
    for path, methods in ((f"/api/scans/{SCAN}", "DELETE, GET"), (f"/api/scans/{SCAN}/review", "GET, PUT"), ("/api/jobs", "GET")):
        answer = idle.client.patch(path)
        assert (answer.status_code, answer.headers["Allow"], answer.json()["code"]) == (405, methods, "bad_request")


def test_a_body_that_is_not_even_text_is_refused(idle: Live) -> None:
    for path in ("/api/session", "/api/folders"):
        for content in (b"\xff\xfe\x00", b"{", b"[" * 50_000, b""):
            answer = idle.client.post(path, content=content, headers={"Content-Type": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request"), answer.text
    assert idle.client.post("/api/session", content=b"x" * 2_000_000).status_code == 413
