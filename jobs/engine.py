"""What takes jobs in a process, keeps their leases and ends them: the parts that need Redis alone, as one."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis

from jobs.addresses import RedisAddress
from jobs.cancel_listener import CancelListener
from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError
from jobs.executor import Executor
from jobs.held import Holdings, Run
from jobs.ids import new_process_name
from jobs.intake import Intake
from jobs.lease_keeper import LeaseKeeper
from jobs.loop_lag import LoopLag
from jobs.loops import go_on
from jobs.outage import Outage
from jobs.presence import Herald
from jobs.stores.fitness import Fitness
from jobs.stores.leases import Leases, Renewals, Timing
from jobs.stores.presence import Presence
from jobs.stores.redis import Greeting, connect_blocking, connect_redis
from jobs.stores.signals import Signals
from jobs.tick import Ticker
from jobs.watchdog import Watchdog

REDIS_PATIENCE_S = 5.0
_SETTLE_S = 2.0
_LOOP_ENDS_S = 0.5
_CLEAN_UP_S = 5.0
_LONGEST_CALL_S = 2 * REDIS_PATIENCE_S  # one that was sent as Redis began to hang, and its repetition

Loop = Callable[[], Coroutine[Any, Any, None]]

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """A worker process' doors to Redis, and the name that it goes by there."""

    name: str
    redis: Redis
    listening: Redis  # for calls that wait
    leases: Leases
    renewals: Renewals
    signals: Signals
    fitness: Fitness


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A queue to be served: so many jobs of it at once, run by whom."""

    slots: int
    executor: Executor


@asynccontextmanager
async def open_doors(
    address: RedisAddress, timing: Timing, tasks: Sequence[str], *, greeting: Greeting | None = None
) -> AsyncIterator[Doors]:
    """Make the connections; close them in the end. Nothing connects before it is used.

    `tasks` are those whose jobs are asked for; `leases.ANY_TASK` is every one. `greeting` is what each connection does
    first that may claim.
    """
    redis = connect_redis(address, patience_s=REDIS_PATIENCE_S, greeting=greeting)
    listening = connect_redis(address, patience_s=REDIS_PATIENCE_S + timing.renew_ms / 1000)
    renewing = connect_blocking(address, patience_s=min(REDIS_PATIENCE_S, timing.lease_ms / 3000))
    name = new_process_name()
    try:
        yield Doors(
            name=name,
            redis=redis,
            listening=listening,
            leases=Leases(redis, listening, worker=name, timing=timing, tasks=tasks),
            renewals=Renewals(renewing, worker=name, timing=timing),
            signals=Signals(listening),
            fitness=Fitness(redis),
        )
    finally:
        renewing.close()
        for client in (listening, redis):
            await client.aclose(close_connection_pool=True)


class Engine:
    """Serves queues until it is told to stop, or a part of it breaks."""

    def __init__(
        self, doors: Doors, posts: Mapping[str, Post], *, tasks: Sequence[str], keeps_history: bool, watchdog: Watchdog
    ) -> None:
        """`tasks` are shown to who asks what works here. Without a history what happened is soon forgotten."""
        self._doors = doors
        self._holdings = Holdings()
        keeper = LeaseKeeper(renewals=doors.renewals, holdings=self._holdings, lost=self._lose, cancelled=self._cancel)
        timing = doors.leases.timing
        self._keeper = keeper
        self._watchdog = watchdog
        watchdog.watch(self._stuck)
        self._outage = Outage(keeper=keeper, settle_s=min(_SETTLE_S, timing.lease_ms / 5000))
        self.intakes = {
            queue: Intake(
                queue=queue,
                slots=post.slots,
                leases=doors.leases,
                holdings=self._holdings,
                outage=self._outage,
                executor=post.executor,
            )
            for queue, post in posts.items()
        }
        lag, presence = LoopLag(), Presence(doors.redis)
        self._herald = Herald(presence=presence, name=doors.name, intakes=self.intakes, tasks=tasks, lag=lag)
        ticker = Ticker(leases=doors.leases, queues=list(posts), keeps_history=keeps_history)
        signals, cancelled = doors.signals, self._cancel
        listener = CancelListener(signals=signals, holdings=self._holdings, keeper=keeper, cancelled=cancelled)
        self._beside: Mapping[str, Loop] = {
            "ticker": ticker.run,
            "cancel-listener": listener.run,
            "herald": self._herald.run,
            "loop-lag": lag.run,
        }

    async def run(self, beside: Mapping[str, Loop], *, stopping: asyncio.Event, grace_s: Callable[[], float]) -> None:
        """Serve until `stopping` is set; then let what runs go on for so long, and hand the rest back.

        `beside` are the loops that take jobs by `intakes`, and whatever else has to run, each begun once Redis has
        answered. Where one ends the process must not go on without it: that stops the engine too, and raises what the
        loop has raised. What is the engine's own and takes no jobs begins anew, whatever breaks it. Raises
        UnfitRedisError, before the first of them, where Redis must not be used.
        """
        self._keeper.start()
        signalled = asyncio.create_task(stopping.wait(), name="signal")
        checked = asyncio.create_task(self._check(), name="fitness")
        loops = [asyncio.create_task(self._watchdog.run(), name="watchdog")]
        try:
            await asyncio.wait([signalled, checked], return_when=asyncio.FIRST_COMPLETED)
            if checked.done():
                checked.result()
                loops += [asyncio.create_task(go_on(name, loop), name=name) for name, loop in self._beside.items()]
                loops += [asyncio.create_task(loop(), name=name) for name, loop in beside.items()]
            await asyncio.wait([signalled, *loops], return_when=asyncio.FIRST_COMPLETED)
            self._herald.leave_soon()
            self._watchdog.stopping()
            drains = (intake.drain(grace_s(), clean_up_s=_CLEAN_UP_S) for intake in self.intakes.values())
            await asyncio.gather(*drains)
        finally:
            self._outage.close()
            await cancel_until_ended((signalled, checked, *loops), again_s=_LOOP_ENDS_S)
            await self._keeper.close()
            await self._herald.close()
        for task in loops:
            if not task.cancelled() and (fault := task.exception()):
                raise fault

    async def _check(self) -> None:
        """Look at Redis when it first answers; raises UnfitRedisError. While it is away all is ready for it."""
        while True:
            try:
                await self._doors.fitness.check()
            except StoreUnavailableError as error:
                self._watchdog.ready()
                await self._outage.over(error)
            else:
                return self._watchdog.ready()

    def _stuck(self, seconds: float) -> Iterator[str]:
        """Name what stands still: the keeper, or a queue of which no claim is answered though Redis answers the keeper.

        In an outage the keeper gets no answer either. Then that it goes on asking is all that can be wanted.
        """
        longest_s = max(seconds, self._doors.leases.timing.renew_ms / 1000 + _LONGEST_CALL_S)
        now, answered_since = time.monotonic(), self._keeper.answered_since
        if now - self._keeper.came_round > longest_s:
            yield "lease-keeper"
        for queue, intake in self.intakes.items():
            if answered_since is None or intake.answered_at is None:
                continue
            if now - max(intake.answered_at, answered_since) > longest_s:
                yield f"take {queue}"

    def _lose(self, run: Run) -> None:
        self.intakes[run.claimed.queue].runs.lose(run)

    def _cancel(self, run: Run) -> None:
        self.intakes[run.claimed.queue].runs.cancel(run)
