"""Which sheet of a workbook is read. No cells here."""

from collections.abc import Iterable, Iterator

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.headers import compare
from jobs.tasks.data_sync.model import Layout
from jobs.tasks.data_sync.reader.table import Table


def visible(book: CalamineWorkbook) -> Iterator[int]:
    """Give the indices of the worksheets that people see."""
    for index, about in enumerate(book.sheets_metadata):
        if about.typ == SheetTypeEnum.WorkSheet and about.visible == SheetVisibleEnum.Visible:
            yield index


def fitting(tables: Iterable[Table | None], layout: Layout) -> Table:
    """Give the first table that has the headers; where none has, the first one. None is a sheet that ends before."""
    first: Table | None = None
    for table in tables:
        if table is not None and compare(layout.fields, table.headers) is None:
            return table
        first = first or table
    if first is None:
        raise UnreadableFileError(f"No visible sheet reaches row {layout.header_row}, where its headers should be.")
    return first
