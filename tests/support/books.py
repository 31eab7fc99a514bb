"""Workbooks of the older and rarer formats, written as the tests want them."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import xlwt

DATA: Final = Path(__file__).parents[1] / "data" / "books"
_SHEET: Final = "xl/worksheets/sheet1.xml"  # the part of an xlsx
ODS_TYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
_NAMESPACES: Final = (
    " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text"))
    + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)

# First row, last row, first column, last column, counted from 0.
Block = tuple[int, int, int, int]


def xls_bytes(rows: Sequence[Sequence[object]], merged: Sequence[Block] = (), sheet: str = "订单") -> bytes:
    """Make an old workbook with rows from A1 on; a merged block has the value of its first cell."""
    book = xlwt.Workbook()
    page = book.add_sheet(sheet)
    styles: dict[type, xlwt.XFStyle] = {
        datetime: xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss"),
        date: xlwt.easyxf(num_format_str="yyyy-mm-dd"),
    }
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if cell is not None:
                page.write(row, column, cell, styles.get(type(cell), xlwt.Style.default_style))
    page.merged_ranges.extend(merged)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def ods_cell(cell: object, *, columns: int = 1, rows: int = 1) -> str:
    """Make a cell that spans so many columns and rows."""
    span = f' table:number-columns-spanned="{columns}" table:number-rows-spanned="{rows}"' if columns * rows > 1 else ""
    match cell:
        case None:
            return f"<table:table-cell{span}/>"
        case bool():
            value = f'office:value-type="boolean" office:boolean-value="{str(cell).lower()}"'
        case int() | float():
            value = f'office:value-type="float" office:value="{cell}"'
        case date():
            value = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
        case _:
            value = 'office:value-type="string"'
    return f"<table:table-cell{span} {value}><text:p>{escape(str(cell))}</text:p></table:table-cell>"


def ods_row(*cells: object) -> str:
    """Make a row; texts that are cells already are taken as they are."""
    made = (cell if isinstance(cell, str) and cell.startswith("<table:") else ods_cell(cell) for cell in cells)
    return f"<table:table-row>{''.join(made)}</table:table-row>"


def ods_bytes(rows: Sequence[str], parts: Mapping[str, str] | None = None) -> bytes:
    """Make an OpenDocument spreadsheet of rows as `ods_row` makes them, and of other parts."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMESPACES}><office:body>'
        f'<office:spreadsheet><table:table table:name="订单">{"".join(rows)}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    manifest = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return zipped({"mimetype": ODS_TYPE, "content.xml": content, "META-INF/manifest.xml": manifest} | dict(parts or {}))


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """Zip the parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            # Of one date, as the bytes may be in the names of tests, which have to be the same in every process.
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return written.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    """Give the parts of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return {name: source.read(name) for name in source.namelist()}


def with_rows(book: bytes, rows: str) -> bytes:
    """Give an xlsx of openpyxl's with further rows, as XML, in its first sheet: it takes long to write many."""
    parts = unzipped(book)
    before, end, after = parts[_SHEET].rpartition(b"</sheetData>")
    assert end
    return zipped(parts | {_SHEET: before + rows.encode() + end + after})


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    """Write a file and give its path."""
    path = tmp_path / name
    path.write_bytes(content)
    return path
