"""Bad requests to an operation, each with what must be answered: made from what the document says of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.middleware.body_limit import DEFAULT_BYTES, LIMITS
from tests.support.openapi import Described, Schema, resolved, validator

JSON = "application/json"
FORM = "multipart/form-data"

_METHODS = ("DELETE", "PUT", "PATCH", "POST", "GET")
_NOWHERE = ("nothing", "%00", "a" * 2000, "0" * 32, "00000000-0000-0000-0000-000000000000")
# Of some of these every schema that is not for anything at all must think badly.
_WRONG: tuple[object, ...] = ({"no": "such"}, 7.5, "\x00", [], True, "x" * 10_000)
_WRONG_TEXTS = ("nothing", "\x00", "x" * 10_000, "-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A request, and the answer that it must get; `pointer` is where the wrong field is."""

    why: str
    method: str
    path: str
    status: int
    type: str
    pointer: str | None = None
    sent: Mapping[str, Any] = field(default_factory=dict)


def bad_requests(operation: Described, path: str) -> Iterator[Bad]:
    """Give bad requests to an operation; `path` is its own with something that is there for its parameter."""
    yield from _bad_queries(operation, path)
    if (content := operation.content(JSON)) is not None:
        yield from _bad_bodies(operation, path, content)
    if (content := operation.content(FORM)) is not None:
        yield from _bad_forms(operation, path, content)


def bad_places(operation: Described) -> Iterator[Bad]:
    """Ask for what is not there."""
    if not operation.has_place:
        return
    start, end = operation.path.split("{")[0], operation.path.partition("}")[2]
    content = operation.content(JSON)
    sent = {} if content is None else {"json": content["example"]}
    for name in _NOWHERE:
        yield Bad(
            why=f"{name[:40]} is not there",
            method=operation.method,
            path=f"{start}{name}{end}",
            status=404,
            type="not-found",
            sent=sent,
        )


def wrong_methods(path: str, allowed: set[str]) -> Iterator[Bad]:
    """Use methods that a path does not have."""
    for method in _METHODS:
        if method not in allowed:
            yield Bad(why=f"no {method}", method=method, path=path, status=405, type="about:blank")


def _bad_queries(operation: Described, path: str) -> Iterator[Bad]:
    query = operation.parameters("query")
    if not query:
        return
    wrong = {name: _wrong_text(name, schema) for name, schema in query.items()}
    for name, text in {"colour": "red", **wrong}.items():
        if text is None:
            continue
        yield Bad(
            why=f"the query's {name}",
            method=operation.method,
            path=path,
            status=422,
            type="validation",
            pointer=f"/{name}",
            sent={"params": {name: text}},
        )
    for name in (name for name, schema in query.items() if schema.get("type") != "array"):
        yield Bad(
            why=f"the query's {name} twice",
            method=operation.method,
            path=path,
            status=422,
            type="validation",
            pointer=f"/{name}",
            sent={"params": {name: ["1", "1"]}},
        )


def _bad_bodies(operation: Described, path: str, content: Schema) -> Iterator[Bad]:
    def bad(why: str, status: int, kind: str = "validation", pointer: str | None = None, **sent: object) -> Bad:
        return Bad(why=why, method=operation.method, path=path, status=status, type=kind, pointer=pointer, sent=sent)

    right, json_type = dict(content["example"]), {"Content-Type": JSON}
    yield bad("another media type", 415, "unsupported-media-type", content=b"{}", headers={"Content-Type": "text/csv"})
    yield bad("too large", 413, "too-large", content=b" ", headers=json_type | _too_long(path))
    for broken in (b"{", b"", b"\xff", b'{"a": 1e400}', b'{"a": "\\ud800"}'):
        yield bad(f"{broken!r} is no JSON", 400, content=broken, headers=json_type)
    for other in (b"[]", b"null", b'"text"', b"7"):
        yield bad(f"{other!r} is no object", 422, content=other, headers=json_type)
    yield bad("a field that nobody knows", 422, pointer="/colour", json={**right, "colour": 1})
    fields, required = _fields(content["schema"])
    for name in required:
        yield bad(f"no {name}", 422, pointer=f"/{name}", json={key: right[key] for key in right.keys() - {name}})
    for name, schema in fields.items():
        wrong = next((value for value in _WRONG if not validator(schema).is_valid(value)), None)
        if wrong is not None:
            yield bad(f"a wrong {name}", 422, pointer=f"/{name}", json={**right, name: wrong})


def _bad_forms(operation: Described, path: str, content: Schema) -> Iterator[Bad]:
    def bad(why: str, status: int, kind: str = "validation", pointer: str | None = None, **sent: object) -> Bad:
        return Bad(why=why, method=operation.method, path=path, status=status, type=kind, pointer=pointer, sent=sent)

    right, file = dict(content["example"]), {"file": ("a.csv", b"a,b\n1,2\n")}
    yield bad("another media type", 415, "unsupported-media-type", content=b"a,b", headers={"Content-Type": "text/csv"})
    announced = {"Content-Type": f"{FORM}; boundary=x"} | _too_long(path)
    yield bad("too large", 413, "too-large", content=b"x", headers=announced)
    yield bad("no boundary", 400, content=b"nothing", headers={"Content-Type": FORM})
    yield bad("no file", 422, pointer="/file", data=right, files={"other": ("a.csv", b"a,b\n1,2\n")})
    yield bad("a field that nobody knows", 422, pointer="/colour", data={**right, "colour": "red"}, files=file)
    fields, required = _fields(content["schema"])
    for name in required - {"file"}:
        data = {key: right[key] for key in right.keys() - {name}}
        yield bad(f"no {name}", 422, pointer=f"/{name}", data=data, files=file)
    for name in fields.keys() - {"file"}:
        if (wrong := _wrong_text(name, fields[name])) is not None:
            yield bad(f"a wrong {name}", 422, pointer=f"/{name}", data={**right, name: wrong}, files=file)


def _too_long(path: str) -> dict[str, str]:
    """Announce a body that is a byte longer than the path takes."""
    return {"Content-Length": str(LIMITS.get(path, DEFAULT_BYTES) + 1)}


def _fields(schema: Schema) -> tuple[Mapping[str, Schema], set[str]]:
    whole = resolved(schema)
    return whole["properties"], set(whole.get("required", ()))


def _wrong_text(name: str, schema: Schema) -> str | None:
    """Give a text that is no value for a parameter or a form's field, None where any is one.

    A cursor's form is the server's own business.
    """
    if name == "cursor" or schema.get("type") in {"integer", "number"}:
        return "nothing"
    return next((text for text in _WRONG_TEXTS if not validator(schema).is_valid(text)), None)
