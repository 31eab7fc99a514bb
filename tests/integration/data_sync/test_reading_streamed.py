"""A large xlsx is streamed, and gives the same rows as one that is held as a whole."""

import sys
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart

from jobs.tasks.data_sync.errors import HeaderChangedError, LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reading import open_reading
from tests.support.books import unzipped, written, zipped
from tests.support.reading import FIELDS, format_of, layout, new_book, read, xlsx_file

STREAMED = ReadLimits(whole_sheet_bytes=0)
WIDE = (*FIELDS, "甲", "乙", "丙", "丁", "戊")


async def both(path: Path, header_row: int = 1, fields: tuple[str, ...] = FIELDS) -> None:
    """Hold both ways of reading a file to the same rows and the same report."""
    whole_rows, whole_report, _ = await read(path, layout(header_row, fields))
    streamed_rows, streamed_report, told = await read(path, layout(header_row, fields), STREAMED)
    assert whole_rows
    assert streamed_rows == whole_rows
    assert [[type(cell) for cell in row[3].values()] for row in streamed_rows] == [
        [type(cell) for cell in row[3].values()] for row in whole_rows
    ]
    assert streamed_report == whole_report
    assert told[-1][0] == whole_report.read


async def test_cells_of_every_kind_are_the_same(tmp_path: Path) -> None:
    """Numbers of any size, dates with and without time, times, spans, truth, errors, texts, formulas and nothing."""
    moment = datetime(2010, 12, 1, 8, 26, 59)  # noqa: DTZ001 - sheets have no zone
    midnight = datetime(2010, 12, 1)  # noqa: DTZ001
    cells: list[object] = [0, 1, -3, 2.5, 0.1 + 0.2, 1e20, 12345678901234567890, 2**53, 2**53 - 1, 1e-7, True, False]
    cells += [moment, midnight, date(1999, 12, 31), time(7, 5), timedelta(hours=30, minutes=5), "", " x ", "#N/A", "=1"]
    cells += ["多\n行", "0012", "1.0", None, "&<>", moment + timedelta(milliseconds=500)]
    rows = [(f"A{number}", cell, "2010-12-01", *cells[number : number + 5]) for number, cell in enumerate(cells)]
    await both(xlsx_file(tmp_path, [WIDE, *rows]), fields=WIDE)


async def test_every_second_of_a_day_is_the_same(tmp_path: Path) -> None:
    """Both make the same moments of fractions of days."""
    moments = [datetime(2026, 3, 1, second // 3600, second // 60 % 60, second % 60) for second in range(1, 86_400, 11)]  # noqa: DTZ001
    await both(xlsx_file(tmp_path, [FIELDS, *(("A", None, moment) for moment in moments)]))


async def test_sheets_gaps_and_merged_cells_are_the_same(tmp_path: Path) -> None:
    """Hidden sheets and covers are passed over, row numbers are Excel's, merged cells are filled."""
    book, cover = new_book()
    cover.append(("说明",))
    hidden = book.create_sheet("旧")
    hidden.append(FIELDS)
    hidden.sheet_state = "hidden"
    book.create_chartsheet("图").add_chart(BarChart())
    sheet = book.create_sheet("订单")
    for column, name in enumerate(FIELDS, 3):
        sheet.cell(5, column, name)
        for row in (7, 8, 11):
            sheet.cell(row, column, f"{name}{row}" if column < 5 else "2010-12-01")
    sheet["C8"] = None
    sheet.merge_cells("C7:C9")
    sheet.merge_cells("C5:C6")
    path = tmp_path / "export.xlsx"
    book.save(path)
    whole, report, _ = await read(path, layout(5))
    assert ([row[0] for row in whole], report.merged) == ([7, 8, 11], ("C7:C9",))
    streamed, streamed_report, _ = await read(path, layout(5), STREAMED)
    assert (streamed, streamed_report) == (whole, report)


async def test_a_sheet_that_says_it_is_small_is_read_whole(tmp_path: Path) -> None:
    """The dimension that a sheet tells of itself may be wrong, and cuts nothing off."""
    path = xlsx_file(tmp_path, [FIELDS, *[("A1", "杯子", "2010-12-01")] * 10])
    parts = unzipped(path.read_bytes())
    sheet = "xl/worksheets/sheet1.xml"
    assert parts[sheet].count(b'<dimension ref="A1:C11"') == 1
    parts[sheet] = parts[sheet].replace(b'<dimension ref="A1:C11"', b'<dimension ref="A1:A1"')
    await both(written(tmp_path, "lie.xlsx", zipped(parts)))


async def test_refusals_are_the_same(tmp_path: Path) -> None:
    """Headers, rows and damage are judged as in any file."""
    row = ("A1", "杯子", "2010-12-01")
    with pytest.raises(HeaderChangedError, match='added: "时间"'):
        await read(xlsx_file(tmp_path, [("订单号", "名称", "时间"), row]), limits=STREAMED)
    with pytest.raises(UnreadableFileError, match="No visible sheet reaches row 9"):
        await read(xlsx_file(tmp_path, [FIELDS, row]), layout(9), STREAMED)
    with pytest.raises(LimitExceededError, match="more than 2 rows"):
        await read(xlsx_file(tmp_path, [FIELDS, row, row, row]), limits=ReadLimits(whole_sheet_bytes=0, rows=2))
    parts = unzipped(xlsx_file(tmp_path, [FIELDS, row]).read_bytes())
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-60]
    with pytest.raises(UnreadableFileError, match="damaged"):
        await read(written(tmp_path, "cut.xlsx", zipped(parts)), limits=STREAMED)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_its_memory_is_flat(tmp_path: Path) -> None:
    """Sixty thousand rows are read in sixty megabytes, as six thousand are; calamine takes more for each row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    sheet.append(WIDE)
    for number in range(60_000):
        sheet.append((number, "杯子" * 10, "2010-12-01", *("x" * 20 for _ in range(5))))
    path = tmp_path / "large.xlsx"
    book.save(path)
    peak = lines = 0
    async with open_reading(path, format_of(path), layout(1, WIDE), STREAMED, lambda *_: None) as reading:
        async for chunk in reading.chunks():
            lines += chunk.count(b"\n")
            with suppress(OSError, IndexError):  # after its last chunk it may have ended
                status = Path(f"/proc/{reading.pid}/status").read_text(encoding="ascii")  # noqa: ASYNC240 - no disk
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]))
    assert lines == 60_000
    assert 0 < peak < 70_000
