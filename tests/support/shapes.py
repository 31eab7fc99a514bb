"""Types of the client and schemas of the document, both in words of one kind, so that they can be compared.

A shape is a text of what its values are: `text`, `integer`, `[Job]`, `{text: integer}`, `'a' | 'b'`, `null | text`.
"""

import types
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

from tests.support.openapi import Schema, resolved

_PLAIN: Mapping[object, str] = {
    str: "text",
    datetime: "text",
    date: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    types.NoneType: "null",
    Any: "any",
}
_TYPES = {"string": "text"}  # other types of JSON Schema are called as they are


def fields_of(shape: type) -> Mapping[str, str]:
    """Say what the fields of a client's TypedDict are; those that may be missing end with `?`."""
    needed: frozenset[str] = getattr(shape, "__required_keys__", frozenset())
    hints = get_type_hints(shape)
    return {f"{name}{'' if name in needed else '?'}": _of_hint(hint) for name, hint in hints.items()}


def described_fields(schema: Schema) -> Mapping[str, str]:
    """Say the same of an object's schema in the document."""
    needed = schema.get("required", ())
    properties = schema["properties"].items()
    return {f"{name}{'' if name in needed else '?'}": described(field) for name, field in properties}


def described(schema: Schema) -> str:
    """Say what the values of a schema are."""
    if "$ref" in schema:
        found = resolved(schema)
        name = schema["$ref"].rpartition("/")[2]
        return described(found) if "properties" not in found else name.removesuffix("View")
    if "anyOf" in schema:
        return _either(described(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return _either(repr(one) for one in schema.get("enum", [schema.get("const")]))
    return _of_type(schema)


def _of_type(schema: Schema) -> str:
    kind: str | None = schema.get("type")
    if kind == "array":
        return f"[{described(schema['items'])}]"
    if kind == "object":
        more = schema.get("additionalProperties", True)
        key = described(schema.get("propertyNames", {"type": "string"}))
        return f"{{{key}: {'any' if more is True else described(more)}}}"
    return "any" if kind is None else _TYPES.get(kind, kind)


def _of_hint(hint: Any) -> str:  # noqa: ANN401  whatever an annotation is
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_typeddict(hint):
        return str(hint.__name__)
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return _either(repr(one) for one in arguments)
    return _of_parts(get_origin(hint), [_of_hint(one) for one in arguments])


def _of_parts(origin: object, parts: Sequence[str]) -> str:
    if origin in (typing.Union, types.UnionType):
        return _either(parts)
    if origin is Sequence:
        return f"[{parts[0]}]"
    if origin is Mapping:
        return f"{{{parts[0]}: {parts[1]}}}"
    if origin is NotRequired:
        return parts[0]
    raise TypeError(f"no word for {origin}")


def _either(words: typing.Iterable[str]) -> str:
    """Join alternatives, those of alternatives too, in one order."""
    return " | ".join(sorted({word for one in words for word in one.split(" | ")}))
