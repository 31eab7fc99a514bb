"""A file is read by a real child process, row by row."""

import csv
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl.chartsheet import Chartsheet

from jobs.tasks.data_sync.errors import (
    HeaderChangedError,
)
from jobs.tasks.data_sync.identity import key_hash
from jobs.tasks.data_sync.reader.report import ReadReport
from tests.support.reading import (
    CSV_HEADERS,
    FIELDS,
    GOOD_ROW,
    csv_file,
    layout,
    new_book,
    read,
    xlsx_file,
)


async def test_a_csv_is_read(tmp_path: Path) -> None:
    """Cells are the texts that they are; blank rows are skipped, short ones padded, numbers are those of Excel."""
    text = '订单号,名称,下单时间,\n\n A1 ,"杯子\n""大""",2010-12-01 08:26:00\n , ,\nA2\\N,茶\t,20101202,,\n'
    rows, report, told = await read(csv_file(tmp_path, text))
    assert rows == [
        (
            3,
            "2010-12-01",
            key_hash(["A1"]).hex(),
            {"订单号": " A1 ", "名称": '杯子\n"大"', "下单时间": "2010-12-01 08:26:00"},
        ),
        (5, "2010-12-02", key_hash(["A2\\N"]).hex(), {"订单号": "A2\\N", "名称": "茶\t", "下单时间": "20101202"}),
    ]
    assert report == ReadReport(read=2, currency=None, sheet=None, encoding="utf-8", merged=(), merged_total=0)
    assert told[0] == (0, 5)
    assert told[-1][0] == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
async def test_a_csv_is_read_in_any_encoding(tmp_path: Path, encoding: str, mark: str) -> None:
    """Encoding and delimiter make no difference to the rows."""
    path = csv_file(tmp_path, (CSV_HEADERS + GOOD_ROW).replace(",", mark), encoding)
    rows, _, _ = await read(path)
    assert rows[0][3] == {"订单号": "A1", "名称": "杯子", "下单时间": "2010-12-01 08:26:00"}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize(("encoding", "bom"), [("utf-16-be", b"\xfe\xff"), ("utf-16-le", b"\xff\xfe")])
async def test_a_csv_may_begin_with_either_byte_order_mark(
    tmp_path: Path, encoding: str, bom: bytes, mark: str
) -> None:
    """The mark of UTF-16 is no part of the first header, whichever byte comes first."""
    path = tmp_path / "export.csv"
    path.write_bytes(bom + (CSV_HEADERS + GOOD_ROW).replace(",", mark).encode(encoding))
    rows, report, _ = await read(path)
    assert rows[0][3] == {"订单号": "A1", "名称": "杯子", "下单时间": "2010-12-01 08:26:00"}
    assert report.encoding == "utf-16"


async def test_short_rows_are_padded(tmp_path: Path) -> None:
    """What a csv row lacks is the empty text."""
    rows, _, _ = await read(
        csv_file(tmp_path, "下单时间,订单号,名称\n2010-12-01,A1\n"), layout(1, (FIELDS[2], *FIELDS[:2]))
    )
    assert rows[0][3] == {"下单时间": "2010-12-01", "订单号": "A1", "名称": ""}


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a"])
async def test_the_mark_that_ends_a_file_is_no_value(tmp_path: Path, end: str) -> None:
    """As some exports write it still, behind the last cell or below the last row."""
    rows, report, _ = await read(csv_file(tmp_path, f"{CSV_HEADERS}A1,\x1a杯,2010-12-01\r\nA2,茶,2010-12-02{end}"))
    assert [row[3]["下单时间"] for row in rows] == ["2010-12-01", "2010-12-02"]
    assert (rows[0][3]["名称"], report.read) == ("\x1a杯", 2)


async def test_headers_may_stand_further_down(tmp_path: Path) -> None:
    """Title rows above the headers are passed over; the currency is that of the headers."""
    text = "导出, 标题\n\n订单号,单价（RMB）,下单时间\nA1,9.90,2010-12-01\n"
    rows, report, _ = await read(csv_file(tmp_path, text), layout(3, ("订单号", "单价", "下单时间")))
    assert rows[0][0] == 4
    assert rows[0][3]["单价"] == "9.90"
    assert report.currency == "CNY"


async def test_an_xlsx_is_read(tmp_path: Path) -> None:
    """Numbers stay numbers, whole ones without a fraction; dates are ISO texts; errors are what Excel shows."""
    fields = ("订单号", "下单时间", "数量", "单价", "日期", "时刻", "真", "错误", "空")
    moment = datetime(2010, 12, 1, 8, 26, 59)  # noqa: DTZ001 - sheets have no zone
    path = xlsx_file(
        tmp_path,
        [fields, (536365, moment, 6, 2.55, date(2010, 12, 2), time(7, 5), True, "#N/A", None), (), ("A2", moment)],
    )
    rows, report, told = await read(path, layout(1, fields))
    assert rows[0] == (
        2,
        "2010-12-01",
        key_hash(["536365"]).hex(),
        {
            "订单号": 536365,
            "下单时间": "2010-12-01T08:26:59",
            "数量": 6,
            "单价": 2.55,
            "日期": "2010-12-02",
            "时刻": "07:05:00",
            "真": True,
            "错误": "#N/A",
            "空": None,
        },
    )
    assert isinstance(rows[0][3]["数量"], int)
    assert rows[1][0] == 4
    assert list(rows[1][3].values()) == ["A2", "2010-12-01T08:26:59", *[None] * 7]
    assert report == ReadReport(read=2, currency=None, sheet="Sheet", encoding=None, merged=(), merged_total=0)
    assert told[0] == (0, 3)


async def test_every_second_of_a_day_is_exact(tmp_path: Path) -> None:
    """Excel keeps moments as fractions of days; none of them is a microsecond off."""
    moments = [datetime(2026, 3, 1, second // 3600, second // 60 % 60, second % 60) for second in range(1, 86_400, 7)]  # noqa: DTZ001 - sheets have no zone
    rows, _, _ = await read(xlsx_file(tmp_path, [FIELDS, *(("A", None, moment) for moment in moments)]))
    assert [row[3]["下单时间"] for row in rows] == [moment.isoformat() for moment in moments]


async def test_row_numbers_are_those_of_excel(tmp_path: Path) -> None:
    """Empty rows and columns before the table do not shift the numbers."""
    book, sheet = new_book()
    for column, name in enumerate(FIELDS, 3):
        sheet.cell(5, column, name)
        sheet.cell(9, column, "2010-12-01")
    path = tmp_path / "export.xlsx"
    book.save(path)
    rows, _, told = await read(path, layout(5))
    assert [row[0] for row in rows] == [9]
    assert told[0] == (0, 4)


async def test_merged_cells_are_filled_and_told(tmp_path: Path) -> None:
    """Cells that are merged take the value of their first; cells that are only empty stay empty."""
    book, sheet = new_book()
    sheet["A1"] = "订单导出"
    sheet.merge_cells("A1:C1")
    for row in (
        FIELDS,
        ("A1", "杯子", "2010-12-01"),
        (None, "茶", None),
        (None, None, None),
        ("A2", None, "2010-12-02"),
    ):
        sheet.append(row)
    sheet.merge_cells("A3:A5")
    sheet.merge_cells("C3:C4")
    path = tmp_path / "export.xlsx"
    book.save(path)
    rows, report, _ = await read(path, layout(2))
    assert [(row[0], *row[3].values()) for row in rows] == [
        (3, "A1", "杯子", "2010-12-01"),
        (4, "A1", "茶", "2010-12-01"),
        (6, "A2", None, "2010-12-02"),
    ]
    assert report.merged == ("A3:A5", "C3:C4")


async def test_many_merged_ranges_are_counted(tmp_path: Path) -> None:
    """The report lists a hundred ranges and counts all."""
    book, sheet = new_book()
    sheet.append(FIELDS)
    for number in range(150):
        sheet.append((f"A{number}", "杯子", "2010-12-01"))
        sheet.append((None, "茶", "2010-12-01"))
        sheet.merge_cells(start_row=2 * number + 2, end_row=2 * number + 3, start_column=1, end_column=1)
    path = tmp_path / "export.xlsx"
    book.save(path)
    rows, report, _ = await read(path)
    assert [row[3]["订单号"] for row in rows] == [f"A{number // 2}" for number in range(300)]
    assert (len(report.merged), report.merged_total) == (100, 150)


async def test_the_first_visible_sheet_with_the_headers_is_read(tmp_path: Path) -> None:
    """Hidden sheets, charts and covers before it are passed over."""
    book, cover = new_book()
    cover.append(("说明",))
    hidden = book.create_sheet("旧")
    hidden.append(FIELDS)
    hidden.append(("A0", "旧", "2010-11-30"))
    hidden.sheet_state = "hidden"
    assert isinstance(book.create_chartsheet("图"), Chartsheet)
    for name in ("订单", "订单2"):
        sheet = book.create_sheet(name)
        sheet.append(FIELDS)
        sheet.append(("A1", name, "2010-12-01"))
    path = tmp_path / "export.xlsx"
    book.save(path)
    rows, report, _ = await read(path)
    assert [row[3]["名称"] for row in rows] == ["订单"]
    assert report.sheet == "订单"


async def test_without_the_headers_the_first_visible_sheet_is_blamed(tmp_path: Path) -> None:
    """The difference told is that of the sheet that people see first."""
    path = xlsx_file(tmp_path, [("订单号", "名称", "时间")])
    with pytest.raises(HeaderChangedError, match='added: "时间"; removed: "下单时间"'):
        await read(path)


async def test_csv_and_xlsx_of_one_order_are_one_identity(tmp_path: Path) -> None:
    """An order number gives the same key hash from either format."""
    from_csv, _, _ = await read(csv_file(tmp_path, CSV_HEADERS + "536365,杯子,2010-12-01\n"))
    from_xlsx, _, _ = await read(xlsx_file(tmp_path, [FIELDS, (536365, "杯子", date(2010, 12, 1))]))
    assert from_csv[0][1:3] == from_xlsx[0][1:3]


async def test_a_csv_of_any_shape_is_read_in_whole_chunks(tmp_path: Path) -> None:
    """Chunks are about 256 KiB and end with whole rows; the progress rises to the number of rows."""
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows((f"A{number}", "杯\n子" * 20, "2010-12-01") for number in range(5000))
    rows, report, told = await read(path)
    assert [row[0] for row in rows] == list(range(2, 5002))
    assert report.read == 5000
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == 5000
