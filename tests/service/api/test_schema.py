"""schemathesis over the OpenAPI description: no fault of ours, every answer as described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from endplate.service.http.app import create_app
from endplate.service.settings import Settings
from live_service import Live, running

TOKEN = "a-token-of-some-length"
DESCRIBED: dict[str, Any] = create_app(Settings(Path("nowhere")), cast(Any, None), cast(Any, None)).openapi()
OPERATIONS = [
    (path, method)
    for path, methods in DESCRIBED["paths"].items()
    for method in methods
    if not path.endswith("/events")  # streams of events do not end
]
SCHEMA = schemathesis.openapi.from_dict(DESCRIBED)


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[f"{method} {path}" for path, method in OPERATIONS])
def test_answers_are_as_described(service: Live, measured: str, path: str, method: str) -> None:
    @given(case=SCHEMA[path][method].as_strategy())
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    def holds(case: schemathesis.Case) -> None:
        if "scan_id" in case.path_parameters and method != "delete":
            case.path_parameters["scan_id"] = measured
        # what a review or a path may be is more than a schema can say
        case.call_and_validate(base_url=service.url, excluded_checks=[positive_data_acceptance], timeout=60)

    holds()


def test_the_description_is_what_the_service_gives(service: Live) -> None:
    assert service.get("/api/openapi.json") == DESCRIBED


def test_every_problem_is_described() -> None:
    for path, method in OPERATIONS:
        answers = DESCRIBED["paths"][path][method]["responses"]
        assert {"401", "403", "422"} <= set(answers), (path, method)
        for status, answer in answers.items():
            if status >= "400":
                reference = answer["content"]["application/json"]["schema"]["$ref"]
                assert reference.endswith("/Stale" if status == "412" else "/Problem"), (path, method, status)


def test_the_reference_names_every_operation() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([A-Z]+) (/api\S*)` \| ", page, re.MULTILINE)
    assert sorted(told) == sorted((m.upper(), path) for path, methods in DESCRIBED["paths"].items() for m in methods)
    statuses = set(re.findall(r"^\| (\d{3}) \| ", page, re.MULTILINE))
    described = {s for path, method in OPERATIONS for s in DESCRIBED["paths"][path][method]["responses"] if s >= "400"}
    assert statuses == described


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("locked"), token=TOKEN) as live:
        live.client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield live


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[f"{method} {path}" for path, method in OPERATIONS])
def test_a_token_that_is_described_is_asked_for(locked: Live, path: str, method: str) -> None:
    described = locked.get("/api/openapi.json")
    is_open = path in ("/api/health", "/api/session")
    assert ("security" in described["paths"][path][method]) != is_open

    @given(case=schemathesis.openapi.from_dict(described)[path][method].as_strategy())
    @settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
    def holds(case: schemathesis.Case) -> None:
        headers = {} if is_open else {"Authorization": f"Bearer {TOKEN}"}
        case.call_and_validate(base_url=locked.url, headers=headers, checks=[not_a_server_error, ignored_auth], timeout=60)

    holds()
