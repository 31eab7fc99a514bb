"""Old, binary and OpenDocument workbooks give the same rows as an xlsx."""

from datetime import date, datetime
from pathlib import Path

import pytest

from jobs.tasks.data_sync.errors import FileRefusedError, HeaderChangedError, LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.formats import check
from jobs.tasks.data_sync.identity import key_hash
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reader.report import ReadReport
from tests.support.books import DATA, ods_bytes, ods_row, written, xls_bytes
from tests.support.reading import FIELDS, format_of, layout, read, xlsx_file

MOMENT = datetime(2010, 12, 1, 8, 26, 59)  # noqa: DTZ001 - sheets have no zone
WIDE = (*FIELDS, "数量", "真")
ROWS = (
    WIDE,
    (536365, "杯子", MOMENT, 2.5, True),
    (),
    ("A2", "茶", date(2010, 12, 2), 7, False),
    (None, "盘", MOMENT, None, None),
)


def book(tmp_path: Path, suffix: str, rows: tuple[tuple[object, ...], ...] = ROWS) -> Path:
    """Write the rows in a format."""
    if suffix == "xlsx":
        return xlsx_file(tmp_path, rows)
    content = xls_bytes(rows) if suffix == "xls" else ods_bytes([ods_row(*row) for row in rows])
    return written(tmp_path, f"export.{suffix}", content)


@pytest.mark.parametrize("suffix", ["xls", "xlsb", "ods", "xlsx"])
async def test_a_workbook_is_read(tmp_path: Path, suffix: str) -> None:
    """Numbers, truth, dates and row numbers are the same, whatever the workbook is called and written by."""
    path = DATA / "orders.xlsb" if suffix == "xlsb" else book(tmp_path, suffix)
    assert check(path) is format_of(path)
    rows, report, told = await read(path, layout(1, WIDE))
    assert [(row[0], row[1], row[2], *row[3].values()) for row in rows] == [
        (2, "2010-12-01", key_hash(["536365"]).hex(), 536365, "杯子", "2010-12-01T08:26:59", 2.5, True),
        (4, "2010-12-02", key_hash(["A2"]).hex(), "A2", "茶", "2010-12-02", 7, False),
        (5, "2010-12-01", key_hash([""]).hex(), None, "盘", "2010-12-01T08:26:59", None, None),
    ]
    sheet = "Sheet" if suffix == "xlsx" else "订单"
    assert report == ReadReport(read=3, currency=None, sheet=sheet, encoding=None, merged=(), merged_total=0)
    assert told[0] == (0, 4)


@pytest.mark.parametrize("suffix", ["xls", "ods"])
async def test_the_gate_and_the_limits_are_the_same(tmp_path: Path, suffix: str) -> None:
    """Headers, rows and cells are held to the rules of every format."""
    row = ("A1", "杯子", "2010-12-01")
    cases: list[tuple[tuple[tuple[object, ...], ...], ReadLimits, type[FileRefusedError], str]] = [
        ((("订单号", "名称", "时间"), row), ReadLimits(), HeaderChangedError, 'added: "时间"; removed: "下单时间"'),
        ((FIELDS, row, row, row), ReadLimits(rows=2), LimitExceededError, "more than 2 rows"),
        ((FIELDS, ("A1", "x" * 101, "2010-12-01")), ReadLimits(cell_characters=100), LimitExceededError, "row 2: 名称"),
        ((FIELDS, row), ReadLimits(columns=2), LimitExceededError, "3 columns; 2 are the most"),
    ]
    for rows, limits, error, message in cases:
        with pytest.raises(error, match=message):
            await read(book(tmp_path, suffix, rows), limits=limits)
    with pytest.raises(UnreadableFileError, match="No visible sheet reaches row 9"):
        await read(book(tmp_path, suffix), layout(9, WIDE))


@pytest.mark.parametrize("suffix", ["xls", "xlsb", "ods"])
async def test_a_workbook_that_is_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    """Whatever is missing of it, not one row is given, and the refusal says to send it again."""
    path = DATA / "orders.xlsb" if suffix == "xlsb" else book(tmp_path, suffix)
    whole = path.read_bytes()
    for part in (4, 2):
        cut = written(tmp_path, f"cut.{suffix}", whole[: len(whole) * (part - 1) // part])
        with pytest.raises(UnreadableFileError, match=r"damaged|cut off"):
            await read(cut, layout(1, WIDE))
