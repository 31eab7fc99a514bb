"""What a site needs beside its workers, put together: the loops of a steward, begun and ended as one."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

import structlog
from redis.asyncio import Redis

from jobs.batch_close import BatchCloser
from jobs.cancelling import cancel_until_ended
from jobs.fire import Firer
from jobs.history import HistoryWriter
from jobs.loops import go_on
from jobs.mend import Mender
from jobs.pause import Pauses
from jobs.quotas import Quotas
from jobs.rebuild import Copies, Rebuilder
from jobs.reconcile import Reconciler
from jobs.recover import Recoverer
from jobs.registry import TaskTable
from jobs.restore import Restorer
from jobs.scribe import Scribe
from jobs.settings import JobsSettings
from jobs.stores.batches import BatchStore
from jobs.stores.both import Both
from jobs.stores.database import Database
from jobs.stores.events import Events, Keep
from jobs.stores.pauses import PauseStore
from jobs.stores.queue import Queue
from jobs.stores.quotas import QuotaStore
from jobs.stores.site import SiteStore
from jobs.strays import Strays
from jobs.submit import Submitter
from jobs.sweep import Sweeper
from jobs.timetable import NO_SCHEDULES, Timetable
from jobs.watch import Watch

CONNECTIONS = 10  # to PostgreSQL, one a loop

_CONNECT_PATIENCE_S = 10.0
_ANSWER_S = 60.0
_LEASE_S = 5.0  # of the one steward that compares the stores, who renews it each second
_LOOP_ENDS_S = 0.5
_LAST_WORDS_S = 2.0
_LONGEST_ROUND_S = 3 * _ANSWER_S  # a few statements for which a PostgreSQL that hangs is waited for

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


@asynccontextmanager
async def stewards_database(settings: JobsSettings) -> AsyncIterator[Database]:
    """Open a steward's own connections to PostgreSQL, the same wherever it runs; close them in the end.

    In a worker too: the wait for a load's answer has no end there, and with those connections a duty's had none either.
    """
    database = await Database.open(
        settings.database_url.get_secret_value(), size=CONNECTIONS, patience_s=_CONNECT_PATIENCE_S, answer_s=_ANSWER_S
    )
    try:
        yield database
    finally:
        await database.close()


class Stewardship:
    """All loops of one steward. Any number may run: they share the work, and doing it twice does it once."""

    def __init__(self, *, watch: Watch, history: HistoryWriter, others: Mapping[str, Loop]) -> None:
        """Take the other duties by the names that the log has of them."""
        self._watch = watch
        self._history = history
        self._others = others

    @classmethod
    def of(cls, settings: JobsSettings, tasks: TaskTable, stores: Stores, timetable: Timetable = NO_SCHEDULES) -> Self:
        """Hand each loop what it needs."""
        both = Both.of(
            stores.database,
            stores.redis,
            queue=Queue(stores.redis, patience_s=stores.patience_s, step_ms=settings.step_ms),
            events=Events(stores.listening, consumer=stores.name, keep=_keep(settings)),
            lease_ms=settings.lease_ms,
        )
        site = SiteStore(stores.database, steward=stores.name, lease_s=_LEASE_S)
        scribe, batches = Scribe(both.jobs, both.queue), BatchStore(stores.database)
        turn_s = settings.turn_ms / 1000
        restorer = Restorer(both, tasks=tasks, turn_s=turn_s)
        mender = Mender(both, restorer=restorer, scribe=scribe)
        strays = Strays(both, scribe=scribe, queues=tasks.queues)
        pauses = Pauses(PauseStore(stores.database, stores.redis))
        quotas = Quotas(
            QuotaStore(stores.database, stores.redis, tiers=settings.quotas, patience_s=stores.patience_s),
            database=stores.database,
        )
        copies = Copies(pauses=pauses, quotas=quotas, settings=settings, queues=tasks.queues)
        submitter = Submitter(tasks=tasks, database=stores.database, jobs=both.jobs, queue=both.queue, turn_s=turn_s)
        rebuilder = Rebuilder(both, site=site, mender=mender, scribe=scribe, strays=strays, copies=copies)
        return cls(
            watch=Watch(site=site, mark=both.mark, rebuilder=rebuilder),
            history=HistoryWriter(events=both.events, scribe=scribe),
            others={
                "recover": Recoverer(both, restorer=restorer),
                "reconcile": Reconciler(both, mender=mender, queues=tasks.queues),
                "sweep": Sweeper(remains=both.remains, settings=settings),
                "batch-close": BatchCloser(batches, both, restorer=restorer),
                "strays": strays,
                "pauses": pauses,
                "quotas": quotas,
                "fire": Firer(timetable, database=stores.database, jobs=both.jobs, submitter=submitter),
            },
        )

    async def run(self) -> None:
        """Run until cancelled; raises UnfitRedisError. A duty that a fault breaks is begun anew, and the others go on.

        Nothing is touched before it is known that both stores are of one site.
        """
        await go_on("watch", self._watch.begin)
        every: Mapping[str, Loop] = {"watch": self._watch, "history": self._history, **self._others}
        loops = [asyncio.create_task(go_on(name, loop.run), name=name) for name, loop in every.items()]
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_until_ended(loops, again_s=_LOOP_ENDS_S)
        for loop in loops:
            if not loop.cancelled() and (fault := loop.exception()):
                raise fault

    def stuck(self, seconds: float) -> list[str]:
        """Name what has not come round for so long: the comparison of the stores, the writing of the history."""
        since = time.monotonic() - max(seconds, _LONGEST_ROUND_S)
        rounds = {"watch": self._watch.came_round, "history": self._history.came_round}
        return [name for name, came in rounds.items() if came is not None and came < since]

    async def close(self) -> None:
        """Write what has happened up to now, for a few seconds at most, and leave the rest to others."""
        await _said(watch=self._watch.close(), history=self._history.finish())
        await _said(history=self._history.leave())


async def _said(**words: Coroutine[Any, Any, None]) -> None:
    """Wait for these for two seconds, then cancel them: a PostgreSQL that hangs would have a minute for each.

    Whoever stops the process would kill it meanwhile, and what it leaves would be nobody's for as long.
    """
    saying = [asyncio.create_task(word, name=name) for name, word in words.items()]
    try:
        _, unsaid = await asyncio.wait(saying, timeout=_LAST_WORDS_S)
        if unsaid:
            log.warning("history_left_to_others", reason="no answer in time")
    finally:
        await cancel_until_ended(saying, again_s=_LOOP_ENDS_S)
    for said in saying:
        if not said.cancelled() and (fault := said.exception()):
            log.error("loop_broke", loop=said.get_name(), exc_info=fault)


def _keep(settings: JobsSettings) -> Keep:
    """Keep written events for a while, yet never so many that submissions would be refused for them."""
    return Keep(entries=min(Keep().entries, settings.stream_max // 2))
