"""What a csv writer wrote is read cell by cell, whatever the encoding and the delimiter."""

import csv
import tempfile
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, Layout
from jobs.tasks.data_sync.reader.csv_rows import open_csv

FIELDS = ("订单号", "商品名称", "备注")
LAYOUT = Layout(
    header_row=1, fields=FIELDS, key_fields=FIELDS[:1], required_fields=(), date_rule=DateRule(field=FIELDS[2])
)
cells = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from('",;\t\r\n\\ 白')), max_size=12)
rows = st.lists(st.tuples(cells, cells, cells), max_size=6)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])


@given(
    written=rows,
    encoding=encodings,
    mark=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\r\n", "\n"]),
)
def test_cells_come_back(
    written: list[tuple[str, str, str]], encoding: str, mark: str, quoting: int, line_end: str
) -> None:
    """Quotes, delimiters and line ends within cells, any script, any of the encodings: all comes back as it was."""
    # csv.writer leaves a lone CR unquoted where its own line end has none.
    assume(
        quoting != csv.QUOTE_MINIMAL or line_end == "\r\n" or not any("\r" in cell for row in written for cell in row)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=mark, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]  # typeshed wants the literals
            writer.writerow(FIELDS)
            writer.writerows(written)
        table = open_csv(path, LAYOUT, ReadLimits())
        found = list(table.rows)
    assert list(table.headers) == list(FIELDS)
    assert [tuple(row) for _, row in found] == written
    assert [number for number, _ in found] == list(range(2, len(written) + 2))
