"""A process that opens a stranger's file as its parent sees it: started, read from, and always ended.

It knows no frames.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from typing import Final

READER: Final = "jobs.tasks.data_sync.reader"

_BUFFER_BYTES: Final = 128 * 1024  # of stdout; beyond twice this the child waits for us
_LAST_WORDS_BYTES: Final = 4096
_PIECE_BYTES: Final = 64 * 1024
# What Python needs to start and to find its modules. The child opens strangers' files, so it gets none of our secrets.
_PASSED_ON: Final = ("PATH", "PYTHON", "LANG", "LC_", "LD_", "DYLD_", "TMPDIR", "VIRTUAL_ENV")


class Child:
    """A running process. Whoever starts one must await `end`."""

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("a child needs all three of its pipes")
        self._process = process
        self._lifeline = process.stdin
        self._stdout = process.stdout
        self._last_words = asyncio.create_task(_tail(process.stderr))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, line: bytes) -> None:
        """Hand over the request. The pipe stays open: when it closes, the child ends."""
        self._lifeline.write(line)

    async def read(self, length: int) -> bytes:
        """Read exactly so many bytes of its answers; asyncio.IncompleteReadError where it ended before."""
        return await self._stdout.readexactly(length)

    async def wait(self) -> tuple[int, bytes]:
        """Wait until it has ended by itself; give its exit status and the end of what it wrote to stderr."""
        # The exit is seen only after the pipes are, and a full buffer would hide their end for ever.
        while await self._stdout.read(_PIECE_BYTES):
            pass
        last_words = await asyncio.shield(self._last_words)  # whoever is cancelled here, another still waits for them
        status = await self._process.wait()
        self._lifeline.close()
        return status, last_words

    async def end(self) -> None:
        """Kill it where it still runs, and reap it. A cancellation waits until the child is gone."""
        ending = asyncio.create_task(self._end())
        cancelled: asyncio.CancelledError | None = None
        while not ending.done():
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        ending.result()

    async def _end(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self.wait()


async def start(module: str) -> Child:
    """Start a process that runs a module and waits for its request."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_BUFFER_BYTES, env=environment
    )
    return Child(process)


async def _tail(stream: asyncio.StreamReader) -> bytes:
    tail = b""
    while piece := await stream.read(_PIECE_BYTES):
        tail = (tail + piece)[-_LAST_WORDS_BYTES:]
    return tail
