"""A large xlsx is read slice by slice, and gives the same rows as one that is parsed as a whole."""

import re
import resource
import sys
from contextlib import AsyncExitStack, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from openpyxl.chart import BarChart

from jobs.tasks.data_sync.errors import HeaderChangedError, LimitExceededError, ReaderDiedError, UnreadableFileError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reading import open_reading
from tests.support.books import unzipped, with_rows, written, zipped
from tests.support.reading import FIELDS, format_of, layout, new_book, read, xlsx_file

SLICED = ReadLimits(whole_sheet_bytes=0)  # each row is a slice
WIDE = (*FIELDS, "甲", "乙", "丙", "丁", "戊")


async def both(path: Path, header_row: int = 1, fields: tuple[str, ...] = FIELDS) -> None:
    """Hold both ways of reading a file to the same rows and the same report."""
    whole_rows, whole_report, _ = await read(path, layout(header_row, fields))
    sliced_rows, sliced_report, told = await read(path, layout(header_row, fields), SLICED)
    assert whole_rows
    assert sliced_rows == whole_rows
    assert [[type(cell) for cell in row[3].values()] for row in sliced_rows] == [
        [type(cell) for cell in row[3].values()] for row in whole_rows
    ]
    assert sliced_report == whole_report
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
    moments = [datetime(2026, 3, 1, second // 3600, second // 60 % 60, second % 60) for second in range(1, 86_400, 101)]  # noqa: DTZ001
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
    sliced, sliced_report, _ = await read(path, layout(5), SLICED)
    assert (sliced, sliced_report) == (whole, report)


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
        await read(xlsx_file(tmp_path, [("订单号", "名称", "时间"), row]), limits=SLICED)
    with pytest.raises(UnreadableFileError, match="No visible sheet reaches row 9"):
        await read(xlsx_file(tmp_path, [FIELDS, row]), layout(9), SLICED)
    with pytest.raises(LimitExceededError, match="more than 2 rows"):
        await read(xlsx_file(tmp_path, [FIELDS, row, row, row]), limits=ReadLimits(whole_sheet_bytes=0, rows=2))
    parts = unzipped(xlsx_file(tmp_path, [FIELDS, row]).read_bytes())
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].rpartition(b"</row>")[0]
    for limits in (SLICED, None):
        with pytest.raises(UnreadableFileError, match="damaged"):
            await read(written(tmp_path, "cut.xlsx", zipped(parts)), limits=limits)


TEXTS = (
    "<sst><si><t>订单号</t></si>"
    '<si><r><t>名</t></r><r><rPr><b/></rPr><t>称</t></r><rPh sb="0" eb="1"><t>ミョウ</t></rPh>'
    '</si><si><t>下单时间</t></si><si><t></t></si><si><t xml:space="preserve"> 杯子 &amp; _x000D_</t></si></sst>'
)
STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/></numFmts><cellXfs>'
    '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="46"/></cellXfs></styleSheet>'
)
ROWS = """
    <row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>
    <row><c t="str"><f>"A"&amp;1</f><v>A1</v></c><c t="s"><v>4</v></c><c s="1"><v>4000</v></c></row>
    <row r="4"><c r="A4" t="inlineStr"><is><r><t>B</t></r><r><t>2</t></r></is></c>
        <c r="C4" s="2"><v>4000.25</v></c></row>
    <row r="5"><c r="A5" t="b"><v>1</v></c><c r="B5" t="e"><f>1/0</f><v>#DIV/0!</v></c>
        <c r="C5" t="d"><v>2010-12-01T08:26:00</v></c></row>
    <row r="6"><c r="A6" s="1"/></row>
    <row r="9"><c r="A9"><v>12345678901234567</v></c><c r="B9" s="3"><v>1.25</v></c><c r="C9" t="s"><v>3</v></c></row>
    <row r="10"><c r="A10"><v>7</v></c><c r="C10"><v>4e3</v></c><c r="E10" t="e"><v>#N/A</v></c></row>
"""
MERGED = '<mergeCells><mergeCell ref="B2:B4"/></mergeCells>'


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("first_day", ["", '<workbookPr date1904="1"/>'])
async def test_texts_styles_and_places_are_the_same(tmp_path: Path, prefix: str, first_day: str) -> None:
    """Shared and rich texts, phonetic hints, both calendars, errors, and cells and rows that do not say where."""
    parts = unzipped(xlsx_file(tmp_path, [FIELDS]).read_bytes())
    book = parts["xl/workbook.xml"]
    assert book.count(b"<workbookPr/>") == 1
    parts["xl/workbook.xml"] = book.replace(b"<workbookPr/>", first_day.encode())
    sheet = f"<worksheet><sheetData>{ROWS}</sheetData>{MERGED}</worksheet>"
    sheet = re.sub(r"<(/?)(?=\w)", rf"<\1{prefix}", sheet)
    parts |= {
        "xl/worksheets/sheet1.xml": sheet.encode(),
        "xl/sharedStrings.xml": TEXTS.encode(),
        "xl/styles.xml": STYLES.encode(),
    }
    path = written(tmp_path, "places.xlsx", zipped(parts))
    await both(path)
    rows, report, _ = await read(path, limits=SLICED)
    assert [row[0] for row in rows] == [2, 4, 5, 9, 10]
    assert report.merged == ("B2:B4",)
    assert rows[1][3]["名称"] == rows[0][3]["名称"]


async def test_rows_that_go_back_are_refused(tmp_path: Path) -> None:
    """What Excel would not open is nobody's rows; it is said where."""
    parts = unzipped(xlsx_file(tmp_path, [FIELDS, *[("A1", "杯子", "2010-12-01")] * 3]).read_bytes())
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'r="4"', b'r="2"').replace(b'A4"', b'A2"').replace(b'B4"', b'B2"')
    with pytest.raises(UnreadableFileError, match="row 3 is followed by row 2"):
        await read(written(tmp_path, "back.xlsx", zipped(parts)), limits=SLICED)


async def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path) -> None:
    """The slices do not fit into the folder of temporary files: the process dies of it, and the job is tried again."""
    path = xlsx_file(tmp_path, [FIELDS, *[("A1", "杯子", "2010-12-01")] * 100])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with AsyncExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # handed down to the process that is started
        try:
            opening = open_reading(path, format_of(path), layout(), SLICED, lambda *_: None)
            reading = await stack.enter_async_context(opening)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        with pytest.raises(ReaderDiedError, match="status 1") as died:
            await anext(reading.chunks())
    assert "File too large" in died.value.__notes__[0]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_its_memory_is_flat(tmp_path: Path) -> None:
    """Sixty thousand rows are read in sixty megabytes, as six thousand are; calamine takes more for each row."""
    # By hand, as openpyxl took five seconds for them. The child takes 45 MB; one that parsed the sheet whole took 73.
    texts = ("杯子" * 10, "2010-12-01", *["x" * 20] * 5)
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    book = with_rows(xlsx_file(tmp_path, [WIDE]).read_bytes(), f"<row><c><v>1</v></c>{cells}</row>" * 60_000)
    path = written(tmp_path, "large.xlsx", book)
    peak = lines = 0
    async with open_reading(path, format_of(path), layout(1, WIDE), ReadLimits(), lambda *_: None) as reading:
        async for chunk in reading.chunks():
            lines += chunk.count(b"\n")
            with suppress(OSError, IndexError):  # after its last chunk it may have ended
                status = Path(f"/proc/{reading.pid}/status").read_text(encoding="ascii")  # noqa: ASYNC240 - no disk
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]))
    assert lines == 60_000
    assert 0 < peak < 60_000
