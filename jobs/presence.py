"""Says each second that this worker process lives, how much of it is in use, and how late its event loop is."""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import structlog

from jobs.errors import StoreUnavailableError
from jobs.intake import Intake
from jobs.loop_lag import LoopLag
from jobs.stores.presence import Crew, Presence, WorkerProcess

_EVERY_S = 1.0
_LAST_WORD_S = 1.0

log = structlog.stdlib.get_logger(__name__)


class Herald:
    """A loop; an outage of Redis does not end it."""

    def __init__(
        self, *, presence: Presence, name: str, intakes: Mapping[str, Intake], tasks: Sequence[str], lag: LoopLag
    ) -> None:
        self._presence = presence
        self._name = name
        self._intakes = intakes
        self._tasks = tuple(tasks)
        self._lag = lag
        self._started_at = datetime.now(UTC)
        self._is_leaving = False

    async def run(self) -> None:
        """Say it until cancelled."""
        while True:
            try:
                await self._presence.tell(self._worker())
            except StoreUnavailableError as error:
                log.debug("presence_not_told", reason=str(error))
            await asyncio.sleep(_EVERY_S)

    def leave_soon(self) -> None:
        """Say from now on that it is stopping: if it is killed while it waits for its jobs, nobody is to miss it."""
        self._is_leaving = True

    async def close(self) -> None:
        """Say that it leaves; a Redis that does not answer is not waited for: it knows of `leave_soon`."""
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self._presence.leave(self._name)
        except (StoreUnavailableError, TimeoutError) as error:
            log.debug("presence_not_told", reason=str(error) or "no answer in time")

    def _worker(self) -> WorkerProcess:
        return WorkerProcess(
            name=self._name,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=_version(),
            started_at=self._started_at,
            queues={
                queue: Crew(slots=intake.slots, running=len(intake.runs)) for queue, intake in self._intakes.items()
            },
            tasks=self._tasks,
            loop_lag_s=round(self._lag.greatest_s, 3),
            is_leaving=self._is_leaving,
        )


def _version() -> str:
    try:
        return version("switchyard")
    except PackageNotFoundError:  # run from a tree that was never installed
        return "unknown"
