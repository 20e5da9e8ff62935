"""Holds every answer against the OpenAPI document: an answer that is not documented fails the test that got it."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.test import TestResponse

_BASE = "urn:document"
# Others say nothing of a single route: lengths, caches, and what lets a page of the site read an answer.
_TOLD = {
    "location",
    "retry-after",
    "preference-applied",
    "link",
    "content-language",
    "www-authenticate",
    "accept-post",
    "accept-encoding",
    "allow",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
}


class Contract:
    """The document, read strictly: answers carry the fields that are described and no others."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = copy.deepcopy(dict(document))
        strict = copy.deepcopy(self.document)
        for schema in _objects(strict["components"]["schemas"]):
            schema.setdefault("additionalProperties", False)
        self._strict = Registry().with_resource(_BASE, Resource(strict, DRAFT202012))
        self._as_written = Registry().with_resource(_BASE, Resource(self.document, DRAFT202012))

    def operation(self, rule: str, method: str) -> dict[str, Any] | None:
        """Return what is documented for a method at one of Flask's rules."""
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
        found = self.document["paths"].get(path, {}).get(method.lower())
        return None if found is None else {**found, "pointer": f"/paths/{path.replace('/', '~1')}/{method.lower()}"}

    def check(self, app: Flask, method: str, path: str, response: TestResponse) -> dict[str, Any] | None:
        """Fail when the answer is not one that the document tells of; return the operation."""
        try:
            rule, _ = app.url_map.bind("").match(path, "GET" if method == "HEAD" else method, return_rule=True)
        except NotFound:
            assert response.status_code == 404, response
            self._check_problem(response)
            return None
        except MethodNotAllowed as error:
            self._check_method_refused(response, set(error.valid_methods or ()))
            return None
        operation = self.operation(rule.rule, "GET" if method == "HEAD" else method)
        if operation is None:
            # Flask's own answer to OPTIONS.
            assert method == "OPTIONS", f"{method} {rule.rule} is not documented"
            assert response.status_code == 200
            assert not response.data
            return None
        self._check_answer(operation, method, response)
        return operation

    def check_request(self, operation: Mapping[str, Any], sent: Any) -> None:
        """Fail when something was taken that the document says is not."""
        pointer = f"{operation['pointer']}/requestBody/content/application~1json/schema"
        self._validate(self._as_written, pointer, sent)

    def _check_answer(self, operation: Mapping[str, Any], method: str, response: TestResponse) -> None:
        status = str(response.status_code)
        where = f"{method} {response.request.path} answered {status}: {response.get_data(as_text=True)[:500]}"
        assert status in operation["responses"], f"not documented: {where}"
        pointer = f"{operation['pointer']}/responses/{status}"
        described = operation["responses"][status]
        if "$ref" in described:
            pointer = described["$ref"].removeprefix("#")
            described = self.document["components"]["responses"][pointer.rpartition("/")[2]]
        self._check_headers(described.get("headers", {}), response, where)
        if method == "HEAD":
            return
        content = described.get("content")
        if content is None:
            assert not response.data, where
            return
        assert response.mimetype in content, f"{response.mimetype} is not documented: {where}"
        if response.mimetype.endswith("json"):
            escaped = response.mimetype.replace("/", "~1")
            self._validate(self._strict, f"{pointer}/content/{escaped}/schema", json.loads(response.data))

    def _check_headers(self, described: Mapping[str, Any], response: TestResponse, where: str) -> None:
        known = {name.lower() for name in described}
        for name in response.headers.keys():  # noqa: SIM118 - it is a list of pairs
            assert name.lower() not in _TOLD or name.lower() in known, f"{name} is not documented: {where}"
        for name, header in described.items():
            assert not header.get("required") or name in response.headers, f"{name} is missing: {where}"

    def _check_method_refused(self, response: TestResponse, taken: set[str]) -> None:
        assert response.status_code == 405, response
        self._check_problem(response)
        assert set(response.allow) == taken

    def _check_problem(self, response: TestResponse) -> None:
        assert response.mimetype == "application/problem+json"
        self._validate(self._strict, "/components/schemas/Problem", json.loads(response.data))

    @staticmethod
    def _validate(registry: Registry[Any], pointer: str, value: Any) -> None:
        # A JSON pointer in a URI writes braces as percent escapes.
        schema = {"$ref": f"{_BASE}#{pointer.replace('{', '%7B').replace('}', '%7D')}"}
        Draft202012Validator(schema, registry=registry, format_checker=FormatChecker()).validate(value)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and value.get("type") == "object":
            yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _was_taken(response: TestResponse) -> bool:
    """Tell whether all of what was sent was taken; a batch may have been in part."""
    results = response.json.get("results", ()) if response.status_code < 300 else ()
    return response.status_code < 300 and all(result["status"] == 202 for result in results)


class CheckedClient(FlaskClient):
    """A client that believes no answer before the document confirms it."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask, and hold the answer against the document."""
        has_json = "json" in kwargs
        sent = kwargs.pop("json", None)
        if has_json:
            # With escapes, so that half of a surrogate pair can be sent too.
            kwargs |= {"data": json.dumps(sent).encode(), "content_type": "application/json"}
        response = super().open(*args, **kwargs)
        contract: Contract = self.application.extensions["contract"]
        request = response.request
        operation = contract.check(self.application, request.method, request.path, response)
        if operation and has_json and operation.get("requestBody") and _was_taken(response):
            contract.check_request(operation, sent)
        return response
