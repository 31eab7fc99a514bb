"""A running job's progress on its way out: to the database, and to those who follow the job just now.

The latest word counts, at most four a second on each way.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from jobs.cancelling import cancel_until_ended
from jobs.model import Job, Progress
from jobs.stores.jobs import JobStore
from jobs.stores.progress import ProgressStream

_BETWEEN_S = 0.25
_LAST_S = 2.0

log = structlog.stdlib.get_logger(__name__)


class ProgressReporter:
    """Takes reports without waiting. A store that is slow keeps back nothing from the other.

    Most jobs report nothing: those have no ways, and nothing to close.
    """

    __slots__ = ("_job", "_jobs", "_stream", "_ways")

    def __init__(self, job: Job, *, jobs: JobStore, stream: ProgressStream) -> None:
        self._job = job
        self._jobs = jobs
        self._stream = stream
        self._ways: tuple[_Way, ...] = ()

    def report(self, progress: Progress) -> None:
        """Take note of where the job is. Must be called in the event loop."""
        if not self._ways:
            tells = (self._stream.tell, self._jobs.note_progress)
            self._ways = tuple(_Way(partial(tell, self._job)) for tell in tells)
        for way in self._ways:
            way.report(progress)

    async def close(self) -> None:
        """Stop, and leave the last report with both."""
        if self._ways:
            await asyncio.gather(*(way.close() for way in self._ways))


class _Way:
    """Carries the latest report to one store. It starts with the first."""

    def __init__(self, tell: Callable[[Progress], Awaitable[None]]) -> None:
        self._tell = tell
        self._latest: Progress | None = None
        self._writer: asyncio.Task[None] | None = None

    def report(self, progress: Progress) -> None:
        self._latest = progress
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def close(self) -> None:
        if self._writer is None:
            return
        await cancel_until_ended([self._writer], again_s=_BETWEEN_S)
        with contextlib.suppress(TimeoutError):  # a table that is locked must not cost the job its result
            async with asyncio.timeout(_LAST_S):
                await self._store()

    async def _write(self) -> None:
        while self._latest is not None:
            await self._store()
            await asyncio.sleep(_BETWEEN_S)

    async def _store(self) -> None:
        latest = self._latest
        if latest is None:
            return
        try:
            await self._tell(latest)
        except Exception as error:  # noqa: BLE001  a number without JSON form, say: the job has a result of its own
            log.warning("progress_not_stored", reason=str(error))
        if self._latest is latest:
            self._latest = None
