"""The OpenAPI document as tests read it: its operations, and whether an answer is one that it has."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator

from app.openapi.__main__ import PATH

DOCUMENT: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))

Schema = Mapping[str, Any]


def validator(schema: Schema) -> Draft202012Validator:
    """Give what checks values by a schema of the document."""
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]}, validate_formats=True)


def resolved(part: Schema) -> Schema:
    """Follow a reference, where it is one."""
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    followed: Schema = found
    return followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One operation of the document."""

    method: str
    path: str
    told: Schema
    _validators: dict[tuple[int, str], Draft202012Validator] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.told["operationId"])

    @property
    def has_place(self) -> bool:
        """Whether its path has a parameter."""
        return "{" in self.path

    @property
    def is_protected(self) -> bool:
        """Whether nobody may call it who is not logged in."""
        return bool(self.told.get("security")) and {} not in self.told["security"]

    @property
    def is_endless(self) -> bool:
        """Whether it answers with a stream of events."""
        return any("text/event-stream" in answer.get("content", ()) for answer in self.told["responses"].values())

    def parameters(self, place: str) -> dict[str, Schema]:
        """Give the schemas of its parameters there: in the path, the query or the headers."""
        return {one["name"]: one["schema"] for one in self.told.get("parameters", ()) if one["in"] == place}

    def content(self, media_type: str) -> Schema | None:
        """Give schema and example of its body of this type; None where it takes none."""
        body: Schema = self.told.get("requestBody", {"content": {}})
        content: Schema | None = body["content"].get(media_type)
        return content

    def faults(self, answer: httpx.Response) -> list[str]:
        """Say what of an answer is not as the document has it; nothing where all is well."""
        answers = self.told["responses"]
        if str(answer.status_code) not in answers:
            return [f"status {answer.status_code} is not one of its answers"]
        response = resolved(answers[str(answer.status_code)])
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if media_type not in response.get("content", {"": {}}):
            return [f"{media_type} is none of its media types"]
        faults = [
            f"header {name} is not there"
            for name, header in response["headers"].items()
            if resolved(header)["required"] and name not in answer.headers
        ]
        if media_type.endswith("json"):
            checked = self._validator(answer.status_code, media_type, response["content"][media_type]["schema"])
            faults += [f"{error.instance_path}: {error.message}" for error in checked.iter_errors(answer.json())]
        return faults

    def matches(self, request: httpx.Request) -> bool:
        """Whether it is what a request asks for."""
        pattern = re.sub(r"{\w+}", "[^/]+", self.path)
        return request.method == self.method and re.fullmatch(pattern, request.url.path) is not None

    def _validator(self, status: int, media_type: str, schema: Schema) -> Draft202012Validator:
        name = (status, media_type)
        if name not in self._validators:
            self._validators[name] = validator(schema)
        return self._validators[name]


def operations() -> Iterator[Described]:
    """Give all operations."""
    for path, methods in DOCUMENT["paths"].items():
        for method, told in methods.items():
            yield Described(method=method.upper(), path=path, told=told)


_ALL = tuple(operations())
# What the document says of all operations together: HTTP's own, and a body where none is taken.
_ANYWHERE = {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


async def hold_to_document(answer: httpx.Response) -> None:
    """Expect an answer to be one that the document has: a hook for a test's client. Streams are not looked into."""
    operation = next((one for one in _ALL if one.matches(answer.request)), None)
    if operation is None or operation.is_endless or answer.status_code in _ANYWHERE:
        return
    await answer.aread()
    faults = operation.faults(answer)
    assert faults == [], f"{operation.name} {answer.status_code} {answer.text[:500]}"
