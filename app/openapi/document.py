"""The OpenAPI 3.1 document: routes, operations, schemas and problems put together."""

from collections.abc import Iterable, Mapping, Sequence

from app import __version__
from app.api.methods import Endpoint, PathRoute
from app.identity import SESSION_COOKIE
from app.middleware.authentication import PROTECTED, is_protected
from app.openapi.answers import answers_of
from app.openapi.headers import shared
from app.openapi.inputs import body_of, parameters_of
from app.openapi.operation import Operation, Operations
from app.openapi.problems import ProblemAnswers, problem_types
from app.openapi.schemas import Schema, Schemas
from app.problems import UNAUTHENTICATED
from app.schemas.shapes.problems import ProblemView

_ABOUT = """\
An async job server on Redis and PostgreSQL.

Every path below `/api` but the login needs `Authorization: Bearer`, with an API key or a session's token; from pages of
the same host the session's cookie is enough. JSON comes in and goes out; times are RFC 3339 in UTC.
Lists come in pages: `next_cursor` is the `cursor` of the next, null after the last.

Most answers say in `X-RateLimit-*` how many more requests are admitted now. A 429 says in `Retry-After` after how many
seconds the same request will be.

Errors are problem documents (RFC 9457). `errors` names each wrong field by a JSON pointer. Bad input changes nothing.
This is the whole list of their types:

| type | status | meaning |
|---|---|---|
"""
_KEY = "apiKey"
_SESSION = "session"
_SCHEMES: Schema = {
    _KEY: {"type": "http", "scheme": "bearer", "description": "An API key, or the token of a session."},
    _SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "The cookie of a session. For changes a page of the same host has to send it.",
    },
}
_OUTSIDE = "site"  # what is not of the API: health, metrics, this document


def make_document(routes: Iterable[PathRoute], operations: Operations) -> Schema:
    """Make the document of all routes. Raises KeyError with the endpoint that has no operation."""
    routes = sorted(routes, key=lambda route: not route.path.startswith(PROTECTED))
    schemas = _schemas(operations.values())
    problems = ProblemAnswers()
    paths = {route.path: _path(route, operations, schemas, problems) for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchyard",
            "version": __version__,
            "description": _ABOUT + "\n".join(str(row) for row in problem_types()),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(path) for path in paths)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": shared(),
            "responses": dict(sorted(problems.components.items())),
            "securitySchemes": _SCHEMES,
        },
    }


def _schemas(operations: Iterable[Operation]) -> Schemas:
    operations = list(operations)
    given = [answer.shape for operation in operations for answer in operation.answers.values()]
    return Schemas(
        taken=[operation.body for operation in operations if operation.body],
        spread=[one for operation in operations for one in (operation.form, operation.query) if one],
        given=[*given, ProblemView],
    )


def _path(route: PathRoute, operations: Operations, schemas: Schemas, problems: ProblemAnswers) -> Schema:
    return {
        method.lower(): _operation(route.path, endpoint, operations[endpoint], schemas, problems)
        for method, endpoint in sorted(route.endpoints.items())
    }


def _operation(
    path: str, endpoint: Endpoint, operation: Operation, schemas: Schemas, problems: ProblemAnswers
) -> Schema:
    described = {
        "operationId": endpoint.__name__,
        "tags": [_tag(path)],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": parameters_of(path, operation, schemas),
        "requestBody": body_of(operation, schemas),
        "responses": answers_of(path, operation, schemas, problems),
        "security": _security(path, operation),
    }
    return {name: value for name, value in described.items() if value}


def _tag(path: str) -> str:
    return path.split("/")[2] if path.startswith(PROTECTED) else _OUTSIDE


def _security(path: str, operation: Operation) -> Sequence[Mapping[str, list[str]]]:
    if is_protected(path):
        return [{_KEY: []}, {_SESSION: []}]
    if path.startswith(PROTECTED):
        return []
    return [{_KEY: []}, {}] if UNAUTHENTICATED in operation.problems else []
