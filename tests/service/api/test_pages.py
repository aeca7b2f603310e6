"""Pages and static files: the right types, nothing beyond the folder, no data."""

from __future__ import annotations

import pytest

from endplate.service.http.pages import web
from live_service import Live


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/login", "text/html; charset=utf-8"),
        (f"/scans/{'0' * 32}", "text/html; charset=utf-8"),
        ("/static/api.js", "text/javascript; charset=utf-8"),
        ("/static/rules/genant.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_has_its_type_and_an_etag(idle: Live, path: str, kind: str) -> None:
    answer = idle.client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = idle.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    if path.startswith("/static"):
        assert again.status_code == 304


def test_every_file_of_the_pages_is_served_as_it_lies(idle: Live) -> None:
    files = [path for path in web().rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        answer = idle.client.get(f"/static/{path.relative_to(web())}")
        assert (answer.status_code, answer.content) == (200, path.read_bytes())


@pytest.mark.parametrize(
    "path",
    [
        "/static/../service/app.py",
        "/static/..%2fservice%2fapp.py",
        "/static/%2e%2e/service/app.py",
        "/static/....//service/app.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/rules/../../service/app.py",
        "/static/..\\service\\app.py",
        "/static/rules",
        "/static/rules/",
        "/static/",
        "/static/a%00b",
        "/static/" + "x" * 5000,
        "/scans/../static/api.js",
        "/scans/nothing",
        "/scans/" + "A" * 32,
        "/docs",
        "/redoc",
        "/openapi.json",
    ],
)
def test_nothing_else_is(idle: Live, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = idle.raw(head.encode())
    status = int(answer.split()[1])
    assert status in (404, 405, 422), answer[:300]
    assert b"import" not in answer
    assert b'"code"' in answer


@pytest.mark.parametrize(
    "name", ["..%2f..%2fendplate.sqlite", "%2e%2e", "report.json%00", "x" * 300, "Report.json", "report.json%2f"]
)
def test_exports_have_the_names_that_they_have(service: Live, measured: str, name: str) -> None:
    answer = service.raw(
        f"GET /api/scans/{measured}/exports/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    )
    assert int(answer.split()[1]) in (404, 422), answer[:300]
