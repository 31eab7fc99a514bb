"""Arguments as they are typed: `name=text` for a text, `name:=json` for anything else; and as they stand in files."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, TextIO

import click

# A name is any text without `=`: fields of rows are called as the headers of their file are.
_PAIR = re.compile(r"(?!:?=)([^=]+?)(:?=)(.*)", re.DOTALL)


def read_pairs(pairs: Iterable[str]) -> dict[str, Any]:
    """Read pairs. Raises click.BadParameter that shows how to write them."""
    read: dict[str, Any] = {}
    for pair in pairs:
        found = _PAIR.fullmatch(pair)
        if found is None:
            raise click.BadParameter(f"{pair!r} is no argument: write name=text, or name:=json as in times:=3")
        name, sign, text = found.groups()
        if name in read:
            raise click.BadParameter(f"{name} is given twice")
        read[name] = read_json(text, of=name) if sign == ":=" else text
    return read


def read_json(text: str, *, of: str) -> Any:  # noqa: ANN401  JSON
    """Read JSON. Raises click.BadParameter that says where it is broken; `of` names it."""
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except ValueError as error:
        raise click.BadParameter(f"{of}: {text!r} is no JSON: {error}") from None


def _finite(text: str) -> float:
    """Read a number. Raises ValueError for NaN, and for what is endless or too large: no request can have those."""
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text} is no number that can be sent")
    return found


def read_text(file: TextIO) -> str:
    """Read a file to its end. Raises click.BadParameter where it is no text."""
    try:
        return file.read()
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{file.name} is no text in UTF-8: {error.reason}, at byte {error.start}") from None


def read_object(text: str, *, of: str) -> dict[str, Any]:
    """Read a JSON object. Raises click.BadParameter."""
    found = read_json(text, of=of)
    if not isinstance(found, dict):
        raise click.BadParameter(f"{of}: {text!r} is no JSON object")
    return found
