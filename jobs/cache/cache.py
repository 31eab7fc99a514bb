"""Reading through the cache: a value that Redis has, or one that a single reader makes for all who wait."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
from redis.asyncio import Redis

from jobs import codec
from jobs.audit import Action, Actor, Deed
from jobs.cache.counts import Count, Counts, Tally, tally_of
from jobs.cache.drops import Drops
from jobs.cache.entries import Entries, Look, Outlook
from jobs.cache.lanes import Lanes
from jobs.cache.scopes import Place, Scope, place_of
from jobs.cancelling import cancel_until_ended
from jobs.errors import NotFoundError, StoreUnavailableError
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database

LARGEST_BYTES = 1_048_576
WRITE_PATIENCE_S = 1.0  # also of the connections that it is made with

_LEAD_S = 5.0
_LEAST_OF_TTL = 0.9
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.1
_STORE_EVERY_S = 1.0
_LAST_S = 1.0
_LOOP_ENDS_S = 0.2

Value = TypeVar("Value")

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[Value]):
    """What is cached how: for up to `ttl_s` seconds, and `decode` reads what `codec.dumps` has written.

    `decode` raises ValueError for what is no such value.
    """

    scope: Scope
    ttl_s: float
    decode: Callable[[bytes], Value]


@dataclass(slots=True, kw_only=True)
class _Found(Generic[Value]):
    value: Value
    is_new: bool


class Cache:
    """One for each process. Redis being down, slow or full is a miss: it never raises, nor takes long."""

    def __init__(
        self,
        redis: Redis,
        database: Database,
        scopes: Sequence[Scope] = (),
        *,
        patience_s: float,
        lead_s: float = _LEAD_S,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`scopes` are all kinds of values of the site, `patience_s` is how long a reader waits for Redis.

        Who makes a value holds others up for `lead_s` seconds at most, even if he dies. `uniform` draws the jitter.
        """
        self.redis = redis
        self._scopes = {scope.name: scope for scope in scopes}
        self._entries = Entries(redis, patience_s=patience_s, write_patience_s=max(WRITE_PATIENCE_S, patience_s))
        self._drops = Drops(self._entries, database)
        self._lanes = Lanes(held_s=lead_s)
        self._counts = Counts()
        self._lead_s = lead_s
        self._uniform = uniform

    async def read(self, plan: Plan[Value], digest: str, call: Callable[[], Awaitable[Value]]) -> Value:
        """Give a value that is cached, or what `call` gives. Nothing older than the last write that has answered.

        It may be shared with others, so it must not be changed. What `call` raises is raised, and not cached.
        """
        place = place_of(plan.scope, digest)
        found = await self._lanes.share(place.value, partial(self._find, plan, place, call))
        if not found.is_new:
            self._counts.add(plan.scope.name, Count.HITS)
        found.is_new = False  # the others who share it have not made it
        return found.value

    def writing(self, *tags: str) -> AbstractAsyncContextManager[Connection]:
        """Give a transaction that drops what is cached under these tags; see `Drops.writing`."""
        return self._drops.writing(*tags)

    async def clear(self, name: str, *, by: Actor) -> None:
        """Drop all values of a scope. Raises NotFoundError, and StoreUnavailableError where PostgreSQL is away."""
        if name not in self._scopes:
            known = ", ".join(sorted(self._scopes))
            raise NotFoundError(f"nothing of this type is cached; the types are {known}")
        async with self.writing(name) as connection:
            await note(Deed(actor=by, action=Action.CACHE_CLEAR, object_id=name), connection=connection)

    async def tallies(self) -> Mapping[str, Tally]:
        """Give what was counted of each scope, in all processes; of others what is up to a second old.

        Raises StoreUnavailableError.
        """
        await self._store_counts()
        fields = await self._entries.counted()
        return {name: tally_of(name, fields) for name in self._scopes}

    async def mend(self) -> bool:
        """Tell Redis now what it has missed, as `run` does each second; say whether that could be done."""
        return await self._drops.mend()

    async def run(self) -> None:
        """Keep what Redis knows right, and store what is counted, until cancelled."""
        # No TaskGroup: that cancels its tasks once, and where one loses that, waits for it without end.
        loops = [asyncio.create_task(run()) for run in (self._drops.run, self._store_again_and_again)]
        try:
            ended, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for loop in ended:
                loop.result()
        finally:
            await cancel_until_ended(loops, again_s=_LOOP_ENDS_S)

    async def finish(self) -> None:
        """Store the rest of what is counted, at the end of the process; no longer than a moment."""
        with suppress(StoreUnavailableError, TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await self._store_counts()

    async def _find(self, plan: Plan[Value], place: Place, call: Callable[[], Awaitable[Value]]) -> _Found[Value]:
        leader = secrets.token_hex(8)
        look = await self._look(plan, place, leader)
        if look is not None and look.outlook is Outlook.FOUND:
            with suppress(ValueError):
                return _Found(value=plan.decode(look.body), is_new=False)
            self._counts.add(plan.scope.name, Count.ERRORS)
        self._counts.add(plan.scope.name, Count.MISSES)
        if look is None or look.outlook is not Outlook.LEAD:
            return _Found(value=await call(), is_new=True)
        try:
            value = await call()
            body = codec.dumps(value)
        except BaseException:
            with self._counting(plan.scope):
                await self._entries.leave(place, marks=look.marks, leader=leader)
            raise
        ttl_ms = round(plan.ttl_s * 1000 * self._uniform(_LEAST_OF_TTL, 1)) if len(body) <= LARGEST_BYTES else 0
        with self._counting(plan.scope):
            if await self._entries.store(place, body, marks=look.marks, leader=leader, ttl_ms=ttl_ms):
                self._counts.add(plan.scope.name, Count.SETS)
        return _Found(value=value, is_new=True)

    async def _look(self, plan: Plan[Any], place: Place, leader: str) -> Look | None:
        """Look for a value until it is there or this reader is to make it; None where Redis is of no help.

        Who waits for another process asks again: there is one who does so a key and process, and no signal could get
        lost.
        """
        pause_s = _FIRST_PAUSE_S
        while self._drops.trusts(place.tags):
            look = None
            with self._counting(plan.scope):
                look = await self._entries.look(place, leader=leader, lead_ms=round(self._lead_s * 1000))
            if look is None or look.outlook is not Outlook.WAIT:
                return look
            await asyncio.sleep(min(pause_s, max(look.left_ms, 1) / 1000))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return None

    def _counting(self, scope: Scope) -> "_Counting":
        return _Counting(self._counts, self._drops, scope.name)

    async def _store_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_STORE_EVERY_S)
            with suppress(StoreUnavailableError):
                await self._store_counts()

    async def _store_counts(self) -> None:
        counted = self._counts.take()
        if not counted:
            return
        try:
            await self._entries.add(counted)
        except BaseException:
            self._counts.give_back(counted)
            raise


class _Counting:
    """Lets no outage of Redis out: counts it, and trusts nothing until Redis has answered again."""

    def __init__(self, counts: Counts, drops: Drops, scope: str) -> None:
        self._counts, self._drops, self._scope = counts, drops, scope

    def __enter__(self) -> None:
        """Begin to ask."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Take an outage for no answer."""
        if not isinstance(error, StoreUnavailableError):
            return False
        self._counts.add(self._scope, Count.ERRORS)
        self._drops.lose(error)
        return True
