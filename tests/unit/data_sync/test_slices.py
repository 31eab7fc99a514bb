"""A sheet is cut between its rows, wherever its pieces end."""

from time import process_time

import pytest

from jobs.tasks.data_sync.reader.slices import Slices

ROWS = (
    b'<row r="2" spans="1:3"><c r="A2"><v>1</v></c></row>',
    b"<row><c><v>2</v></c></row>",
    b"<row ht=\"9\" r='7'/>",
    b"<row\n><c><is><t>&lt;row &gt;</t></is></c></row>",
)
HEAD = b'<?xml version="1.0"?><worksheet><dimension ref="A1"/><sheetData>'
TAIL = b'</sheetData><rowBreaks count="1"><brk id="1"/></rowBreaks></worksheet>'
OPENING, CLOSING = b"<worksheet><sheetData>", b"</sheetData></worksheet>"


def pieces(sheet: bytes, size: int) -> list[bytes]:
    """Cut it as a zip archive may give it."""
    return [sheet[at : at + size] for at in range(0, len(sheet), size)]


@pytest.mark.parametrize("size", [1, 7, 40, 10_000])
@pytest.mark.parametrize("prefix", [b"", b"x:"])
def test_each_row_is_a_slice_that_knows_its_place(size: int, prefix: bytes) -> None:
    """A row that does not say its number follows the one before it, which stands before it as an empty one."""
    rows = [row.replace(b"<row", b"<%brow" % prefix).replace(b"</row", b"</%brow" % prefix) for row in ROWS]
    head, tail = (part.replace(b"sheetData", b"%bsheetData" % prefix) for part in (HEAD, TAIL))
    slices = Slices(0)
    before = (b"", b'<row r="2"></row>', b'<row r="3"></row>', b'<row r="7"></row>')
    cut = list(slices.cut(pieces(head + b"".join(rows) + tail, size)))
    assert cut == [OPENING + place + row + CLOSING for place, row in zip(before, rows, strict=True)]
    assert slices.last_row == 8


@pytest.mark.parametrize("size", [1, 50, 10_000])
def test_a_slice_has_so_many_bytes_and_ends_with_its_row(size: int) -> None:
    """It ends where the first row begins after them; the last one has what is left."""
    cut = list(Slices(len(ROWS[0]) + 1).cut(pieces(HEAD + b"".join(ROWS) + TAIL, size)))
    assert cut == [
        OPENING + ROWS[0] + ROWS[1] + CLOSING,
        OPENING + b'<row r="3"></row>' + ROWS[2] + ROWS[3] + CLOSING,
    ]


@pytest.mark.parametrize("sheet", [b"<chartsheet><drawing/></chartsheet>", b"<worksheet><sheetData/></worksheet>", b""])
def test_what_has_no_rows_has_no_slices(sheet: bytes) -> None:
    """It is gone through all the same, since at its end its checksum is compared."""
    given = iter(pieces(sheet, 5))
    assert list(Slices(0).cut(given)) == []
    assert next(given, None) is None


def test_a_sheet_that_breaks_off_is_not_mended() -> None:
    """Its last slice has no end, and its rows are nobody's."""
    *_, last = Slices(0).cut([HEAD + ROWS[0] + ROWS[1][:-3]])
    assert last == OPENING + b'<row r="2"></row>' + ROWS[1][:-3]


@pytest.mark.parametrize("hostile", [b"<row " * 200_000, b"<row" * 250_000, b"<sheetData " * 90_000, b"x" * 1_000_000])
def test_no_sheet_takes_longer_than_its_length(hostile: bytes) -> None:
    """A megabyte of the worst is gone through in seconds."""
    began = process_time()
    assert list(Slices(1_000_000_000).cut(pieces(HEAD + hostile, 10_000)))
    list(Slices(0).cut(pieces(hostile, 10_000)))
    assert process_time() - began < 5
