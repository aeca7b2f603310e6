"""Reviews over HTTP: nobody loses work, nothing unfit is kept."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from endplate.report.report import Report
from endplate.review.document import opened
from live_service import Live


@pytest.fixture
def where(service: Live, small_ct: bytes, request: pytest.FixtureRequest) -> str:
    """Address of a measured scan of this test's own."""
    name = request.node.name[:60]
    job = service.upload(("ct.nii.gz", small_ct), name=name).json()
    service.ended(job["id"])
    (scan,) = (s for s in service.get("/api/scans", params={"size": 500})["scans"] if s["name"] == job["name"])
    return f"/api/scans/{scan['id']}"


def put(service: Live, where: str, document: Any, tag: str | None, way: str = "") -> httpx.Response:
    method = "POST" if way else "PUT"
    headers = {} if tag is None else {"If-Match": tag}
    return service.client.request(method, f"{where}/review{way}", json=document, headers=headers)


def test_two_readers_cannot_lose_each_others_work(service: Live, where: str) -> None:
    first = service.get(f"{where}/review")
    second = json.loads(json.dumps(first))
    first["comment"], second["comment"] = "one", "two"
    assert put(service, where, first, '"0"').status_code == 200
    late = put(service, where, second, '"0"')
    assert late.status_code == 412
    assert (late.json()["code"], late.json()["version"]) == ("conflict", 1)
    assert "load it" in late.json()["message"]
    assert service.get(f"{where}/review")["comment"] == "one"
    assert put(service, where, second | {"version": 2}, '"1"').headers["ETag"] == '"2"'
    assert [service.get(f"{where}/reviews/{v}")["comment"] for v in (1, 2)] == ["one", "two"]


def test_of_many_at_once_one_wins_each_round(service: Live, where: str) -> None:
    document = service.get(f"{where}/review")

    def save(reader: int, version: int) -> int:
        mine = document | {"version": version, "comment": str(reader)}
        with httpx.Client(base_url=service.url, timeout=60) as client:
            return client.put(f"{where}/review", json=mine, headers={"If-Match": f'"{version - 1}"'}).status_code

    for version in (1, 2, 3):
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(save, range(8), [version] * 8))
        assert sorted(statuses) == [200, *[412] * 7]
    assert len(service.get(f"{where}/reviews")["reviews"]) == 3


def test_a_save_must_say_what_it_follows(service: Live, where: str) -> None:
    document = service.get(f"{where}/review")
    missing = put(service, where, document, None)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    for tag in ("*", "0", '"x"', '"0", "1"'):
        assert put(service, where, document, tag).status_code == 422, tag
    assert put(service, where, document | {"version": 3}, '"0"').status_code == 422
    assert put(service, where, document, 'W/"0"').status_code == 200  # nginx makes tags weak when it compresses


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"decision": "accepted"}, "reader"),
        ({"decision": "accepted_with_edits", "reader": "A"}, "accepted"),
        ({"decision": "accepted", "reader": "A", "signed_at": "2020-01-01T00:00:00+00:00"}, "signed_at"),
        ({"decision": "draft"}, "PUT"),
        ({"decision": "maybe", "reader": "A"}, "maybe"),
    ],
)
def test_signatures_that_are_refused(service: Live, measured: str, changes: dict[str, Any], says: str) -> None:
    where = f"/api/scans/{measured}"
    document = service.get(f"{where}/review") | changes
    answer = put(service, where, document, '"0"', "/sign")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert says in answer.json()["message"]
    assert service.get(f"{where}/reviews")["reviews"] == []


def test_edits_cannot_be_accepted_as_none(service: Live, measured: str) -> None:
    where = f"/api/scans/{measured}"
    document = service.get(f"{where}/review") | {"decision": "accepted", "reader": "A"}
    document["vertebrae"][0]["points_lps_mm"]["anterior"][0][2] -= 3.0
    answer = put(service, where, document, '"0"', "/sign")
    assert answer.status_code == 422
    assert "accepted_with_edits" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema": "endplate-review/1", "version": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema": "endplate-review/2"}',
        b'{"a": 1e999}',
        b"1" * 10_000,
    ],
)
def test_what_is_no_review_is_refused(service: Live, measured: str, body: bytes) -> None:
    for method, path, headers in (("PUT", "review", {"If-Match": '"0"'}), ("POST", "measure", {})):
        answer = service.client.request(method, f"/api/scans/{measured}/{path}", content=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert set(answer.json()) == {"code", "message"}


def test_not_even_infinity_in_disguise_gets_in(service: Live, measured: str) -> None:
    document = service.get(f"/api/scans/{measured}/review")
    text = json.dumps(document).replace(str(document["vertebrae"][0]["points_lps_mm"]["anterior"][0][2]), "1e999", 1)
    assert "1e999" in text
    answer = service.client.post(f"/api/scans/{measured}/measure", content=text)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


def test_a_body_beyond_a_megabyte_is_refused_before_it_is_parsed(service: Live, measured: str) -> None:
    path = f"/api/scans/{measured}/review"
    for content in (b" " * 1_100_000, iter([b" " * 600_000] * 2)):
        answer = service.client.put(path, content=content, headers={"If-Match": '"0"'})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_scan_that_was_refused_has_nothing_to_review(service: Live) -> None:
    image = nibabel.Nifti1Image(np.zeros((20, 20, 20), np.int16), np.eye(4))
    job = service.upload(("empty.nii", image.to_bytes())).json()
    service.ended(job["id"])
    (scan,) = service.get("/api/scans", params={"status": "refused", "search": "empty"})["scans"]
    assert scan["message"]
    answer = service.client.get(f"/api/scans/{scan['id']}/review")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert "nothing to review" in answer.json()["message"]
    assert service.client.get(f"/api/scans/{scan['id']}/images/straight").status_code == 404


NUMBERS = st.one_of(
    st.floats(-1e4, 1e4),
    st.sampled_from([0.0, -0.0, 1e-300, 5e-324, 1e4, -1e4, 1e308]),
    st.integers(-10_000, 10_000),
    st.booleans(),
)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_points_a_reader_sets_there_is_an_answer(service: Live, measured: str, data: st.DataObject) -> None:
    document = service.store.report(measured)
    assert document is not None
    content = opened(document).to_dict()
    for _ in range(data.draw(st.integers(1, 12))):
        body = data.draw(st.sampled_from(content["vertebrae"]))
        column = data.draw(st.sampled_from(["anterior", "middle", "posterior"]))
        pair = [list(point) for point in body["points_lps_mm"][column]]
        pair[data.draw(st.integers(0, 1))][data.draw(st.integers(0, 2))] = data.draw(NUMBERS)
        body["points_lps_mm"][column] = [pair[0], pair[0]] if data.draw(st.booleans()) else pair
        body["level"] = data.draw(st.sampled_from([None, body["level"], "T13", "C1", "S1"]))
        body["not_assessable"] = data.draw(st.sampled_from([None, "cement"]))
    answer = service.client.post(f"/api/scans/{measured}/measure", json=content)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        Report.from_dict(answer.json())
