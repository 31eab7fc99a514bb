"""What one who follows jobs is sent, chunk by chunk: how things are, then what changes. It knows no HTTP."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app import sse
from app.totals import Totals
from jobs.batch import Batch
from jobs.change import Change, Key, Place, Point
from jobs.errors import StoreUnavailableError
from jobs.lifecycle import is_end
from jobs.live import Live
from jobs.members import Roll
from jobs.model import Job, State
from jobs.subscription import Subscription

HEART_BEAT_S = 15.0

_RETRY_MS = (1_000, 3_000)  # not all at once, when a process with many clients stops
_STANDS_S = 1.0
_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What there is to follow, as it was when Redis had given out this version; None where Redis was not asked.

    With `batch` the jobs are unfinished ones of it. `instead` says where to look if there is too much to be shown.
    """

    jobs: Sequence[Job] = ()
    batch: Batch | None = None
    version: int | None = None
    instead: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is unfinished."""
        if self.batch is not None:
            return self.batch.finished_at is not None
        return all(is_end(job.state) for job in self.jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What is followed: changes with one of these keys. With `is_one` it is one job, and over when that ends.

    With `find` it is a batch, over when that ends: this gives it, as long as it is there, and `roll` its jobs.
    """

    keys: frozenset[Key]
    look: Callable[[], Awaitable[Sight]]
    is_one: bool = False
    find: Callable[[], Awaitable[Batch | None]] | None = None
    roll: Roll | None = None

    @property
    def has_end(self) -> bool:
        """Whether it can be over."""
        return self.is_one or self.find is not None


class Follower:
    """Leaves no change out for who stands; where it cannot tell what was missed, it tells how things are, anew."""

    def __init__(self, live: Live, topic: Topic, subscription: Subscription, *, last_id: str | None) -> None:
        self._live = live
        self._topic = topic
        self._subscription = subscription
        self._totals = None if topic.find is None else Totals(topic.find, live.newest)
        self._last_id = last_id  # until it is known what has come since
        self._stood = False
        self._reason: str | None = None  # why what was sent counts no more
        self._shown: tuple[int, State] | None = None  # run and state of the one job, as they were sent last
        self._is_over = False
        self._sent_at = 0.0

    async def begin(self) -> bytes | None:
        """Give the first chunk; None where the one job or batch has ended and this client was told so."""
        await self._live.stands(within_s=_STANDS_S)
        if await self._knows_the_end():
            return None
        retry_ms = random.randint(*_RETRY_MS)  # noqa: S311  no secret
        return self._sending(sse.begin(retry_ms=retry_ms) + (await self._catch_up() or b""))

    async def next(self) -> bytes | None:
        """Give the next chunk, perhaps an empty one; None where the stream is over."""
        subscription = self._subscription
        if self._is_over or subscription.over.is_set():
            return None
        if subscription.is_lost:
            if self._stood:
                self._stood, self._reason = False, "lost"
            chunk = await self._catch_up()
            return await self._wait() if chunk is None else self._sending(chunk)
        changes = await subscription.next(within_s=self._within_s())
        if changes is None:
            return b""
        chunk = self._told(changes) + await self._tell_totals()
        if not chunk and self._is_quiet():
            chunk = await self._beat()
        return self._sending(chunk) if chunk else b""

    async def _knows_the_end(self) -> bool:
        point = None if self._last_id is None else Point.parse(self._last_id)
        if point is None or not (point.is_end and self._topic.has_end):
            return False
        try:
            return (await self._topic.look()).is_over
        except StoreUnavailableError:
            return False

    async def _catch_up(self) -> bytes | None:
        """Give what was missed, or how things are; None while a store that has to be asked is away."""
        place = self._subscription.place
        try:
            if self._last_id is None:
                return await self._look(place)
            return None if place is None else await self._come_back(self._last_id, place)
        except StoreUnavailableError:
            return None

    async def _come_back(self, last_id: str, place: Place) -> bytes | None:
        """Give what has happened between the point where the client was last and this place."""
        point, subscription = Point.parse(last_id), self._subscription
        changes = None if point is None else await self._live.missed(point, subscription)
        if subscription.place != place:
            return None
        self._last_id = None
        if changes is None:
            self._reason = "unknown"
            return await self._look(place)
        self._stand()
        if changes or not self._topic.is_one:
            return self._told(changes)
        sight = await self._topic.look()
        return self._show(sight, place) if sight.is_over else b""

    async def _look(self, place: Place | None) -> bytes | None:
        """Give how things are; changes after this place follow."""
        sight = await self._topic.look()
        if place is None or (sight.version is None and not sight.is_over):
            # Redis is away: what PostgreSQL knows may be older than what was told to others.
            return self._show(sight, None) if self._topic.has_end and not self._has_shown(sight) else None
        if self._subscription.place == place:
            self._stand()
        return self._show(sight, place)

    async def _beat(self) -> bytes:
        """Tell that all is quiet; first look whether something has happened to the one job that no event tells.

        As when a store had lost something. All up to this place has been sent.
        """
        place = self._live.place
        heart_beat = sse.heart_beat(None if place is None else Point(place))
        if not self._topic.is_one:
            return heart_beat
        try:
            sight = await self._topic.look()
        except StoreUnavailableError:
            return heart_beat
        return heart_beat if self._has_shown(sight) else self._show(sight, place)

    def _stand(self) -> None:
        self._subscription.stand()
        self._stood = True

    def _show(self, sight: Sight, place: Place | None) -> bytes:
        is_over = self._topic.has_end and sight.is_over
        point = None if place is None else Point(place, is_end=is_over)
        chunk = b""
        if self._reason is not None:
            chunk += sse.reset(self._reason)
        if sight.instead is not None:
            chunk += sse.reset("too_many", instead=sight.instead)
        self._reason, self._is_over = None, is_over
        self._subscription.know([job.id for job in sight.jobs], version=sight.version or 0)
        if self._totals is not None and sight.batch is not None:
            self._totals.show(sight.batch)
            chunk += sse.totals(sight.batch)
        if self._topic.is_one and sight.jobs:
            self._shown = _run_and_state(sight.jobs[0])
        # The id comes after all of it: whom a break reaches in the middle is shown it anew.
        return chunk + sse.snapshot(sight.jobs, version=sight.version) + sse.heart_beat(point)

    def _has_shown(self, sight: Sight) -> bool:
        if self._totals is not None and sight.batch is not None:
            return self._totals.have_been_shown(sight.batch)
        return bool(sight.jobs) and self._shown == _run_and_state(sight.jobs[0])

    def _told(self, changes: Sequence[Change]) -> bytes:
        """Show changes; those of one job up to its end."""
        if self._topic.is_one:
            end = next((number for number, change in enumerate(changes, 1) if change.is_end), None)
            changes, self._is_over = changes[:end], end is not None
            for change in changes:
                if change.state is not None:
                    self._shown = (change.run, change.state)
        if self._totals is not None and changes:
            self._totals.stir()
        return sse.changes(changes)

    async def _tell_totals(self) -> bytes:
        """Tell how the batch does as a whole, where that has changed; of its end after all that has led to it."""
        news = None if self._totals is None else await self._totals.look()
        if self._totals is None or news is None:
            return b""
        batch, end = news
        if end is not None and not self._has_told_all(end):
            self._totals.stir()
            return b""
        self._totals.show(batch)
        self._is_over = end is not None
        return sse.totals(batch, point=None if end is None else Point(end, is_end=True))

    def _has_told_all(self, end: Place) -> bool:
        place, subscription = self._live.place, self._subscription
        return place is not None and place >= end and not subscription.is_lost and subscription.is_empty

    async def _wait(self) -> bytes:
        """Wait before another try; give a heart-beat where one is due."""
        try:
            async with asyncio.timeout(_AGAIN_S):
                await self._subscription.over.wait()
        except TimeoutError:
            pass
        return self._sending(sse.heart_beat(None)) if self._is_quiet() else b""

    def _within_s(self) -> float:
        """Give the time for which changes may be waited for."""
        quiet_s = max(HEART_BEAT_S - self._silence_s(), 0.0)
        return quiet_s if self._totals is None else min(quiet_s, self._totals.within_s)

    def _is_quiet(self) -> bool:
        return self._silence_s() >= HEART_BEAT_S

    def _silence_s(self) -> float:
        return asyncio.get_running_loop().time() - self._sent_at

    def _sending(self, chunk: bytes) -> bytes:
        self._sent_at = asyncio.get_running_loop().time()
        return chunk


def _run_and_state(job: Job) -> tuple[int, State]:
    return job.run, job.state
