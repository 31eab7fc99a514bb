"""From what pydantic finds wrong to mistakes, and never many more of them than anybody reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Generic, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from jobs.errors import InvalidInputError, Mistake

MOST_MISTAKES = 100  # of those who make thousands, nobody reads more
SMALL_BYTES = 65_536  # there is no room for more mistakes than can be made in some hundredths of a second

_UNKNOWN = "is not known here; check its spelling or leave it out"
_MANY = {
    "list": core_schema.ListSchema,
    "tuple": core_schema.TupleSchema,
    "set": core_schema.SetSchema,
    "frozenset": core_schema.FrozenSetSchema,
    "dict": core_schema.DictSchema,
}
_HASTY = {kind for kind, known in _MANY.items() if "fail_fast" in known.__annotations__}  # older ones lack some
_NO_SCHEMAS = frozenset({"default", "expected", "metadata"})

Checked = TypeVar("Checked")


class Bounded(Generic[Checked]):
    """Checks JSON by a schema. What is small is told of all that is wrong with it, the first hundred mistakes.

    pydantic makes every mistake before it shows one, at a kilobyte each: 16 MiB of wrong elements took 8 GB. In what is
    not small names that nobody knows are looked for first; without any, the first wrong element of each list or mapping
    ends the look at it.
    """

    def __init__(self, adapter: TypeAdapter[Checked]) -> None:
        self._adapter = adapter

    @cached_property
    def _hasty(self) -> SchemaValidator:
        # Else nested models would bring validators of their own, which make all mistakes.
        return SchemaValidator(_hasty(self._adapter.core_schema), _use_prebuilt=False)

    @cached_property
    def _shape(self) -> "_Shape | None":
        return _shape(self._adapter.core_schema, {})

    def check(self, encoded: bytes, *, root: str = "", decoded: object = None) -> Checked:
        """Give what it is, `decoded` by orjson or not yet. Raises InvalidInputError, its pointers below `root`."""
        try:
            if len(encoded) <= SMALL_BYTES:
                return self._adapter.validate_json(encoded)
            if self._shape is not None:
                _refuse_strangers(self._shape, orjson.loads(encoded) if decoded is None else decoded, root)
            checked: Checked = self._hasty.validate_json(encoded)
        except ValidationError as error:
            raise InvalidInputError(mistakes_of(error, root=root)) from None
        return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Where a schema has objects with a fixed set of names: here, or in the elements of what is here, or in fields."""

    names: frozenset[str] | None = None
    fields: Mapping[str, "_Shape"]
    elements: "_Shape | None" = None

    def knows(self, value: object) -> bool:
        """Say whether all is known in an object that has nothing else to look into, sooner than by a look."""
        return self.names is not None and not self.fields and isinstance(value, dict) and self.names.issuperset(value)

    def strangers(self, value: object, at: str) -> Iterator[str]:
        """Give pointers to the names in a value that no schema knows."""
        if self.elements is not None:
            yield from self._strangers_in(value, self.elements, at)
        elif isinstance(value, dict):
            if self.names is not None and not self.names.issuperset(value):
                yield from (f"{at}/{_escaped(name)}" for name in value if name not in self.names)
            for name, field in self.fields.items():
                if name in value:
                    yield from field.strangers(value[name], f"{at}/{_escaped(name)}")

    @staticmethod
    def _strangers_in(value: object, elements: "_Shape", at: str) -> Iterator[str]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for place, item in items:
            if not isinstance(item, dict | list):
                return  # it is the first wrong one
            if not elements.knows(item):
                yield from elements.strangers(item, f"{at}/{_escaped(place)}")


def _refuse_strangers(shape: _Shape, value: object, root: str) -> None:
    if strangers := list(islice(shape.strangers(value, root), MOST_MISTAKES)):
        raise InvalidInputError([Mistake(pointer=pointer, detail=_UNKNOWN) for pointer in strangers])


def mistakes_of(error: ValidationError, *, root: str = "") -> list[Mistake]:
    """Translate what pydantic found into JSON pointers (RFC 6901) under `root`, and sentences: the first hundred."""
    return [
        Mistake(
            pointer=root + "".join(f"/{_escaped(part)}" for part in found["loc"]),
            detail=_sentence(found["type"], found["msg"]),
        )
        for found in error.errors(include_url=False, include_input=False)[:MOST_MISTAKES]
    ]


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _sentence(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return _UNKNOWN
    return message.removeprefix("Value error, ")


def _hasty(schema: Any) -> Any:  # noqa: ANN401  parts of schemas are of any type
    """Copy a schema; lists and mappings are left at their first wrong element."""
    if isinstance(schema, list | tuple):
        return type(schema)(_hasty(one) for one in schema)
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if not isinstance(kind, str):  # of fields by their names, which may be any
        return {name: _hasty(value) for name, value in schema.items()}
    copied = {name: value if name in _NO_SCHEMAS else _hasty(value) for name, value in schema.items()}
    return {**copied, "fail_fast": True} if kind in _HASTY else copied


def _shape(schema: CoreSchema | Mapping[str, Any], refs: Mapping[str, Any], extra: str | None = None) -> _Shape | None:
    """Give the shape of a schema; None where nothing in it has a fixed set of names. Unions are not looked into."""
    schema = dict(schema)
    kind = schema["type"]
    if kind == "definitions":
        return _shape(schema["schema"], {one["ref"]: one for one in schema["definitions"]})
    if kind == "definition-ref":
        # What has itself in it is looked into once.
        others = {ref: one for ref, one in refs.items() if ref != schema["schema_ref"]}
        return None if len(others) == len(refs) else _shape(refs[schema["schema_ref"]], others)
    if kind in {"model-fields", "typed-dict"}:
        return _shape_of_fields(schema, refs, _extra(schema) or extra)
    inner = schema.get("schema") or schema.get("values_schema") or schema.get("items_schema")
    if isinstance(inner, list):
        inner = inner[0] if len(inner) == 1 else None
    if not isinstance(inner, dict):
        return None
    found = _shape(inner, refs, _extra(schema))
    return _Shape(fields={}, elements=found) if found is not None and kind in _MANY else found


def _shape_of_fields(schema: Mapping[str, Any], refs: Mapping[str, Any], extra: str | None) -> _Shape | None:
    fields = {name: found for name, one in schema["fields"].items() if (found := _shape(one["schema"], refs))}
    has_aliases = any("validation_alias" in one for one in schema["fields"].values())
    names = frozenset(schema["fields"]) if extra == "forbid" and not has_aliases else None
    return _Shape(names=names, fields=fields) if fields or names is not None else None


def _extra(schema: Mapping[str, Any]) -> str | None:
    said: str | None = schema.get("extra_behavior") or schema.get("config", {}).get("extra_fields_behavior")
    return said
