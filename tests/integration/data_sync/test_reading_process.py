"""The reading process lives no longer than its reading, takes no more than its memory, and waits for its consumer."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from jobs.tasks.data_sync.errors import LimitExceededError, ReaderDiedError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, Layout
from jobs.tasks.data_sync.reading import Reading, open_reading
from tests.support.children import children_of
from tests.support.reading import format_of

ROWS: Final = 200_000
LAYOUT: Final = Layout(
    header_row=1,
    fields=("no", "name", "day"),
    key_fields=("no",),
    required_fields=(),
    date_rule=DateRule(field="day"),
)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a csv of some 20 MB, whose rows fill any buffer many times over."""
    path = tmp_path_factory.mktemp("large") / "export.csv"
    path.write_text("no,name,day\n" + "".join(f"{n},{'x' * 80},2010-12-01\n" for n in range(ROWS)), encoding="utf-8")
    return path


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine in a loop of its own; what it leaves unclosed is a warning, and so an error."""

    def run_and_collect(work: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(work)
        gc.collect()

    return run_and_collect


def opened(path: Path, limits: ReadLimits | None = None) -> AbstractAsyncContextManager[Reading]:
    """Open a reading that tells nobody how it goes."""
    return open_reading(path, format_of(path), LAYOUT, limits or ReadLimits(), lambda _done, _total: None)


async def drain(reading: Reading) -> None:
    """Read to the end."""
    async for _ in reading.chunks():
        pass


def status(pid: int, file: str) -> dict[str, str]:
    """Read a file of names and values about a process."""
    lines = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def is_gone(pid: int) -> bool:
    """Say whether a process has ended and is no zombie either."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_whole_reading_leaves_nothing(run: Run, large: Path) -> None:
    """All rows come, the report counts them, and the child is gone."""

    async def scenario() -> None:
        lines = 0
        async with opened(large) as reading:
            with pytest.raises(RuntimeError, match="after the last chunk"):
                _ = reading.report
            async for chunk in reading.chunks():
                lines += chunk.count(b"\n")
            assert reading.report.read == lines == ROWS
        assert is_gone(reading.pid)

    run(scenario())


def test_leaving_early_ends_the_child(run: Run, large: Path) -> None:
    """Before the first chunk or after it: whoever has seen enough leaves no process behind."""

    async def scenario() -> None:
        async with opened(large) as reading:
            pass
        assert is_gone(reading.pid)
        async with opened(large) as reading:
            async for _ in reading.chunks():
                break
        assert is_gone(reading.pid)

    run(scenario())


def test_an_error_of_the_consumer_ends_the_child(run: Run, large: Path) -> None:
    """The consumer's error comes out as it is."""

    async def scenario() -> None:
        pids = []

        async def consume() -> None:
            async with opened(large) as reading:
                pids.append(reading.pid)
                async for _ in reading.chunks():
                    raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await consume()
        assert is_gone(pids[0])

    run(scenario())


@pytest.mark.parametrize("times", [1, 3])
def test_a_cancellation_ends_the_child(run: Run, large: Path, times: int) -> None:
    """However often and impatiently it is cancelled, the task ends only when the child is gone."""

    async def scenario() -> None:
        started: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()

        async def consume() -> None:
            async with opened(large) as reading:
                async for _ in reading.chunks():
                    if not started.done():
                        started.set_result(reading)
                    await asyncio.sleep(0)

        consumer = asyncio.create_task(consume())
        reading = await started
        for _ in range(times):
            consumer.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await consumer
        assert is_gone(reading.pid)

    run(scenario())


@linux_only
def test_a_cancellation_at_the_start_leaves_nothing(run: Run, large: Path) -> None:
    """A reading that is cancelled while its child starts leaves no child and no transport."""

    async def scenario() -> None:
        async def consume() -> None:
            async with opened(large):
                await asyncio.Event().wait()

        for turns in range(8):
            consumer = asyncio.create_task(consume())
            for _ in range(turns):
                await asyncio.sleep(0)
            consumer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await consumer

    before = children_of(os.getpid())
    run(scenario())
    assert children_of(os.getpid()) == before


def test_a_killed_child_is_worth_another_try(run: Run, large: Path) -> None:
    """A child that is killed says nothing; that is not the file's fault."""

    async def scenario() -> None:
        async with opened(large) as reading:
            await anext(reading.chunks())
            os.kill(reading.pid, signal.SIGKILL)
            with pytest.raises(ReaderDiedError, match=f"ended with status -{int(signal.SIGKILL)}"):
                await drain(reading)
        assert is_gone(reading.pid)

    run(scenario())


def test_a_mistake_of_ours_is_not_blamed_on_the_file(run: Run, tmp_path: Path) -> None:
    """A child that fails for another reason is worth another try; its last words are noted for us."""
    folder = tmp_path / "export.csv"
    folder.mkdir()

    async def scenario() -> None:
        async with opened(folder) as reading:
            with pytest.raises(ReaderDiedError) as caught:
                await drain(reading)
        assert str(caught.value) == "the reading process ended with status 1"
        assert "IsADirectoryError" in caught.value.__notes__[0]

    run(scenario())


@linux_only
def test_a_csv_beyond_the_memory_limit_is_refused(run: Run, large: Path) -> None:
    """Python's MemoryError becomes the refusal that names the limit."""

    async def scenario() -> None:
        async with opened(large, ReadLimits(memory_bytes=1024 * 1024)) as reading:
            with pytest.raises(LimitExceededError, match="more than 1 MiB of memory"):
                await drain(reading)

    run(scenario())


@linux_only
def test_a_sheet_beyond_the_memory_limit_is_refused(run: Run, tmp_path: Path) -> None:
    """Two cells at the far ends of a sheet ask calamine for gigabytes; Rust aborts, and the refusal names the limit."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.cell(1, 1, "no")
    sheet.cell(1_000_000, 16_000, "far")
    path = tmp_path / "far.xlsx"
    book.save(path)

    async def scenario() -> None:
        async with opened(path) as reading:
            with pytest.raises(LimitExceededError, match="more than 1,536 MiB of memory"):
                await drain(reading)

    run(scenario())


@linux_only
def test_the_child_waits_for_a_slow_consumer(run: Run, large: Path) -> None:
    """After one chunk of some 40 MB the child sleeps on its full pipe, having written less than 2 MB."""

    async def scenario() -> None:
        async with opened(large) as reading, asyncio.timeout(120):
            chunks = reading.chunks()
            await anext(chunks)
            while not status(reading.pid, "status")["State"].startswith("S"):  # noqa: ASYNC110 - it sets no event of ours
                await asyncio.sleep(0.005)
            assert int(status(reading.pid, "io")["wchar"]) < 2_000_000
            assert int(status(reading.pid, "status")["VmHWM"].removesuffix(" kB")) < 60_000
            rest = 0
            async for chunk in chunks:
                rest += len(chunk)
            assert rest > 30_000_000

    run(scenario())


@linux_only
def test_the_child_gives_way(run: Run, large: Path) -> None:
    """Who answers requests on the same machine goes first."""

    async def scenario() -> None:
        async with opened(large) as reading:
            await anext(reading.chunks())
            assert os.getpriority(os.PRIO_PROCESS, reading.pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)

    run(scenario())


@linux_only
def test_the_child_has_no_secrets(run: Run, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the environment it gets what Python needs to start, and no more."""
    monkeypatch.setenv("JOBS_DATABASE_URL", "postgresql://user:secret@host/db")

    async def scenario() -> None:
        async with opened(large) as reading:
            await anext(reading.chunks())
            given = Path(f"/proc/{reading.pid}/environ").read_bytes()  # noqa: ASYNC240 - it is in memory
        assert b"PATH=" in given
        assert b"secret" not in given

    run(scenario())
