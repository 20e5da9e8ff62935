"""The document against the service: schemathesis makes requests that it allows and that it forbids, and checks answers.

All of its checks look at every answer. What a schema cannot say is left out by name, with the reason.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from api.openapi import build
from tests.api.service import BASE_URL, Service

load_all_checks()
# Whose keys are tried first, by the names of the document.
_KEYS = {"siteKey": "sk", "moderatorToken": "moderator", "adminToken": "admin"}
_LEFT_OUT = {
    # 503 is how it says that a part is unwell, and here no worker is.
    "GET /readyz": ["not_a_server_error"],
    # Whole emails, addresses that are public, thresholds that rise: no schema says these.
    "POST /v1/comments": ["positive_data_acceptance"],
    "POST /v1/endpoints": ["positive_data_acceptance"],
    "PATCH /v1/endpoints/{endpoint_id}": ["positive_data_acceptance"],
    "PUT /v1/policy": ["positive_data_acceptance"],
    # To a schema 457.0 is an integer.
    "POST /v1/comments/{comment_id}/decision": ["positive_data_acceptance"],
    # Each comment has a status of its own. And the address is also that of a comment of this id, if there were one.
    # What a database can't store is left to the code: a pattern for it would be read by nobody.
    "POST /v1/deliveries/replay": ["positive_data_acceptance"],
    # Nor that two requests under one Idempotency-Key are the same.
    "POST /v1/comments/batch": ["negative_data_rejection", "allow_header_conformance", "positive_data_acceptance"],
}


def _cases() -> list[Any]:
    """Return every operation with what the document allows, and with what it forbids where it takes anything."""
    return [
        pytest.param(method.upper(), path, mode, id=f"{method.upper()} {path} {mode.value}")
        for path, methods in build(BASE_URL)["paths"].items()
        for method, described in methods.items()
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or "parameters" in described or "requestBody" in described
    ]


def _ask(service: Service, method: str, path: str, mode: GenerationMode, examples: int) -> int:
    """Ask so many times; return how many requests were made."""
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app=service.app)[path][method]
    kinds = [name for one in operation.definition.raw["security"] for name in one]
    key = next((getattr(service, attribute) for name, attribute in _KEYS.items() if name in kinds), None)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    left_out: list[CheckFunction] = CHECKS.get_by_names(_LEFT_OUT.get(operation.label, []))
    asked = 0

    # Without a database or shrinking: the same requests each time, and no more of them.
    @seed(20)
    @settings(max_examples=examples, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        nonlocal asked
        asked += 1
        case.call_and_validate(headers=headers, excluded_checks=left_out)

    ask()
    return asked


@pytest.mark.parametrize(("method", "path", "mode"), _cases())
def test_some_requests(lasting_service: Service, method: str, path: str, mode: GenerationMode) -> None:
    assert _ask(lasting_service, method, path, mode, 5)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("method", "path", "mode"), _cases())
def test_many_requests(lasting_service: Service, method: str, path: str, mode: GenerationMode) -> None:
    assert _ask(lasting_service, method, path, mode, 60)


def test_nothing_is_left_out_that_is_not_there() -> None:
    known = {f"{method.upper()} {path}" for path, methods in build(BASE_URL)["paths"].items() for method in methods}
    assert set(_LEFT_OUT) <= known
    assert {name for names in _LEFT_OUT.values() for name in names} <= set(CHECKS.get_all_names())
