"""What a site needs beside its workers, put together: the loops of a steward, begun and ended as one."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, Self

import structlog
from redis.asyncio import Redis

from jobs.cancelling import cancel_until_ended
from jobs.history import HistoryWriter
from jobs.pause import Pauses
from jobs.reconcile import Reconciler
from jobs.recover import Recoverer
from jobs.registry import TaskTable
from jobs.settings import JobsSettings
from jobs.stores.database import Database
from jobs.stores.events import Events
from jobs.stores.jobs import JobStore
from jobs.stores.pauses import PauseStore
from jobs.stores.queue import Queue
from jobs.stores.remains import Remains
from jobs.submit import Submitter
from jobs.sweep import Sweeper

CONNECTIONS = 8  # to PostgreSQL, one a loop

_LOOP_ENDS_S = 0.5
_LAST_WORDS_S = 3.0

log = structlog.stdlib.get_logger(__name__)


class Loop(Protocol):
    """One duty. It waits for stores that are away, and ends by itself only where it has met a fault."""

    def run(self) -> Coroutine[Any, Any, None]:
        """Do it again and again until cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What a steward works on. It reads as `name`; `listening` has more patience than a wait for events lasts."""

    database: Database
    redis: Redis
    listening: Redis
    name: str
    patience_s: float


class Stewardship:
    """All loops of one steward. Any number may run: they share the work, and doing it twice does it once."""

    def __init__(self, *, history: HistoryWriter, others: tuple[Loop, ...]) -> None:
        self._history = history
        self._others = others

    @classmethod
    def of(cls, settings: JobsSettings, tasks: TaskTable, stores: Stores) -> Self:
        """Hand each loop what it needs."""
        jobs = JobStore(stores.database)
        events = Events(stores.listening, consumer=stores.name)
        queue = Queue(stores.redis, patience_s=stores.patience_s, step_ms=settings.step_ms)
        remains = Remains(stores.redis)
        submitter = Submitter(
            tasks=tasks, database=stores.database, jobs=jobs, queue=queue, turn_s=settings.turn_ms / 1000
        )
        return cls(
            history=HistoryWriter(events=events, jobs=jobs),
            others=(
                Recoverer(jobs=jobs, events=events, queue=queue, submitter=submitter),
                Reconciler(jobs=jobs, remains=remains, queues=tasks.queues),
                Sweeper(remains=remains, queue=queue, settings=settings),
                Pauses(PauseStore(stores.database, stores.redis)),
            ),
        )

    async def run(self) -> None:
        """Run until cancelled; raises the fault of the first loop that ends by itself."""
        loops = [asyncio.create_task(loop.run(), name=type(loop).__name__) for loop in (self._history, *self._others)]
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_until_ended(loops, again_s=_LOOP_ENDS_S)
        for loop in loops:
            if not loop.cancelled() and (fault := loop.exception()):
                raise fault

    async def close(self) -> None:
        """Write what has happened up to now, for a few seconds at most, and leave the rest to others."""
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._history.close()
        except TimeoutError:
            log.warning("history_left_to_others", reason="no answer in time")
