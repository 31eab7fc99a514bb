"""What crosses the pipes between a reading process and its parent comes out as it went in."""

from pathlib import Path

import pytest

from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat, Layout
from jobs.tasks.data_sync.reader.frames import HEAD_BYTES, Kind, pack, unpack_head
from jobs.tasks.data_sync.reader.report import ReadReport, from_json
from jobs.tasks.data_sync.reader.request import Request, from_line

DATE = DateRule(field="时间", format="%d/%m/%Y")


def request(*, fields: tuple[str, ...], keys: tuple[str, ...], header_row: int = 1) -> Request:
    """Make a request."""
    layout = Layout(header_row=header_row, fields=fields, key_fields=keys, required_fields=("号",), date_rule=DATE)
    return Request(path=Path("/data/订单\udcff"), format=FileFormat.CSV, layout=layout, limits=ReadLimits(rows=7))


def test_a_request_is_one_line() -> None:
    """Every part of it comes back, a path in no encoding too."""
    asked = request(fields=("号", "时间"), keys=("号",))
    line = asked.to_line()
    assert line.count(b"\n") == 1
    assert from_line(line) == asked


@pytest.mark.parametrize(
    ("fields", "keys", "header_row"),
    [
        (("号", "时间"), ("款",), 1),
        (("号", "别的"), ("号",), 1),
        (("号", "时间", "号"), ("号",), 1),
        (("号", "时间"), (), 1),
        (("号", "时间"), ("号",), 0),
    ],
)
def test_a_layout_that_cannot_work_is_loud(fields: tuple[str, ...], keys: tuple[str, ...], header_row: int) -> None:
    """Keys and dates that are no fields, fields that come twice, no key and no header row are the caller's mistake."""
    with pytest.raises(ValueError, match="the layout cannot work"):
        request(fields=fields, keys=keys, header_row=header_row)


def test_a_frame_says_its_kind_and_length() -> None:
    """The head of a frame tells what comes, and how much."""
    frame = pack(Kind.ROWS, b"rows")
    assert unpack_head(frame[:HEAD_BYTES]) == (Kind.ROWS, 4)
    assert frame[HEAD_BYTES:] == b"rows"


def test_an_unknown_frame_is_loud() -> None:
    """Nobody guesses what an unknown frame may mean."""
    with pytest.raises(ValueError, match="is not a valid Kind"):
        unpack_head(b"?\x00\x00\x00\x00")


def test_a_report_comes_back() -> None:
    """The report crosses as JSON."""
    report = ReadReport(read=3, currency="CNY", sheet="订单", encoding=None, merged=("A1:B2",), merged_total=1)
    assert from_json(report.to_json()) == report
