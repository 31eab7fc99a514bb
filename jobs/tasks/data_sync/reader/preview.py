"""The first rows of a file as they stand in it, for people to look at. Nothing is refused for it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from jobs.tasks.data_sync.headers import compare
from jobs.tasks.data_sync.identity import canonical
from jobs.tasks.data_sync.model import Layout
from jobs.tasks.data_sync.reader.table import Table

_COLUMNS: Final = 100
_CHARACTERS: Final = 200


def preview_of(table: Table, layout: Layout, *, rows: int) -> dict[str, Any]:
    """Give headers, how they differ from the layout's fields (None: not), and the first rows, each with its number.

    Of a row a hundred cells are shown, of a cell two hundred characters.
    """
    difference = compare(layout.fields, table.headers, keys=layout.key_fields) if layout.fields else None
    return {
        "sheet": table.sheet,
        "encoding": table.encoding,
        "headers": list(_cut(iter(table.headers))),
        "columns": len(table.headers),
        "header_difference": None if difference is None else difference.as_mapping(),
        "rows": [
            {"number": number, "cells": list(_cut(canonical(cell) for cell in cells))}
            for number, cells in islice(table.rows, rows)
        ],
    }


def _cut(texts: Iterator[str]) -> Iterator[str]:
    return (text[:_CHARACTERS] for text in islice(texts, _COLUMNS))
