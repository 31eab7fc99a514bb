"""A file that cannot be read is refused with the reason, by the real child process."""

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from jobs.tasks.data_sync.errors import (
    FileRefusedError,
    HeaderChangedError,
    LimitExceededError,
    UnreadableFileError,
)
from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, Layout
from tests.support.reading import CSV_HEADERS, FIELDS, GOOD_ROW, csv_file, layout, read, xlsx_file


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("订单号,名称\nA1,杯子\n", HeaderChangedError, 'removed: "下单时间"'),
        (CSV_HEADERS + GOOD_ROW + 'A1,"杯子,2010-12-01\n' + GOOD_ROW * 9, UnreadableFileError, "row 3: the quotes are"),
        (CSV_HEADERS + GOOD_ROW + 'A1,"杯"子,2010-12-01\n', UnreadableFileError, "row 3: the quotes are wrong"),
        (CSV_HEADERS + 'A1,"杯子' + GOOD_ROW * 9000, LimitExceededError, "row 2: .*32,767 characters.*never closed"),
        (
            CSV_HEADERS + "A1," + "x" * 32_768 + ",2010-12-01\n",
            LimitExceededError,
            "row 2: a cell has more than 32,767",
        ),
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
