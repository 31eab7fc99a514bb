"""Cells that are really merged are filled in each format that has them, cells that are only empty in none."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import xlwt

from jobs.tasks.data_sync.errors import LimitExceededError, UnreadableFileError
from tests.support.books import DATA, ods_bytes, ods_cell, ods_row, unzipped, written, xls_bytes, zipped
from tests.support.reading import FIELDS, layout, new_book, read

COVERED: Final = "<table:covered-table-cell/>"
ERROR: Final = '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p>'
XLSB_FIELDS: Final = (*FIELDS, "数量", "真")
ERROR_FIELDS: Final = (*FIELDS, "一", "二", "三")


def xls(tmp_path: Path) -> Path:
    """Write the rows with a title above them."""
    rows = [("订单导出",), FIELDS, ("A1", "杯子", "2010-12-01"), (None, "茶"), (None, "盘", "2010-12-02")]
    return written(tmp_path, "export.xls", xls_bytes(rows, [(0, 0, 0, 2), (2, 3, 0, 0), (2, 3, 2, 2)]))


def xlsx(tmp_path: Path) -> Path:
    """Write the same rows."""
    book, sheet = new_book()
    for row in (("订单导出",), FIELDS, ("A1", "杯子", "2010-12-01"), (None, "茶"), (None, "盘", "2010-12-02")):
        sheet.append(row)
    for block in ("A1:C1", "A3:A4", "C3:C4"):
        sheet.merge_cells(block)
    path = tmp_path / "export.xlsx"
    book.save(path)
    return path


def ods(tmp_path: Path) -> Path:
    """Write the same rows."""
    rows = [
        ods_row(ods_cell("订单导出", columns=3), COVERED, COVERED),
        ods_row(*FIELDS),
        ods_row(ods_cell("A1", rows=2), "杯子", ods_cell("2010-12-01", rows=2)),
        ods_row(COVERED, "茶", COVERED),
        ods_row(None, "盘", "2010-12-02"),
    ]
    return written(tmp_path, "export.ods", ods_bytes(rows))


@pytest.mark.parametrize("write", [xls, xlsx, ods])
async def test_merged_cells_are_filled_and_told(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    """The report says which ranges; a merged title above the headers is none of them."""
    rows, report, _ = await read(write(tmp_path), layout(2))
    assert [(row[0], *row[3].values()) for row in rows] == [
        (3, "A1", "杯子", "2010-12-01"),
        (4, "A1", "茶", "2010-12-01"),
        (5, None, "盘", "2010-12-02"),
    ]
    assert (report.merged, report.merged_total) == (("A3:A4", "C3:C4"), 2)


def record(kind: int, body: bytes = b"") -> bytes:
    """Make a record of an xlsb whose type takes two bytes."""
    return bytes([kind & 0x7F | 0x80, kind >> 7, len(body)]) + body


async def test_merged_cells_of_an_xlsb_are_filled_and_told(tmp_path: Path) -> None:
    """They stand in records behind the rows, where calamine does not look."""
    parts = unzipped((DATA / "orders.xlsb").read_bytes())
    sheet = "xl/worksheets/sheet1.bin"
    end_of_rows = record(146)
    assert parts[sheet].count(end_of_rows) == 1
    ranges = record(177, struct.pack("<L", 1)) + record(176, struct.pack("<4L", 3, 4, 0, 0)) + record(178)
    content = zipped(parts | {sheet: parts[sheet].replace(end_of_rows, end_of_rows + ranges)})
    rows, report, _ = await read(written(tmp_path, "export.xlsb", content), layout(1, XLSB_FIELDS))
    assert [row[3]["订单号"] for row in rows] == [536365, "A2", "A2"]
    assert (report.merged, report.merged_total) == (("A4:A5",), 1)


async def test_errors_in_an_xlsb_are_what_excel_shows(tmp_path: Path) -> None:
    """An error is no empty cell."""
    parts = unzipped((DATA / "orders.xlsb").read_bytes())
    sheet = "xl/worksheets/sheet1.bin"
    truth = bytes([4, 9]) + struct.pack("<LLB", 4, 0, 1)
    assert parts[sheet].count(truth) == 1
    error = bytes([3, 9]) + struct.pack("<LLB", 4, 0, 0x2A)
    content = zipped(parts | {sheet: parts[sheet].replace(truth, error)})
    rows, _, _ = await read(written(tmp_path, "export.xlsb", content), layout(1, XLSB_FIELDS))
    assert [row[3]["真"] for row in rows] == ["#N/A", False, None]


async def test_errors_in_an_ods_are_what_it_shows(tmp_path: Path) -> None:
    """Also where a row says that it stands for several."""
    twice = f"{ERROR}</table:table-cell>"
    row = ods_row("A1", twice, "2010-12-01")
    repeated = row.replace("<table:table-row", '<table:table-row table:number-rows-repeated="2"')
    path = written(tmp_path, "export.ods", ods_bytes([ods_row(*FIELDS), repeated, ods_row("A2", "茶", "2010-12-01")]))
    rows, _, _ = await read(path)
    assert [row[3]["名称"] for row in rows] == ["#N/A", "#N/A", "茶"]


async def test_an_ods_made_to_do_harm_is_refused(tmp_path: Path) -> None:
    """Entities are refused where they are declared; errors without number are too many."""
    parts = unzipped(ods_bytes([ods_row(*FIELDS)]))
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><office:document-content'
    parts["content.xml"] = parts["content.xml"].replace(b"<office:document-content", bomb, 1)
    with pytest.raises(UnreadableFileError, match="declares entities"):
        await read(written(tmp_path, "entities.ods", zipped(parts)))
    many = ods_row(f"{ERROR}</table:table-cell>").replace(
        "<table:table-row", '<table:table-row table:number-rows-repeated="9999999"'
    )
    with pytest.raises(LimitExceededError, match="more than 1,000,000 cells that hold an error"):
        await read(written(tmp_path, "errors.ods", ods_bytes([ods_row(*FIELDS), many])))


async def test_an_xlsb_that_is_cut_off_within_a_record_is_refused(tmp_path: Path) -> None:
    """Its checksum is right, so only the record can tell."""
    parts = unzipped((DATA / "orders.xlsb").read_bytes())
    parts["xl/workbook.bin"] = parts["xl/workbook.bin"][: parts["xl/workbook.bin"].index("rId1".encode("utf-16-le"))]
    with pytest.raises(UnreadableFileError, match="damaged"):
        await read(written(tmp_path, "cut.xlsb", zipped(parts)), layout(1, XLSB_FIELDS))


@pytest.mark.parametrize("suffix", ["xls", "xlsx"])
async def test_errors_in_an_old_workbook_are_what_they_are_in_a_new_one(suffix: str) -> None:
    """Of values and of formulas, in the sheet that has the headers; texts, truths and numbers that look so are none."""
    rows, _, _ = await read(DATA / f"errors.{suffix}", layout(2, ERROR_FIELDS))
    assert [list(row[3].values())[3:] for row in rows] == [
        ["#N/A", "#DIV/0!", True],
        ["#VALUE!", "#VALUE!", "#NAME?"],
        ["#VALUE!", 2, "#REF!"],
    ]


async def test_errors_in_a_large_old_workbook_are_found_among_what_looks_like_them(tmp_path: Path) -> None:
    """Its table of sectors has many parts, and a number may have the bytes that errors have."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("订单", cell_overwrite_ok=True)
    for column, name in enumerate(XLSB_FIELDS):
        sheet.write(0, column, name)
    (looks_so,) = struct.unpack("<d", b"\x05\x02\x08\0" + bytes(4))
    for row in range(1, 3_001):
        for column, value in enumerate((f"A{row}", "茶" * 200, "2010-12-01", looks_so, True)):
            sheet.write(row, column, value)
    sheet.row(3_000).set_cell_error(1, "#N/A!")  # as xlwt calls it
    sheet.row(3_000).set_cell_error(3, "#DIV/0!")
    content = io.BytesIO()
    book.save(content)
    rows, _, _ = await read(written(tmp_path, "export.xls", content.getvalue()), layout(1, XLSB_FIELDS))
    shown = {tuple(row[3].values())[1:] for row in rows[:-1]}
    assert shown == {("茶" * 200, "2010-12-01", looks_so, True)}
    assert list(rows[-1][3].values()) == ["A3000", "#N/A", "2010-12-01", "#DIV/0!", True]
