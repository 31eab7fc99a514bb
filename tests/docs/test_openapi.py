"""The OpenAPI document says what the code does: every endpoint, with the types that it reads."""

import dis
import json
from collections import Counter
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from app.api.methods import Endpoint
from app.openapi.__main__ import PATH, written
from app.openapi.operations import OPERATIONS
from app.openapi.problems import problem_types
from app.routes import ROUTES
from app.schemas.requests import Body

DOCUMENT: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
ENDPOINTS = {endpoint.__name__: endpoint for route in ROUTES for endpoint in route.endpoints.values()}


def _read_by(code: Endpoint | FunctionType) -> Iterator[type[Body]]:
    """Give the types that an endpoint's code names, and the functions of its module that it calls."""
    assert isinstance(code, FunctionType)
    for name in {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}:
        named = code.__globals__.get(name)
        if isinstance(named, type) and issubclass(named, Body):
            yield named
        elif isinstance(named, FunctionType) and named.__module__ == code.__module__:
            yield from _read_by(named)


def _objects(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _objects(inner)


def test_the_committed_document_is_the_code_s() -> None:
    """`./dev openapi` writes it anew."""
    assert PATH.read_text(encoding="utf-8") == written(), "run ./dev openapi"


def test_every_endpoint_has_an_operation() -> None:
    """An entry in app/openapi/operations, under the endpoint itself; and none is left of one that is gone."""
    routed = [endpoint for route in ROUTES for endpoint in route.endpoints.values()]
    missing = [f"{endpoint.__module__}.{endpoint.__name__}" for endpoint in routed if endpoint not in OPERATIONS]
    assert not missing, f"without an entry in app/openapi/operations: {missing}"
    assert OPERATIONS.keys() == set(routed)
    assert [name for name, times in Counter(endpoint.__name__ for endpoint in routed).items() if times > 1] == []


@pytest.mark.parametrize("name", ENDPOINTS)
def test_it_names_the_types_that_the_endpoint_reads(name: str) -> None:
    """So that what is documented is what validates."""
    operation = OPERATIONS[ENDPOINTS[name]]
    assert {one for one in (operation.body, operation.form, operation.query) if one} == set(_read_by(ENDPOINTS[name]))


def test_every_body_has_an_example() -> None:
    """For readers, and for the tests that make bad requests of it."""
    bodies = [
        content for part in _objects(DOCUMENT) for content in part.get("requestBody", {}).get("content", {}).values()
    ]
    assert bodies
    assert all("example" in content for content in bodies)


def test_the_endpoints_docstrings_name_their_method_and_path() -> None:
    """Whoever reads the code sees where he is."""
    for route in ROUTES:
        for method, endpoint in route.endpoints.items():
            assert (endpoint.__doc__ or "").startswith((f"{method} {route.path}:", f"{method} {route.path}.")), endpoint


def test_every_reference_leads_somewhere() -> None:
    """And every component is referred to."""
    used = set()
    for part in _objects(DOCUMENT):
        if isinstance(reference := part.get("$ref"), str):
            found: Any = DOCUMENT
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]
            used.add(reference)
    components = DOCUMENT["components"]
    assert {f"#/components/schemas/{name}" for name in components["schemas"]} <= used
    assert {f"#/components/responses/{name}" for name in components["responses"]} <= used


def test_its_schemas_are_schemas() -> None:
    """Of JSON Schema 2020-12, which OpenAPI 3.1 takes."""
    for schema in DOCUMENT["components"]["schemas"].values():
        meta.validate(schema)


def test_every_constraint_is_one_that_readers_know() -> None:
    """A type's constraint has to stand before its validators: behind them it is not put into words of JSON Schema."""
    for part in _objects(DOCUMENT):
        assert not {"ge", "gt", "le", "lt", "multiple_of"} & part.keys(), part
        assert part.get("type") != "array" or not {"minLength", "maxLength"} & part.keys(), part


def test_its_examples_are_right() -> None:
    """They can be sent as they stand, but for an upload's file."""
    for content in _objects(DOCUMENT):
        if "schema" in content and "example" in content:
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            required = [name for name in schema.get("required", ()) if name != "file"]
            if "required" in schema:
                schema["required"] = required
            Draft202012Validator(schema).validate(content["example"])


def test_it_has_the_printed_list_of_problem_types() -> None:
    """The one that app/docs/reference/errors.md has."""
    for row in problem_types():
        assert str(row) in DOCUMENT["info"]["description"].splitlines()
