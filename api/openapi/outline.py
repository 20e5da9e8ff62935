"""The document as a page shows it: references resolved, a section per operation, types in words, an example request."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from api.openapi.inputs import Json


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: a field, a parameter or a header. `schema` is the named schema that its type links to."""

    name: str
    kind: str
    text: str
    is_required: bool = False
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, in one content type."""

    content_type: str
    rows: tuple[Row, ...]
    schema: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of an operation."""

    status: int
    phrase: str
    text: str
    headers: tuple[str, ...]
    schemas: tuple[str, ...]
    example: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    keys: tuple[str, ...]
    inputs: tuple[Row, ...]
    bodies: tuple[Body, ...]
    requests: tuple[str, ...]
    answers: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Operations that belong together."""

    name: str
    text: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole page. `keys` are kinds of key: what they look like and whose they are; `schemas` have their rows."""

    sections: tuple[Section, ...]
    keys: tuple[tuple[str, str], ...]
    schemas: tuple[tuple[str, str, tuple[Row, ...]], ...]


def outline(document: Json) -> Outline:
    """Return what the page shows of the document."""
    operations = [
        (operation["tags"][0], _operation(document, path, method, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    sections = tuple(
        Section(tag["name"], tag["description"], tuple(one for name, one in operations if name == tag["name"]))
        for tag in document["tags"]
    )
    schemes = document["components"]["securitySchemes"].values()
    return Outline(
        sections,
        tuple((_look_of(scheme), scheme["description"]) for scheme in schemes),
        tuple(
            (name, schema.get("description", ""), tuple(_rows(schema)))
            for name, schema in document["components"]["schemas"].items()
        ),
    )


def _look_of(scheme: Json) -> str:
    return str(scheme.get("bearerFormat") or f"?{scheme['name']}=…")


def _resolve(document: Json, value: Json) -> Json:
    if "$ref" not in value:
        return value
    _, *steps = value["$ref"].split("/")
    found: Any = document
    for step in steps:
        found = found[step]
    return dict(found)


def _operation(document: Json, path: str, method: str, operation: Json) -> Operation:
    schemes = document["components"]["securitySchemes"]
    contents = operation.get("requestBody", {}).get("content", {})
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        text=operation.get("description", ""),
        keys=tuple(_look_of(schemes[name]) for one in operation["security"] for name in one),
        inputs=tuple(_input(one) for one in operation.get("parameters", ())),
        bodies=tuple(_body(document, kind, media["schema"]) for kind, media in contents.items()),
        requests=tuple(_requests(document, path, method, operation)),
        answers=tuple(_answer(document, int(status), one) for status, one in operation["responses"].items()),
    )


def _input(parameter: Json) -> Row:
    place = {"path": "in the address", "query": "after ?", "header": "header"}[parameter["in"]]
    kind = kind_of(parameter["schema"])
    return Row(
        parameter["name"],
        place if kind == "string" else f"{place}: {kind}",
        parameter["description"],
        is_required=parameter.get("required", False),
    )


def _body(document: Json, content_type: str, schema: Json) -> Body:
    return Body(content_type, tuple(_rows(_resolve(document, schema))), _name_of(schema))


def _answer(document: Json, status: int, response: Json) -> Answered:
    response = _resolve(document, response)
    medias = list(response.get("content", {}).values())
    schemas = [name for media in medias for name in _names_of(media["schema"])]
    example = medias[0].get("example") if medias else None
    return Answered(
        status,
        HTTPStatus(status).phrase,
        response["description"],
        tuple(response.get("headers", ())),
        tuple(schemas),
        example if isinstance(example, str) or example is None else _pretty(example),
    )


def _names_of(schema: Json) -> list[str]:
    return [name for one in schema.get("anyOf", [schema]) if (name := _name_of(one))]


def _name_of(schema: Json) -> str | None:
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else None


def _rows(schema: Json) -> Iterator[Row]:
    for name, one in schema.get("properties", {}).items():
        inner = one.get("items", one)
        named = next(iter(_names_of(inner)), None)
        is_required = name in schema.get("required", ())
        yield Row(name, kind_of(one), one.get("description", ""), is_required=is_required, schema=named)


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return a schema's type and limits in words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"] if value is not None)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(kind_of(one) for one in schema[choice])
    types = schema.get("type", "any")
    words = [types] if isinstance(types, str) else list(types)
    if "array" in words:
        words[words.index("array")] = f"list of {kind_of(schema.get('items', {}))}"
    return " or ".join(words) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    if "maxLength" in schema:
        return f", at most {schema['maxLength']:,} characters"
    if "maxItems" in schema:
        return f", at most {schema['maxItems']:,}"
    if "minimum" in schema and "maximum" in schema:
        return f", {schema['minimum']:,} to {schema['maximum']:,}"
    return ""


def _requests(document: Json, path: str, method: str, operation: Json) -> Iterator[str]:
    """Yield one curl command per content type, or the one that sends nothing."""
    address = document["servers"][0]["url"] + path
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", parameter["example"])
    start = ["curl"]
    if method not in ("get", "post"):
        start += ["-X", method.upper()]
    lines = [" ".join([*start, shlex.quote(address)])]
    if operation["security"]:
        scheme = document["components"]["securitySchemes"][next(iter(operation["security"][0]))]
        lines.append(f'-H "Authorization: Bearer {_look_of(scheme)}"')
    contents = operation.get("requestBody", {}).get("content", {})
    if not contents:
        yield _joined(lines)
    for content_type, media in contents.items():
        example = media.get("example") or _resolve(document, media["schema"])["example"]
        yield _joined([*lines, *_sent(content_type, example)])


def _sent(content_type: str, example: Any) -> list[str]:
    if content_type == "application/x-www-form-urlencoded":
        return [f"-d {shlex.quote(urlencode({name: value}, safe='@'))}" for name, value in example.items()]
    return [f"-H 'Content-Type: {content_type}'", f"-d {shlex.quote(_pretty(example))}"]


def _joined(lines: list[str]) -> str:
    return " \\\n  ".join(lines)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
