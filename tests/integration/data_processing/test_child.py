"""The child process that opens strangers' files: its limits, its end, and what its parent hears of it."""

import asyncio
import os
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from jobs.tasks.data_processing.child import report_of
from jobs.tasks.data_processing.limits import PictureLimits, ProfileLimits
from jobs.tasks.data_processing.worker.request import Extraction, Profiling
from jobs.tasks.data_sync.errors import LimitExceededError, ReaderDiedError, UnreadableFileError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat, Layout
from jobs.tasks.data_sync.reader.request import Request
from tests.support.books import with_rows
from tests.support.children import children_of
from tests.support.pictures import FIELDS, book_of, changed, files_in, media, picture

RED, GREEN = picture("red"), picture("green")
LAYOUT: Final = Layout(
    header_row=1,
    fields=FIELDS,
    key_fields=FIELDS[:1],
    required_fields=(),
    date_rule=DateRule(field=FIELDS[3]),
)
_MIB: Final = 1024 * 1024
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def extraction(tmp_path: Path, book: bytes, limits: PictureLimits | None = None) -> Extraction:
    """Ask for the pictures of a workbook."""
    path = tmp_path / "book"
    path.write_bytes(book)
    return Extraction(
        reading=Request(path=path, format=FileFormat.XLSX, layout=LAYOUT, limits=ReadLimits()),
        sku_field=FIELDS[0],
        media=tmp_path / "media",
        limits=limits or PictureLimits(),
    )


async def report(request: Extraction | Profiling) -> Any:  # noqa: ANN401  JSON
    """Give the report, and tell nobody how it goes."""
    return await report_of(request, lambda _done, _total: None)


async def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    """Picture by picture, and how many there are."""
    told: list[tuple[int, int | None]] = []
    request = extraction(tmp_path, book_of([("A1", [RED]), ("A2", [GREEN, RED])]))
    await report_of(request, lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_a_sheet_with_too_many_pictures_is_refused(tmp_path: Path) -> None:
    """Before one of them is read or kept; as many as there may be are taken."""
    book = book_of([("A1", [RED]), ("A2", [GREEN, RED])])
    assert (await report(extraction(tmp_path, book, PictureLimits(pictures=3))))["pictures"] == 3
    with pytest.raises(LimitExceededError, match="more than 2 pictures"):
        await report(extraction(tmp_path / "..", book, PictureLimits(pictures=2)))
    assert not (tmp_path.parent / "media").exists()


async def test_a_picture_of_too_many_bytes_is_left_out(tmp_path: Path) -> None:
    """Told by the package's directory, before it is unpacked."""
    book = changed(book_of([("A1", [RED]), ("A2", [GREEN])]), {media(1): bytes(5_000)})
    found = await report(extraction(tmp_path, book, PictureLimits(picture_bytes=4_999)))
    assert [one["reason"] for one in found["problems"]] == ["it has 5,000 bytes; 4,999 are the most that is read"]
    assert [image["sku"] for image in found["images"]] == ["A2"]


async def test_a_picture_that_is_longer_than_it_says_is_left_out(tmp_path: Path) -> None:
    """The package's directory is a stranger's too: no more is unpacked than it declares, and the others are taken."""
    request = extraction(tmp_path, book_of([("A1", [RED]), ("A2", [GREEN])]))
    path = request.reading.path
    with zipfile.ZipFile(path) as package:
        entry = package.getinfo(media(1))
    told, lie = entry.file_size.to_bytes(4, "little"), (entry.file_size - 10).to_bytes(4, "little")
    data = path.read_bytes()
    at = data.rindex(media(1).encode())  # in the directory at the end, where the sizes stand before the name
    path.write_bytes(data[: at - 22] + data[at - 22 : at].replace(told, lie) + data[at:])
    found = await report(request)
    assert [one["reason"] for one in found["problems"]] == ["it is damaged: Bad CRC-32 for file 'xl/media/image1.png'"]
    assert [image["sku"] for image in found["images"]] == ["A2"]


async def test_damaged_drawings_are_told(tmp_path: Path) -> None:
    """A drawing that is no XML, or is too large; a picture that is named and not there is left out alone."""
    book = book_of([("A1", [RED]), ("A2", [GREEN])])
    drawing = "xl/drawings/drawing1.xml"
    with pytest.raises(UnreadableFileError, match="drawings are damaged"):
        await report(extraction(tmp_path, changed(book, {drawing: b"<nothing"})))
    with pytest.raises(LimitExceededError, match=r"drawing1\.xml unpacks to"):
        await report(extraction(tmp_path, book, PictureLimits(drawing_bytes=800)))
    found = await report(extraction(tmp_path, changed(book, {media(1): None})))
    assert [one["reason"] for one in found["problems"]] == ["it is not in the file, though the drawing names it"]
    assert len(files_in(tmp_path / "media")) == 2


async def test_a_workbook_without_pictures_has_none(tmp_path: Path) -> None:
    """That is no fault."""
    found = await report(extraction(tmp_path, book_of([("A1", [])])))
    assert (found["pictures"], found["images"], found["problems"]) == (0, [], [])


async def test_of_many_problems_some_are_told_and_all_are_counted(tmp_path: Path) -> None:
    """A report stays short whatever the file has in it."""
    book = book_of([(None, [RED]) for _ in range(130)])
    found = await report(extraction(tmp_path, book))
    assert (len(found["problems"]), found["problems_total"]) == (100, 130)


@linux_only
async def test_a_picture_that_takes_too_much_memory_is_left_out(tmp_path: Path) -> None:
    """The child has a bound of its own; what it frees again is there for the next picture."""
    large = picture("green", (7_500, 7_500))
    book = book_of([("A1", [RED]), ("A2", [large]), ("A3", [RED])])
    found = await report(extraction(tmp_path, book, PictureLimits(memory_bytes=400 * _MIB)))
    assert [(one["row"], one["reason"]) for one in found["problems"]] == [
        (3, "unpacked it takes more memory than there is")
    ]
    assert [image["sku"] for image in found["images"]] == ["A1", "A3"]


@linux_only
async def test_a_workbook_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    """So that its worker lives on, and nobody tries it again."""
    path = tmp_path / "export.xlsx"
    rows = ("<row>" + "<c><v>1</v></c>" * 100 + "</row>") * 11_999  # and that of the headers
    path.write_bytes(with_rows(book_of([]), rows))
    few = ProfileLimits(memory_bytes=150 * _MIB)
    with pytest.raises(LimitExceededError, match="takes more than 150 MiB of memory"):
        await report(Profiling(path=path, format=FileFormat.XLSX, limits=few))
    assert (await report(Profiling(path=path, format=FileFormat.XLSX, limits=ProfileLimits())))["rows"] == 12_000


@linux_only
async def test_a_child_that_is_killed_is_worth_another_try(tmp_path: Path) -> None:
    """Its parent does not wait for ever, and says what has happened."""
    before = children_of(os.getpid())
    killed: list[int] = []

    def kill(_done: int, _total: int | None) -> None:
        if not killed:
            killed.extend(children_of(os.getpid()) - before)
            os.kill(killed[0], signal.SIGKILL)

    request = extraction(tmp_path, book_of([(f"A{n}", [picture(size=(400, 300 + n))]) for n in range(30)]))
    with pytest.raises(ReaderDiedError, match="status -9"):
        await report_of(request, kill)
    assert children_of(os.getpid()) == before
    assert len((await report(request))["images"]) == 30


@linux_only
async def test_a_child_is_gone_when_its_work_is_cancelled(tmp_path: Path) -> None:
    """As at a timeout, or when somebody cancels the job; what it has kept whole stays, nothing unfinished is left."""
    before, begun = children_of(os.getpid()), asyncio.Event()
    request = extraction(tmp_path, book_of([(f"A{n}", [picture(size=(1000, 900 + n))]) for n in range(100)]))

    def tell(done: int, _total: int | None) -> None:
        if done:
            begun.set()

    work = asyncio.create_task(report_of(request, tell))
    await begun.wait()
    assert len(children_of(os.getpid()) - before) == 1
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert children_of(os.getpid()) == before
    assert 2 <= len(files_in(tmp_path / "media")) < 200


@linux_only
async def test_it_knows_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens strangers' files."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    before = children_of(os.getpid())
    seen: list[bytes] = []

    def look(_done: int, _total: int | None) -> None:
        if not seen:
            seen.extend(Path(f"/proc/{pid}/environ").read_bytes() for pid in children_of(os.getpid()) - before)

    pictures = [picture(size=(1000, 900 + n)) for n in range(10)]
    await report_of(extraction(tmp_path, book_of([("A1", pictures)])), look)
    assert seen
    assert not any(b"secret" in environ for environ in seen)
