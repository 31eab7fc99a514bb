"""The parent's side of reading a file: answers of a child process become chunks of rows. It opens no file itself."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from jobs.tasks.data_sync import errors
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import FileFormat, Layout
from jobs.tasks.data_sync.reader.child import READER, Child, start
from jobs.tasks.data_sync.reader.frames import HEAD_BYTES, Kind, unpack_head
from jobs.tasks.data_sync.reader.report import ReadReport, from_json
from jobs.tasks.data_sync.reader.request import Request

# Called with the rows read so far and an estimate of all rows, blank ones among them; None where there is none.
OnProgress = Callable[[int, int | None], None]

_MIB: Final = 1024 * 1024
_OUT_OF_MEMORY: Final = (b"memory allocation of", b"MemoryError")  # the last words of Rust and of Python
_REFUSALS: Final = {
    refusal.__name__: refusal
    for refusal in (
        errors.UnreadableFileError,
        errors.LimitExceededError,
        errors.HeaderChangedError,
    )
}


class Reading:
    """A file being read. `chunks` may be gone through once; `report` is there after its end."""

    def __init__(self, child: Child, limits: ReadLimits, on_progress: OnProgress) -> None:
        self._child = child
        self._limits = limits
        self._on_progress = on_progress
        self._report: ReadReport | None = None

    @property
    def pid(self) -> int:
        """The process id of the child, for logs."""
        return self._child.pid

    @property
    def report(self) -> ReadReport:
        """What was read; RuntimeError before the end of `chunks`."""
        if self._report is None:
            raise RuntimeError("the report is there only after the last chunk")
        return self._report

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give whole lines in COPY text format: row number, business date, key hash (bytea), data (jsonb).

        A chunk is about 256 KiB; while the consumer is slow, the child waits. Raises a FileRefusedError for what the
        file is to blame for, and ReaderDiedError where the child ended before it had said how it went.
        """
        while self._report is None:
            kind, body = await self.frame()
            if kind is Kind.ROWS:
                yield body
            elif kind is Kind.PROGRESS:
                self._on_progress(*json.loads(body))
            else:
                self._report = from_json(body)

    async def frame(self) -> tuple[Kind, bytes]:
        """Give the next frame; raises what `chunks` does. After the last, DONE, the child has ended."""
        try:
            kind, length = unpack_head(await self._child.read(HEAD_BYTES))
            body = await self._child.read(length)
        except asyncio.IncompleteReadError:
            raise await self._death() from None
        if kind in {Kind.FAILED, Kind.DONE}:
            await self._child.wait()
        if kind is Kind.FAILED:
            name, *told = json.loads(body)
            raise _REFUSALS[name](*told)
        return kind, body

    async def _death(self) -> Exception:
        status, last_words = await self._child.wait()
        if any(sign in last_words for sign in _OUT_OF_MEMORY):
            most = self._limits.memory_bytes // _MIB
            return errors.LimitExceededError(f"Reading the file takes more than {most:,} MiB of memory.")
        if status == -signal.SIGXCPU:
            return errors.LimitExceededError(
                f"Reading the file takes more than {self._limits.processor_s:,} seconds of processor time."
            )
        died = errors.ReaderDiedError(f"the reading process ended with status {status}")
        died.add_note(last_words.decode(errors="replace"))
        return died


@asynccontextmanager
async def open_reading(
    path: Path, file_format: FileFormat, layout: Layout, limits: ReadLimits, on_progress: OnProgress
) -> AsyncIterator[Reading]:
    """Read a file in a child process that is gone, whatever happens, when the context is left.

    A layout that cannot work (see Request) is ValueError. What is wrong with the file is raised by `chunks`.
    """
    request = Request(path=path, format=file_format, layout=layout, limits=limits)
    async with _asked(request, on_progress) as reading:
        yield reading


async def preview(
    path: Path, file_format: FileFormat, layout: Layout, limits: ReadLimits, *, rows: int
) -> dict[str, Any]:
    """Give what `preview_of` does of a file, read in a child process; raises what `chunks` does."""
    request = Request(path=path, format=file_format, layout=layout, limits=limits, shown=rows)
    async with _asked(request, lambda *_: None) as reading:
        _, body = await reading.frame()
    shown: dict[str, Any] = json.loads(body)
    return shown


@asynccontextmanager
async def _asked(request: Request, on_progress: OnProgress) -> AsyncIterator[Reading]:
    child = await start(READER)
    try:
        child.ask(request.to_line())
        yield Reading(child, request.limits, on_progress)
    finally:
        await child.end()
