"""Small export files, and reading them to their end through the real child process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat, Layout
from jobs.tasks.data_sync.reader.report import ReadReport
from jobs.tasks.data_sync.reading import open_reading

FIELDS: Final = ("订单号", "名称", "下单时间")
CSV_HEADERS: Final = "订单号,名称,下单时间\n"
GOOD_ROW: Final = "A1,杯子,2010-12-01 08:26:00\n"

# Row number, business date, key hash, data.
Row = tuple[int, str, str, dict[str, object]]


def layout(header_row: int = 1, fields: Sequence[str] = FIELDS) -> Layout:
    """Make the layout of the tests' files."""
    return Layout(
        header_row=header_row,
        fields=tuple(fields),
        key_fields=(fields[0],),
        required_fields=(),
        date_rule=DateRule(field="下单时间"),
    )


def row_of(line: bytes) -> Row:
    """Split a line; PostgreSQL reads a doubled backslash as one."""
    number, day, key, data = line.split(b"\t")
    return (
        int(number),
        day.decode(),
        key.removeprefix(b"\\\\x").decode(),
        orjson.loads(data.replace(b"\\\\", b"\\")),
    )


def format_of(path: Path) -> FileFormat:
    """Give the format that a test's file is named by."""
    return FileFormat(path.suffix.removeprefix("."))


async def read(
    path: Path, how: Layout | None = None, limits: ReadLimits | None = None
) -> tuple[list[Row], ReadReport, list[tuple[int, int | None]]]:
    """Read a file to its end."""
    told: list[tuple[int, int | None]] = []
    rows: list[Row] = []
    async with open_reading(
        path, format_of(path), how or layout(), limits or ReadLimits(), lambda done, total: told.append((done, total))
    ) as reading:
        async for chunk in reading.chunks():
            assert chunk.endswith(b"\n")
            rows.extend(map(row_of, chunk.splitlines()))
        return rows, reading.report, told


def csv_file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a csv."""
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(encoding))
    return path


def new_book() -> tuple[Workbook, Worksheet]:
    """Make a workbook and give its first sheet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    return book, sheet


def xlsx_file(tmp_path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Write rows from A1 on."""
    book, sheet = new_book()
    for row in rows:
        sheet.append(tuple(row))  # type: ignore[arg-type]  # the stubs want the types of each cell
    path = tmp_path / "export.xlsx"
    book.save(path)
    return path
