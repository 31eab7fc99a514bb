"""Tables of HTML pages, which shops' exports called .xls often are, are read as a browser shows them."""

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.tasks.data_sync.errors import (
    FileRefusedError,
    HeaderChangedError,
    LimitExceededError,
    UnreadableFileError,
)
from jobs.tasks.data_sync.formats import check
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat
from jobs.tasks.data_sync.reader.report import ReadReport
from jobs.tasks.data_sync.reading import open_reading
from tests.support.books import written
from tests.support.reading import FIELDS, layout, read

HEADERS = "<tr>" + "".join(f"<th>{name}</th>" for name in FIELDS) + "</tr>\n"
ROW = "<tr><td>A1</td><td>杯子</td><td>2010-12-01 08:26</td></tr>\n"


def page(tmp_path: Path, body: str, encoding: str = "utf-8", head: str = "") -> Path:
    """Write a page."""
    text = f"<html><head>{head}</head><body>{body}</body></html>"
    return written(tmp_path, "export.html", text.encode(encoding))


def values(rows: list[tuple[int, str, str, dict[str, object]]]) -> list[tuple[object, ...]]:
    """Give the row numbers and the cells."""
    return [(row[0], *row[3].values()) for row in rows]


@pytest.mark.parametrize(
    ("encoding", "declared", "told"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8", "", "utf-8"),
        ("utf-8-sig", "", "utf-8-sig"),
        ("utf-16", "", "utf-16"),
        ("utf-16-le", "", "utf-16-le"),
        ("gb18030", "gb2312", "gb18030"),
        ("gb18030", "", "gb18030"),
        ("utf-8", "us-nonsense", "utf-8"),
        ("gb18030", "utf-8", "gb18030"),
        ("big5", "big5", "big5"),
    ],
)
async def test_a_table_is_read_in_any_encoding(tmp_path: Path, encoding: str, declared: str, told: str) -> None:
    """The mark decides, then what the page says of itself if the whole page bears it out, then its bytes."""
    text = f"<table border=1>{HEADERS}{ROW}</table>"
    if encoding == "big5":
        text = text.replace("订单号", "訂單號").replace("下单时间", "下單時間").replace("名称", "名稱")
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">' if declared else ""
    path = page(tmp_path, text, encoding, meta)
    assert check(path) is FileFormat.HTML
    how = layout()
    if encoding == "big5":
        names = ("訂單號", "名稱", "下單時間")
        how = replace(how, fields=names, key_fields=names[:1], date_rule=DateRule(field=names[2]))
    rows, report, progress = await read(path, how)
    assert values(rows) == [(2, "A1", "杯子", "2010-12-01 08:26")]
    assert report == ReadReport(read=1, currency=None, sheet=None, encoding=told, merged=(), merged_total=0)
    assert progress[0] == (0, 1)


async def test_cells_are_what_a_browser_shows(tmp_path: Path) -> None:
    """White space collapses, breaks are line feeds, entities are signs; comments, scripts and styles are nothing."""
    body = (
        f"<TABLE>{HEADERS}<TR><td>\n  A1 \n<td><b>杯&amp;</b>  &#23376;<br>大<!-- no --><script>x<td></script>"
        "<td>2010-12-01&nbsp;<TR><td>&nbsp;<td> <td></TR><tr></tr><tr><td>A2<td><font color=red>茶</font><td>20101202"
        "</TABLE>"
    )
    rows, _, _ = await read(page(tmp_path, body))
    assert values(rows) == [(2, "A1", "杯& 子\n大", "2010-12-01"), (5, "A2", "茶", "20101202")]


async def test_merged_cells_are_filled_and_told(tmp_path: Path) -> None:
    """Spans fill the cells that they cover and move the cells beside them; empty cells stay empty."""
    body = (
        f"<table><tr><td colspan=3>订单导出</td></tr>{HEADERS}"
        "<tr><td rowspan=2>A1</td><td>杯子</td><td rowspan='3'>2010-12-01</td></tr>"
        "<tr><td>茶</td></tr>"
        "<tr><td colspan=2>A2</td></tr>"
        "<tr><td>A3</td><td></td><td>2010-12-02</td></tr></table>"
    )
    rows, report, _ = await read(page(tmp_path, body), layout(2))
    assert values(rows) == [
        (3, "A1", "杯子", "2010-12-01"),
        (4, "A1", "茶", "2010-12-01"),
        (5, "A2", "A2", "2010-12-01"),
        (6, "A3", None, "2010-12-02"),
    ]
    assert (report.merged, report.merged_total) == (("A3:A4", "C3:C5", "A5:B5"), 3)


async def test_the_first_table_that_has_the_headers_is_read(tmp_path: Path) -> None:
    """Tables before it, around it and after it are passed over."""
    body = (
        f"<table><tr><td>说明</td></tr></table><table><tr><td>menu</td><td>before<table>{HEADERS}{ROW}</table>after</td>"
        f"</tr></table><table>{HEADERS}{ROW.replace('A1', 'A9')}</table>"
    )
    rows, _, _ = await read(page(tmp_path, body))
    assert values(rows) == [(2, "A1", "杯子", "2010-12-01 08:26")]


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("<p>no table</p>", UnreadableFileError, "no table that reaches row 1"),
        ("<table><tr><td>订单号<td>别的</table>" + f"<table>{HEADERS}"[:40], UnreadableFileError, "cut off"),
        (f"<table>{HEADERS}{ROW}{ROW[:30]}", UnreadableFileError, "ends within a table"),
        ("<table><tr><td>订单号<td>别的</tr></table>", HeaderChangedError, 'added: "别的"'),
        (f"<table>{HEADERS}<tr><td>{'x' * 32_768}</table>", LimitExceededError, "row 2: a cell has more than 32,767"),
        (f"<table><tr>{'<td>x' * 513}</table>", LimitExceededError, "row 1: it has more than 512 columns"),
        ("<table><tr><td>" * 65 + "</table>" * 65, LimitExceededError, "within tables more than 64 deep"),
    ],
)
async def test_a_bad_page_is_refused(tmp_path: Path, body: str, error: type[FileRefusedError], message: str) -> None:
    """Each refusal is of its class and says where and what."""
    with pytest.raises(error, match=message):
        await read(page(tmp_path, body))


async def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    """The limit on rows counts those of the table that is read."""
    with pytest.raises(LimitExceededError, match="more than 2 rows"):
        await read(page(tmp_path, f"<table>{HEADERS}{ROW * 3}</table>"), limits=ReadLimits(rows=2))


async def test_bytes_in_no_encoding_are_refused(tmp_path: Path) -> None:
    """Nothing is replaced by question marks."""
    path = written(tmp_path, "export.html", f"<table>{HEADERS}{ROW}</table>".encode() + b"\xff\xff")
    with pytest.raises(UnreadableFileError, match="no known encoding"):
        await read(path)


async def test_an_entity_bomb_does_not_go_off(tmp_path: Path) -> None:
    """Entities that a page declares are never expanded, nor is anything fetched: they stay the text that they are."""
    bomb = '<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    secret = written(tmp_path, "secret.txt", b"secret")
    bomb += f'<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    path = written(tmp_path, "export.html", f"{bomb}<table>{HEADERS}{ROW.replace('杯子', '&j;&x;')}</table>".encode())
    rows, _, _ = await read(path)
    assert values(rows) == [(2, "A1", "&j;&x;", "2010-12-01 08:26")]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_large_page_takes_no_more_memory(tmp_path: Path) -> None:
    """Thirty megabytes of rows are read by a child that never holds 45: there is no tree of them, nor a copy."""
    # Few rows of long cells: time goes by the rows, and the child gives way. It takes 26 MB; one that held the page's
    # bytes took 85, one that held its rows 90, one that made a tree 127.
    path = page(tmp_path, f"<table>{HEADERS}{ROW.replace('杯子', '杯子' * 240) * 20_000}</table>")
    assert path.stat().st_size > 29_000_000
    async with open_reading(path, FileFormat.HTML, layout(), ReadLimits(), lambda *_: None) as reading:
        peak, lines = 0, 0
        async for chunk in reading.chunks():
            lines += chunk.count(b"\n")
            with suppress(OSError, IndexError):  # after its last chunk it may have ended
                status = Path(f"/proc/{reading.pid}/status").read_text(encoding="ascii")  # noqa: ASYNC240 - no disk
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]))
    assert lines == 20_000
    assert 0 < peak < 45_000
