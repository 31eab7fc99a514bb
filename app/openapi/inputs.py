"""What operations take, as the document describes it: parameters and bodies, from the types that validate them."""

import re
from collections.abc import Mapping

from app.openapi.headers import asked
from app.openapi.operation import Operation
from app.openapi.schemas import Schema, Schemas

_FILE: Mapping[str, object] = {
    "type": "string",
    "contentMediaType": "application/octet-stream",
    "description": "The file itself.",
}


def parameters_of(path: str, operation: Operation, schemas: Schemas) -> list[Schema]:
    """Describe what stands in path, query and headers."""
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    return [*in_path, *_query(operation, schemas), *asked(*operation.headers)]


def body_of(operation: Operation, schemas: Schemas) -> Schema:
    """Describe the body; empty where there is none."""
    if operation.body is not None:
        return _body("application/json", schemas.of(operation.body), operation)
    if operation.form is not None:
        fields, required = schemas.fields_of(operation.form)
        form = {
            "type": "object",
            "properties": {"file": _FILE, **{name: _given(field) for name, field in fields.items()}},
            "required": ["file", *required],
            "additionalProperties": False,
        }
        return _body("multipart/form-data", form, operation)
    return {}


def _query(operation: Operation, schemas: Schemas) -> list[Schema]:
    if operation.query is None:
        return []
    fields, required = schemas.fields_of(operation.query)
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(field)}
        for name, field in fields.items()
    ]


def _body(media_type: str, schema: Schema, operation: Operation) -> Schema:
    content = {"schema": schema}
    if operation.example is not None:
        content["example"] = dict(operation.example)
    return {"required": True, "content": {media_type: content}}


def _given(field: Schema) -> Schema:
    """Give what a query or a form can say of a field: it has no null, it leaves the field out."""
    field = {name: value for name, value in field.items() if (name, value) != ("default", None)}
    choices = [choice for choice in field.pop("anyOf", ()) if choice != {"type": "null"}]
    return {**field, **choices[0]} if len(choices) == 1 else {**field, **({"anyOf": choices} if choices else {})}
