"""Tells those who follow jobs what happens to them: one reader of Redis for a whole process, however many follow."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import structlog

from jobs.change import NOWHERE, Change, Key, Place, Point
from jobs.errors import StoreUnavailableError
from jobs.members import Members, Roll
from jobs.owners import Owners
from jobs.recent import Recent, rest_of
from jobs.stores.tail import Backlog, News, Tail, TailEntry
from jobs.subscription import Subscription

MOST_MISSED = 4 * 1024 * 1024  # bytes of events, of all jobs together, that are gone through for one who comes back

_WAIT_MS = 1_000
_GATHER_S = 0.02  # what happens within a moment travels together
_AGAIN_S = 0.5
_TURN = 500  # changes, much less than may wait for one who follows; then he gets the time to take them
_TURN_S = 0.005
_REMEMBERED = 200  # entries from before the reader began: who comes back to a new process is in them

log = structlog.stdlib.get_logger(__name__)


class Live:
    """The hub between the streams and those who follow. It reads while anybody does."""

    def __init__(self, *, tail: Tail, backlog: Backlog, owners: Owners) -> None:
        self._tail = tail
        self._backlog = backlog
        self._owners = owners
        self._recent = Recent()
        self._members = Members()
        self._followers: defaultdict[Key, set[Subscription]] = defaultdict(set)
        self._amount = 0
        self._by_owner = 0  # how many follow an owner's jobs: only for them owners have to be found out
        self._wanted = asyncio.Event()
        self._stands = asyncio.Event()
        self._place: Place | None = None
        self._progress = NOWHERE
        self.closed = False

    async def run(self) -> None:
        """Read until cancelled, whenever anybody follows. An outage of Redis is waited for."""
        while True:
            await self._wanted.wait()
            try:
                await self._read()
            except StoreUnavailableError as error:
                log.warning("live_events_await_redis", reason=str(error))
                await asyncio.sleep(_AGAIN_S)

    def close(self) -> None:
        """Let everybody go at once, now and from here on: the process is stopping."""
        self.closed = True
        for subscription in self._all():
            subscription.end()

    @contextmanager
    def followed(self, keys: Collection[Key], *, roll: Roll | None = None) -> Iterator[Subscription]:
        """Give a subscription that has each change with one of these keys, from where the reader is now.

        Where a batch is among them, `roll` says which jobs are of it.
        """
        subscription = Subscription(keys, place=self._place)
        if self.closed:
            subscription.end()
        self._count(subscription, 1)
        self._members.hold(roll)
        for key in subscription.keys:
            self._followers[key].add(subscription)
        self._wanted.set()
        try:
            yield subscription
        finally:
            self._count(subscription, -1)
            self._members.release(roll)
            for key in subscription.keys:
                self._followers[key].discard(subscription)
                if not self._followers[key]:
                    del self._followers[key]

    async def stands(self, *, within_s: float) -> bool:
        """Say whether the reader knows where it is, as it does soon unless Redis is away."""
        try:
            async with asyncio.timeout(within_s):
                await self._stands.wait()
        except TimeoutError:
            return False
        return True

    async def missed(self, point: Point, subscription: Subscription) -> list[Change] | None:
        """Give what a subscription did not have between a point and its place, each change once and in order.

        None where nobody can tell: Redis does not have that point any more, or never had it, or too much has happened
        since. Raises StoreUnavailableError.
        """
        until = subscription.place
        if until is None:
            return None
        changes = self._recent.after(point, until=until)
        if changes is None:
            entries = await self._backlog.since(point.place, until=until, most=MOST_MISSED)
            if entries is None:
                return None
            places = [entry.place for entry in entries]
            changes = rest_of(places, [entry.changes for entry in entries], point, until=until)
        self._members.note(changes)
        if _needs_owners(subscription):
            await self._owners.resolve(changes)
        return [change for change in changes if not subscription.keys.isdisjoint(change.keys)]

    async def newest(self) -> Place:
        """Give the place of the last event that there is. Raises StoreUnavailableError."""
        return await self._backlog.last()

    async def _read(self) -> None:
        if self._place is None:
            await self._begin()
        while self._amount and self._place is not None:
            news = await self._tail.read(self._place, self._progress, wait_ms=_WAIT_MS)
            if not news.whole:
                log.warning("live_events_lost", after=str(self._place))
                await self._begin()
            elif news.events or news.progress:
                await self._tell(news)
                await asyncio.sleep(_GATHER_S)
        if not self._amount:
            self._rest()

    @property
    def place(self) -> Place | None:
        """Up to where everybody has been given what he follows; None while nobody reads."""
        return self._place

    async def _begin(self) -> None:
        """Go to the end of the stream; who follows has to look for what happened until then."""
        progress = await self._tail.last_progress()
        entries = await self._tail.last(_REMEMBERED)
        self._recent.clear()
        for entry in entries:
            self._recent.add(entry.place, entry.changes)
        self._place = entries[-1].place if entries else NOWHERE
        self._progress = progress
        for subscription in self._all():
            subscription.lose(self._place)
        self._stands.set()

    def _rest(self) -> None:
        """Nobody follows any more."""
        self._recent.clear()
        self._place = None
        self._stands.clear()
        self._wanted.clear()

    async def _tell(self, news: News) -> None:
        entries = _in_order(news)
        changes = [change for entry, _ in entries for change in entry.changes]
        self._owners.note(changes)
        are_known = bool(self._by_owner) and await self._found_owners(changes)
        since_turn = 0
        for entry, is_event in entries:
            self._give(entry, is_event=is_event)
            since_turn += len(entry.changes)
            if since_turn > _TURN:
                since_turn = 0
                await asyncio.sleep(_TURN_S)
        if self._by_owner and not are_known and self._place is not None:
            for subscription in self._all():
                if _needs_owners(subscription):
                    subscription.lose(self._place)

    async def _found_owners(self, changes: Sequence[Change]) -> bool:
        """Find out whose the jobs are; False where PostgreSQL is away, so that some owner is told too little."""
        try:
            await self._owners.resolve(changes)
        except StoreUnavailableError as error:
            log.warning("owners_not_found", reason=str(error))
            return False
        return True

    def _give(self, entry: TailEntry, *, is_event: bool) -> None:
        if is_event:
            self._recent.add(entry.place, entry.changes)
            self._place = entry.place
        else:
            self._progress = entry.place
        self._members.note(entry.changes)
        for change in entry.changes:
            for key in change.keys:
                for subscription in self._followers.get(key, ()):
                    subscription.put(change)

    def _all(self) -> set[Subscription]:
        return {subscription for followers in list(self._followers.values()) for subscription in list(followers)}

    def _count(self, subscription: Subscription, amount: int) -> None:
        self._amount += amount
        self._by_owner += amount * _needs_owners(subscription)


def _needs_owners(subscription: Subscription) -> bool:
    return any(kind == "owner" for kind, _ in subscription.keys)


def _in_order(news: News) -> list[tuple[TailEntry, bool]]:
    """Bring reports of progress between the events, which are marked; of one millisecond progress comes first."""
    entries = [*((entry, True) for entry in news.events), *((entry, False) for entry in news.progress)]
    return sorted(entries, key=lambda item: (item[0].place.ms, item[1]))
