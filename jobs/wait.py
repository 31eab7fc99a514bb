"""Waiting for the end of a job: one subscription for a whole process, however many wait."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

import structlog

from jobs.errors import StoreUnavailableError
from jobs.find import JobFinder
from jobs.lifecycle import is_end
from jobs.model import Job
from jobs.stores.signals import Signals

_AGAIN_S = 1.0

log = structlog.stdlib.get_logger(__name__)


class EndWaiter:
    """Wakes those who wait for a job. A signal that got lost costs them a second, never more."""

    def __init__(self, *, finder: JobFinder, signals: Signals) -> None:
        self._finder = finder
        self._signals = signals
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.closed = False

    async def run(self) -> None:
        """Listen until cancelled; listen again after every loss of Redis."""
        while True:
            try:
                async for job_ids in self._signals.ended():
                    self._wake(job_ids)
            except StoreUnavailableError as error:
                log.warning("end_signals_lost", reason=str(error))
            await asyncio.sleep(_AGAIN_S)

    def close(self) -> None:
        """Let everybody who waits go at once, now and from here on: the process is stopping."""
        self.closed = True
        self._wake(None)

    async def wait(self, job_id: str, *, owner: str | None, wait_s: float) -> Job | None:
        """Give the job as it is when it has ended or `wait_s` seconds have passed; None where there is none."""
        until = asyncio.get_running_loop().time() + wait_s
        signal = asyncio.Event()
        self._waiting[job_id].add(signal)
        try:
            while True:
                signal.clear()
                job = await self._finder.get(job_id, owner=owner)
                left_s = until - asyncio.get_running_loop().time()
                if job is None or is_end(job.state) or left_s <= 0 or self.closed:
                    return job
                await _either(signal, min(left_s, _AGAIN_S))
        finally:
            self._waiting[job_id].discard(signal)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def _wake(self, job_ids: Iterable[str] | None) -> None:
        """Wake those who wait for these jobs; None: all of them, since a signal may have been missed."""
        for job_id in list(self._waiting) if job_ids is None else job_ids:
            for signal in self._waiting.get(job_id, ()):
                signal.set()


async def _either(signal: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await signal.wait()
    except TimeoutError:
        pass
