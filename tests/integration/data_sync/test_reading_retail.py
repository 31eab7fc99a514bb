"""Seven days of real orders are read whole."""

import csv
from pathlib import Path
from typing import Final

import orjson
import pytest

from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat, Layout
from jobs.tasks.data_sync.reading import open_reading

FOLDER: Final = Path(__file__).parents[4] / "shared" / "data" / "retail"
FILES: Final = sorted(FOLDER.glob("*.csv"))
LAYOUT: Final = Layout(
    header_row=1,
    fields=("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"),
    key_fields=("InvoiceNo", "StockCode"),
    required_fields=("InvoiceNo", "StockCode"),
    date_rule=DateRule(field="InvoiceDate"),
)

pytestmark = pytest.mark.skipif(not FILES, reason="the retail data is not beside this checkout")


async def test_every_row_of_seven_days_is_read() -> None:
    """Each file gives exactly the rows that the csv module counts, with its own day, cell by cell."""
    total = 0
    for path in FILES:
        with path.open(encoding="utf-8", newline="") as file:
            expected = list(csv.DictReader(file))
        lines: list[bytes] = []
        async with open_reading(path, FileFormat.CSV, LAYOUT, ReadLimits(), lambda _done, _total: None) as reading:
            async for chunk in reading.chunks():
                lines.extend(chunk.splitlines())
        fields = [line.split(b"\t") for line in lines]
        assert [orjson.loads(data.replace(b"\\\\", b"\\")) for *_, data in fields] == expected
        assert [int(number) for number, *_ in fields] == list(range(2, len(expected) + 2))
        assert {day.decode() for _, day, *_ in fields} == {path.stem}
        total += reading.report.read
    assert (len(FILES), total) == (7, 19_632)
