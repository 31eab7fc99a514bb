"""Rows become lines of COPY text."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import orjson
import pytest

from jobs.tasks.data_sync.errors import LimitExceededError
from jobs.tasks.data_sync.identity import Cell, key_hash
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FieldType, Layout
from jobs.tasks.data_sync.reader.copy_text import Lines

LAYOUT = Layout(
    header_row=1,
    fields=("订单号", "名称", "下单时间"),
    key_fields=("订单号",),
    required_fields=(),
    date_rule=DateRule(field="下单时间"),
)


def line(*cells: Cell, limits: ReadLimits | None = None) -> bytes:
    """Make the line of row 17."""
    return Lines(LAYOUT, limits or ReadLimits()).line(17, cells)


def test_a_line_has_the_four_columns() -> None:
    """Row number, date, key hash as hex bytea, and the row under the template's names in their order."""
    data = '{"订单号":"A1","名称":"杯子","下单时间":"2010-12-01 08:26"}'
    expected = f"17\t2010-12-01\t\\\\x{key_hash(['A1']).hex()}\t{data}\n"
    assert line("A1", "杯子", "2010-12-01 08:26") == expected.encode()


def test_what_copy_gives_a_meaning_is_escaped() -> None:
    """Tabs and line ends are JSON escapes, and the backslash of each escape is doubled."""
    data = line("A1", 'tab\t "new"\r\nline \\ \\N \\.', "20101201").split(b"\t", 3)[3]
    name = r'tab\\t \\"new\\"\\r\\nline \\\\ \\\\N \\\\.'
    assert data.decode() == '{"订单号":"A1","名称":"' + name + '","下单时间":"20101201"}\n'


def test_typed_cells_keep_their_types() -> None:
    """Numbers stay numbers, nothing is null, dates and times are ISO texts."""
    data = line(536365, None, datetime(2010, 12, 1, 8, 26)).split(b"\t", 3)[3]  # noqa: DTZ001 - sheets have no zone
    assert orjson.loads(data) == {"订单号": 536365, "名称": None, "下单时间": "2010-12-01T08:26:00"}
    for cell, shown in ((2.5, 2.5), (True, True), (time(8, 26), "08:26:00"), (timedelta(hours=1), "1:00:00")):
        data = line("A1", cell, date(2010, 12, 1)).split(b"\t", 3)[3]
        assert orjson.loads(data)["名称"] == shown


def aside(written: bytes) -> dict[str, object]:
    """Read what a row that was set aside is told with."""
    number, day, key, data = written.rstrip(b"\n").split(b"\t")
    assert (number, day, key) == (b"17", b"\\N", b"\\N")
    told: dict[str, object] = orjson.loads(data.replace(b"\\\\", b"\\"))
    return told


def test_a_row_without_a_date_is_set_aside() -> None:
    """It says which field, and has its key; the row is as it was read."""
    assert aside(line("A1", "杯\n子", "2010-13-45")) == {
        "problems": [{"field": "下单时间", "detail": '"2010-13-45" is no date'}],
        "day": None,
        "key": key_hash(["A1"]).hex(),
        "row": {"订单号": "A1", "名称": "杯\n子", "下单时间": "2010-13-45"},
    }


def test_a_row_that_fails_a_check_is_set_aside_with_its_identity() -> None:
    """Each problem is told; a row with a day and a key keeps its place among others of that key."""
    layout = replace(LAYOUT, required_fields=("名称", "下单时间"), types={"订单号": FieldType.INTEGER})
    told = aside(Lines(layout, ReadLimits()).line(17, ["A1", " ", "20101201"]))
    assert told["problems"] == [
        {"field": "名称", "detail": "is empty"},
        {"field": "订单号", "detail": '"A1" is no whole number'},
    ]
    assert (told["day"], told["key"]) == ("2010-12-01", key_hash(["A1"]).hex())


def test_a_long_value_is_not_shown_whole() -> None:
    """A problem does not carry a cell of 30,000 characters; the row does."""
    told = aside(line("A1", "杯子", "x" * 30_000))
    assert len(str(told["problems"])) < 200
    assert len(str(told["row"])) > 30_000


def test_a_nul_is_set_aside_by_name() -> None:
    """Jsonb cannot hold a NUL, so the row shows a sign for it; a text that merely spells its escape passes."""
    told = aside(line("A1", "a\x00b", "20101201"))
    assert told["problems"] == [{"field": "名称", "detail": "has a NUL character, which cannot be stored"}]
    assert told["row"] == {"订单号": "A1", "名称": "a\ufffdb", "下单时间": "20101201"}
    assert aside(line("A\x001", "a", "20101201"))["key"] is None
    assert aside(line("A1", "a", "2010\x001201"))["problems"] == [
        {"field": "下单时间", "detail": '"2010\ufffd1201" is no date'},
        {"field": "下单时间", "detail": "has a NUL character, which cannot be stored"},
    ]
    assert b"\\\\\\\\u0000" in line("A1", "\\u0000", "20101201")


def test_a_row_with_more_cells_than_headers_is_set_aside_with_all_of_them() -> None:
    """It has no identity, since nobody knows which cell is whose."""
    told = aside(Lines(LAYOUT, ReadLimits()).surplus(17, ["A1", "杯", "子", "20101201"]))
    assert told == {
        "problems": [{"field": "column 4", "detail": "is beyond the 3 headers: the row has 4 cells"}],
        "day": None,
        "key": None,
        "row": {"订单号": "A1", "名称": "杯", "下单时间": "子", "column 4": "20101201"},
    }


def test_a_cell_may_be_as_long_as_the_limit() -> None:
    """Characters count, not bytes; one more is too long."""
    limits = ReadLimits(cell_characters=40)
    assert line("A1", "杯" * 40, "20101201", limits=limits)
    with pytest.raises(LimitExceededError, match="row 17: 名称 has more than 40 characters"):
        line("A1", "杯" * 41, "20101201", limits=limits)


def test_an_error_is_no_value_of_a_key_or_a_required_field() -> None:
    """Rows of many products would be one by their #N/A; in any other field it is what the sheet shows."""
    required = replace(LAYOUT, required_fields=("名称",))
    for cells, fields in (
        (("#N/A", "杯子", "20101201"), ["订单号"]),
        (("#REF!", "#DIV/0!", "20101201"), ["订单号", "名称"]),
        (("#1", "# 杯子", "20101201"), []),
    ):
        written = Lines(required, ReadLimits()).line(17, cells)
        told = [
            {"field": field, "detail": f'"{cells[LAYOUT.fields.index(field)]}" is an error of the workbook, no value'}
            for field in fields
        ]
        assert (aside(written)["problems"] if fields else []) == told
    data = line("A1", "#N/A", "20101201").split(b"\t", 3)[3]
    assert orjson.loads(data) == {"订单号": "A1", "名称": "#N/A", "下单时间": "20101201"}
    typed = replace(LAYOUT, key_fields=("订单号",), types={"订单号": FieldType.INTEGER})
    told_once = [{"field": "订单号", "detail": '"#N/A" is no whole number'}]
    assert aside(Lines(typed, ReadLimits()).line(17, ("#N/A", "", "20101201")))["problems"] == told_once


def test_a_number_that_has_lost_digits_tells_no_rows_apart() -> None:
    """Two orders of 19 digits would be one: sheets keep 15 of them, and a csv of Excel six. Elsewhere it may stand."""
    detail = "is a number that a spreadsheet has shortened; make its column a text there and export again"
    for cell, shown in (
        (4950111222333444555.0, "4950111222333444096"),
        (-(2.0**53), "-9007199254740992"),
        ("4.95011E+18", "4.95011E+18"),
        (" 1E+18 ", "1E+18"),
    ):
        told = aside(line(cell, "杯子", "20101201"))
        assert told["problems"] == [{"field": "订单号", "detail": f'"{shown}" {detail}'}]
        assert orjson.loads(line("A1", cell, "20101201").split(b"\t", 3)[3])["名称"] == cell
    for sound in (2.5, 2**53 - 1, 4950111222333444555, "4950111222333444555", "E+12", "1E+1", "2E10", "A1E+18"):
        assert line(sound, "杯子", "20101201").split(b"\t")[1] == b"2010-12-01"
