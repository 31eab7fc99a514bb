"""From types to JSON Schemas (draft 2020-12), as pydantic makes them; nothing here is about HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

Schema = dict[str, Any]

_WHERE = "#/components/schemas/"


class _Untitled(GenerateJsonSchema):
    """Gives fields no titles: they would say their names once more."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  pydantic's signature
        return False


class Schemas:
    """The schemas of all types that operations name: `components` is what they share, by name."""

    def __init__(self, *, taken: Iterable[type], spread: Iterable[type], given: Iterable[type]) -> None:
        """Make them of types that are taken in whole, that are taken in field by field, and that are given out."""
        spread = tuple(dict.fromkeys(spread))
        inputs: list[tuple[type, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
            *((one, "validation", TypeAdapter(one)) for one in dict.fromkeys((*taken, *spread))),
            *((one, "serialization", TypeAdapter(one)) for one in dict.fromkeys(given)),
        ]
        made, shared = TypeAdapter.json_schemas(inputs, ref_template=_WHERE + "{model}", schema_generator=_Untitled)
        self._made = {one: schema for (one, _), schema in made.items()}
        self.components: dict[str, Schema] = shared["$defs"]
        self._spread = {one: self.components.pop(self._made[one]["$ref"].removeprefix(_WHERE)) for one in spread}

    def of(self, one: type) -> Schema:
        """Give a type's schema, a reference where it has a name."""
        return dict(self._made[one])

    def fields_of(self, one: type) -> tuple[Mapping[str, Schema], Sequence[str]]:
        """Give the fields of a type one by one, and the names of those that must be there."""
        schema = self._spread[one]
        return schema["properties"], schema.get("required", ())
