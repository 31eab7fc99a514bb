"""Files made to exhaust their reader fail by their limits, each in its own process, and harm no other reading."""

import asyncio
import struct
import sys
from pathlib import Path
from typing import Final

import pytest

from jobs.tasks.data_sync.errors import FileRefusedError, LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reader.report import ReadReport
from jobs.tasks.data_sync.reading import open_reading
from tests.support.books import DATA, ods_bytes, ods_cell, ods_row, unzipped, written, xls_bytes, zipped
from tests.support.reading import FIELDS, csv_file, format_of, layout, read, xlsx_file

MIB: Final = 1024 * 1024
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs limits that only Linux enforces")


def parts(tmp_path: Path, suffix: str) -> tuple[dict[str, bytes], str]:
    """Give the parts of a workbook in order, and the name of the one that is the sheet."""
    if suffix == "xlsx":
        return unzipped(xlsx_file(tmp_path, [FIELDS]).read_bytes()), "xl/worksheets/sheet1.xml"
    if suffix == "xlsb":
        return unzipped((DATA / "orders.xlsb").read_bytes()), "xl/worksheets/sheet1.bin"
    return unzipped(ods_bytes([ods_row(*FIELDS)])), "content.xml"


def repeated_row(times: int) -> str:
    """Make a row of few bytes that stands for so many rows of a thousand cells."""
    cell = ods_cell("bomb").replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="1000"')
    return ods_row(cell).replace("<table:table-row", f'<table:table-row table:number-rows-repeated="{times}"')


@pytest.mark.parametrize("suffix", ["xlsx", "xlsb", "ods"])
async def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path: Path, suffix: str) -> None:
    """Before a byte is unpacked, the sizes in the directory are held to both limits."""
    inside, sheet = parts(tmp_path, suffix)
    path = written(tmp_path, f"bomb.{suffix}", zipped(inside | {sheet: bytes(100_000_000)}))
    with pytest.raises(LimitExceededError, match="times its size, as zip bombs do"):
        await read(path)
    with pytest.raises(LimitExceededError, match=r"unpacks to 100,\d{3},\d{3} bytes"):
        await read(path, limits=ReadLimits(unpacked_bytes=50_000_000))


@pytest.mark.parametrize("suffix", ["xlsx", "xlsb", "ods"])
@pytest.mark.parametrize("part", ["its sheet", "xl/theme/other.xml"])
async def test_a_zip_bomb_that_lies_is_refused(tmp_path: Path, suffix: str, part: str) -> None:
    """No more of a part is unpacked than it declares, whichever part it is: any may be named as a sheet."""
    inside, sheet = parts(tmp_path, suffix)
    content = zipped(inside | {sheet if part == "its sheet" else part: bytes(200_000_000)})
    honest, lie = struct.pack("<L", 200_000_000), struct.pack("<L", 1000)
    assert content.count(honest) == 2
    path = written(tmp_path, f"liar.{suffix}", content.replace(honest, lie))
    with pytest.raises(UnreadableFileError, match="damaged"):
        await read(path)


async def test_a_picture_that_lies_harms_nothing_unless_it_is_named_as_a_sheet(tmp_path: Path) -> None:
    """Nobody unpacks pictures for the cells, and so nobody looks whether they are whole."""
    inside, sheet = parts(tmp_path, "xlsx")
    picture = "xl/media/picture.png"
    honest, lie = struct.pack("<L", 200_000_000), struct.pack("<L", 1000)

    def lying(inside: dict[str, bytes]) -> Path:
        return written(tmp_path, "liar.xlsx", zipped(inside | {picture: bytes(200_000_000)}).replace(honest, lie))

    rows, _, _ = await read(lying(inside))
    assert rows == []
    relations = "xl/_rels/workbook.xml.rels"
    named = inside[relations].replace(sheet.removeprefix("xl/").encode(), picture.removeprefix("xl/").encode())
    assert named != inside[relations]
    with pytest.raises(UnreadableFileError, match="damaged"):
        await read(lying(inside | {relations: named}))


@pytest.mark.parametrize("suffix", ["xlsx", "xlsb", "ods"])
async def test_a_part_that_is_there_twice_is_refused(tmp_path: Path, suffix: str) -> None:
    """Who reads the first and who reads the last of them would see two files."""
    inside, _ = parts(tmp_path, suffix)
    content = zipped(inside | {"twice.1": b"a", "twice.2": b"b"}).replace(b"twice.2", b"twice.1")
    with pytest.raises(UnreadableFileError, match="a part is there twice"):
        await read(written(tmp_path, f"twice.{suffix}", content))


@linux_only
@pytest.mark.parametrize(
    ("times", "error", "message"),
    [
        (50_000, LimitExceededError, "takes more than 512 MiB of memory"),
        (1_000_000, UnreadableFileError, "damaged"),
    ],
)
async def test_repeated_cells_are_bounded(
    tmp_path: Path, times: int, error: type[FileRefusedError], message: str
) -> None:
    """A row that says it is millions of cells is bounded by the memory, and one of a thousand million by calamine."""
    path = written(tmp_path, "bomb.ods", ods_bytes([ods_row(*FIELDS), repeated_row(times)]))
    assert path.stat().st_size < 2000
    with pytest.raises(error, match=message):
        await read(path, limits=ReadLimits(memory_bytes=512 * MIB))


@linux_only
async def test_an_old_workbook_is_bounded_by_the_memory(tmp_path: Path) -> None:
    """Two cells at the far ends of an old sheet are sixteen million for its reader."""
    path = written(tmp_path, "far.xls", xls_bytes([FIELDS, *[()] * 65_533, (*[None] * 255, "far")]))
    with pytest.raises(LimitExceededError, match="takes more than 256 MiB of memory"):
        await read(path, limits=ReadLimits(memory_bytes=256 * MIB))


@linux_only
@pytest.mark.parametrize("suffix", ["csv", "html"])
async def test_the_processor_time_is_bounded(tmp_path: Path, suffix: str) -> None:
    """A reading that computes longer than it may is ended by the system, and the refusal names the limit."""
    row = ("A1", "杯子", "2010-12-01")
    if suffix == "html":
        lines = [f"<tr><td>{'<td>'.join(cells)}</tr>" for cells in (FIELDS, row)]
        path = written(tmp_path, "long.html", f"<table>{lines[0]}{lines[1] * 1_000_000}</table>".encode())
    else:
        lines = [",".join(cells) + "\n" for cells in (FIELDS, row)]
        path = csv_file(tmp_path, lines[0] + lines[1] * 1_000_000)
    with pytest.raises(LimitExceededError, match="takes more than 1 seconds of processor time"):
        await read(path, limits=ReadLimits(processor_s=1))


@linux_only
async def test_other_readings_are_unharmed(tmp_path: Path) -> None:
    """While bombs of every kind go off beside it, a reading gives all its rows."""
    rows = 60_000  # nine megabytes from a child that waits with the first half one
    good = tmp_path / "good"
    good.mkdir()
    path = csv_file(good, ",".join(FIELDS) + "\n" + "A1,杯子,2010-12-01\n" * rows)
    inside, sheet = parts(tmp_path, "xlsx")
    bombs = [
        written(tmp_path, "bomb.ods", ods_bytes([ods_row(*FIELDS), repeated_row(50_000)])),
        written(tmp_path, "bomb.xlsx", zipped(inside | {sheet: bytes(100_000_000)})),
        written(tmp_path, "far.xls", xls_bytes([FIELDS, *[()] * 65_533, (*[None] * 255, "far")])),
    ]
    began, gone_off = asyncio.Event(), asyncio.Event()

    async def read_on() -> tuple[int, ReadReport]:
        lines = 0
        async with open_reading(path, format_of(path), layout(), ReadLimits(), lambda *_: None) as reading:
            async for chunk in reading.chunks():
                lines += chunk.count(b"\n")
                began.set()
                await gone_off.wait()  # the rest is read when they have gone off
            return lines, reading.report

    async def set_off(bomb: Path) -> None:
        with pytest.raises(FileRefusedError):
            await read(bomb, limits=ReadLimits(memory_bytes=256 * MIB))

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read_on())
        await began.wait()
        await asyncio.gather(*map(set_off, bombs))
        gone_off.set()
    assert reading.result()[0] == reading.result()[1].read == rows
