"""A file is read by a real child process, row by row, or refused with the reason."""

import csv
import io
import struct
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

import orjson
import pytest
from openpyxl import Workbook
from openpyxl.chartsheet import Chartsheet
from openpyxl.worksheet.worksheet import Worksheet

from jobs.tasks.data_sync.errors import (
    BadRowError,
    FileRefusedError,
    HeaderChangedError,
    LimitExceededError,
    UnreadableFileError,
)
from jobs.tasks.data_sync.identity import Cell, key_hash
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


async def read(
    path: Path, how: Layout | None = None, limits: ReadLimits | None = None
) -> tuple[list[Row], ReadReport, list[tuple[int, int | None]]]:
    """Read a file to its end."""
    told: list[tuple[int, int | None]] = []
    file_format = FileFormat.XLSX if path.suffix == ".xlsx" else FileFormat.CSV
    rows: list[Row] = []
    async with open_reading(
        path, file_format, how or layout(), limits or ReadLimits(), lambda done, total: told.append((done, total))
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


async def test_short_rows_are_padded(tmp_path: Path) -> None:
    """What a csv row lacks is the empty text."""
    rows, _, _ = await read(
        csv_file(tmp_path, "下单时间,订单号,名称\n2010-12-01,A1\n"), layout(1, (FIELDS[2], *FIELDS[:2]))
    )
    assert rows[0][3] == {"下单时间": "2010-12-01", "订单号": "A1", "名称": ""}


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


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("订单号,名称\nA1,杯子\n", HeaderChangedError, 'removed: "下单时间"'),
        (CSV_HEADERS + "A1,杯子,2010-13-45\n", BadRowError, '^row 2: 下单时间 "2010-13-45" is no date$'),
        (CSV_HEADERS + "\nA1,杯子,01/02/2010\n", BadRowError, r"row 3: .*set date_rule\.format"),
        (CSV_HEADERS + "A1,杯子\n", BadRowError, "row 2: 下单时间 is empty"),
        (CSV_HEADERS + GOOD_ROW + "A1,杯子,2010-12-01,多\n", BadRowError, "row 3: .*4 cells"),
        (CSV_HEADERS + "A1,杯\x00子,2010-12-01\n", BadRowError, "row 2: 名称 has a NUL"),
        (CSV_HEADERS + GOOD_ROW + 'A1,"杯子,2010-12-01\n' + GOOD_ROW * 9, UnreadableFileError, "row 3: the quotes are"),
        (CSV_HEADERS + GOOD_ROW + 'A1,"杯"子,2010-12-01\n', UnreadableFileError, "row 3: the quotes are wrong"),
        (CSV_HEADERS + 'A1,"杯子' + GOOD_ROW * 9000, LimitExceededError, "row 2: .*32,767 characters.*never closed"),
        (
            CSV_HEADERS + "A1," + "x" * 32_768 + ",2010-12-01\n",
            LimitExceededError,
            "row 2: a cell has more than 32,767",
        ),
        (CSV_HEADERS + "A1," + "x" * 32_767 + ",2010-12-32\n", BadRowError, "2010-12-32"),
        (",".join(map(str, range(600))), LimitExceededError, "600 columns; 512 are the most"),
    ],
)
async def test_a_bad_csv_is_refused(tmp_path: Path, text: str, error: type[FileRefusedError], message: str) -> None:
    """Each refusal is of its class and says where and what."""
    with pytest.raises(error, match=message):
        await read(csv_file(tmp_path, text))


async def test_headers_beyond_the_end_are_refused(tmp_path: Path) -> None:
    """A header row that is not there says so, in both formats."""
    with pytest.raises(UnreadableFileError, match="before row 9"):
        await read(csv_file(tmp_path, CSV_HEADERS), layout(9))
    with pytest.raises(UnreadableFileError, match="row 9"):
        await read(xlsx_file(tmp_path, [FIELDS]), layout(9))


async def test_bytes_in_no_encoding_are_refused(tmp_path: Path) -> None:
    """Nothing is replaced by question marks."""
    path = tmp_path / "export.csv"
    path.write_bytes(CSV_HEADERS.encode() + b"A1,\xff\xff,2010-12-01\n")
    with pytest.raises(UnreadableFileError, match="no known encoding"):
        await read(path)


async def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    """The refusal shows no path."""
    with pytest.raises(UnreadableFileError, match="no longer stored") as caught:
        await read(tmp_path / "export.csv")
    assert str(tmp_path) not in str(caught.value)


async def test_a_layout_that_cannot_work_is_loud(tmp_path: Path) -> None:
    """A key that is no field would make one row of a whole file; no child is started for it."""
    how = Layout(header_row=1, fields=FIELDS, key_fields=("款",), required_fields=(), date_rule=DateRule(field="名称"))
    with pytest.raises(ValueError, match="款"):
        await read(csv_file(tmp_path, CSV_HEADERS), how)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
async def test_too_many_rows_are_refused(tmp_path: Path, suffix: str) -> None:
    """Blank rows do not count; one row more than the limit is too many."""
    limits = ReadLimits(rows=2)
    rows: list[tuple[Cell, ...]] = [("A1", "杯子", "2010-12-01"), (), ("A2", "茶", "2010-12-01")]
    three = [*rows, rows[0]]
    if suffix == ".xlsx":
        assert len((await read(xlsx_file(tmp_path, [FIELDS, *rows]), limits=limits))[0]) == 2
        path = xlsx_file(tmp_path, [FIELDS, *three])
    else:
        path = csv_file(tmp_path, "\n".join(",".join(map(str, row)) for row in (FIELDS, *three)))
    with pytest.raises(LimitExceededError, match="more than 2 rows"):
        await read(path, limits=limits)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([FIELDS, ("A1", "x" * 101, "2010-12-01")], LimitExceededError, "row 2: 名称 has more than 100 characters"),
        ([FIELDS, ("A1", "x", 17)], BadRowError, 'row 2: 下单时间 "17" is no date'),
        ([FIELDS, ("A1", "x", date(2010, 12, 1), "多")], BadRowError, "row 2: .*4 cells"),
        ([], UnreadableFileError, "No visible sheet reaches row 1"),
    ],
)
async def test_a_bad_xlsx_is_refused(
    tmp_path: Path, rows: Sequence[Sequence[object]], error: type[FileRefusedError], message: str
) -> None:
    """Cells and rows of a sheet are held to the same rules as those of a csv."""
    with pytest.raises(error, match=message):
        await read(xlsx_file(tmp_path, rows), limits=ReadLimits(cell_characters=100))


async def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    """Cut off, not a zip, damaged inside, or without its parts: the refusal says to save it again."""
    whole = xlsx_file(
        tmp_path, [FIELDS, *[("A1", f"杯子{number}", "2010-12-01") for number in range(500)]]
    ).read_bytes()
    flipped = bytearray(whole)
    at = whole.index(b"xl/worksheets/sheet1.xml") + 200
    flipped[at : at + 50] = bytes(50)
    path = tmp_path / "damaged.xlsx"
    for content in (whole[: len(whole) // 2], b"PK\x03\x04 and no more", bytes(flipped), archive({"a.xml": b"<a/>"})):
        path.write_bytes(content)
        with pytest.raises(UnreadableFileError, match="Save it again"):
            await read(path)


async def test_a_protected_workbook_is_refused(tmp_path: Path) -> None:
    """A zip with encrypted parts is named as what it is."""
    content = bytearray(xlsx_file(tmp_path, [FIELDS]).read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path = tmp_path / "protected.xlsx"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="password"):
        await read(path)


def archive(parts: dict[str, bytes]) -> bytes:
    """Zip the parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return written.getvalue()


async def test_a_zip_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    """Too many bytes unpacked, or too many for its size, are refused by what the zip declares."""
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(archive({"xl/worksheets/sheet1.xml": bytes(100_000_000)}))
    with pytest.raises(LimitExceededError, match="times its size, as zip bombs do"):
        await read(path)
    with pytest.raises(LimitExceededError, match=r"unpacks to 100,\d{3},\d{3} bytes"):
        await read(path, limits=ReadLimits(unpacked_bytes=50_000_000))


async def test_a_zip_bomb_that_lies_is_refused(tmp_path: Path) -> None:
    """A part that declares less than it holds is damaged, and no more than that of it is unpacked."""
    book = xlsx_file(tmp_path, [FIELDS])
    parts = {}
    with zipfile.ZipFile(book) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts["xl/sharedStrings.xml"] = bytes(200_000_000)
    content = archive(parts)
    honest, lie = struct.pack("<L", 200_000_000), struct.pack("<L", 1000)
    assert content.count(honest) == 2
    path = tmp_path / "liar.xlsx"
    path.write_bytes(content.replace(honest, lie))
    with pytest.raises(UnreadableFileError, match="damaged"):
        await read(path)


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
