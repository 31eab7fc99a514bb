"""A look at a file before it is synced."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from app.schemas.shapes.data_sync import HeaderDifferenceView, TemplateView


class PreviewRowView(TypedDict):
    """A row under the number that a spreadsheet shows; of a hundred cells, two hundred characters each."""

    number: int
    cells: Sequence[str]


class ShownView(TypedDict):
    """What stands in a file: headers, of which `columns` counts all, and the first rows below them.

    `header_difference` is null where they are the template's, or there is none.
    """

    sheet: str | None
    encoding: str | None
    headers: Sequence[str]
    columns: int
    header_difference: HeaderDifferenceView | None
    rows: Sequence[PreviewRowView]


class PreviewView(TypedDict):
    """`template` is the one that a sync would read the file by; `problem` says why nothing of it can be shown."""

    template: TemplateView | None
    shown: ShownView | None
    problem: str | None
