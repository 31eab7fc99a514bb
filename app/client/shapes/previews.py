"""A look at a file before it is synced."""

from collections.abc import Sequence
from typing import TypedDict

from app.client.shapes.files import HeaderDifference
from app.client.shapes.templates import Template


class PreviewRow(TypedDict):
    """A row under the number that a spreadsheet shows; of a hundred cells, two hundred characters each."""

    number: int
    cells: Sequence[str]


class Shown(TypedDict):
    """What stands in a file: headers, of which `columns` counts all, and the first rows below them.

    `header_difference` is None where they are the template's, or there is none.
    """

    sheet: str | None
    encoding: str | None
    headers: Sequence[str]
    columns: int
    header_difference: HeaderDifference | None
    rows: Sequence[PreviewRow]


class Preview(TypedDict):
    """`template` is the one that a sync would read the file by; `problem` says why nothing of it can be shown."""

    template: Template | None
    shown: Shown | None
    problem: str | None
