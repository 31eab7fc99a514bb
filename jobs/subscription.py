"""What one who follows jobs has not been given yet: bounded, so that a slow one costs nobody anything."""

import asyncio
from collections import deque
from collections.abc import Collection

from jobs.change import Change, Key, Place

MOST_WAITING = 8 * 1024 * 1024  # bytes, more than ten thousand changes if they are small
AT_ONCE = 128 * 1024  # bytes: what is being sent is not shared


class Subscription:
    """Where one client stands. It is in one of three conditions: it stands, it is lost, or it is over.

    Lost, as at first: what happened up to `place` has to be looked for; what comes after waits here. Over: the client
    did not take what waited, or the process stops. `place` is None while Redis is away and nobody has been there yet.
    """

    def __init__(self, keys: Collection[Key], *, place: Place | None, most: int = MOST_WAITING) -> None:
        self.keys = frozenset(keys)
        self.place = place
        self.is_lost = True
        self.over = asyncio.Event()
        self._most = most
        self._waiting: deque[Change] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._known: frozenset[str] = frozenset()
        self._version = 0

    def put(self, change: Change) -> None:
        """Let a change wait here."""
        if self.over.is_set() or self._is_known(change):
            return
        self._size += change.size
        if self._size > self._most:
            self.end()
            return
        self._waiting.append(change)
        self._news.set()

    def stand(self) -> None:
        """Begin at `place`: what happened before is being looked for."""
        self.is_lost = self.place is None

    def know(self, job_ids: Collection[str], *, version: int) -> None:
        """Take note that the client has these jobs as they were when Redis gave out this version."""
        self._known, self._version = frozenset(job_ids), version
        self._waiting = deque(change for change in self._waiting if not self._is_known(change))
        self._size = sum(change.size for change in self._waiting)

    def lose(self, place: Place) -> None:
        """Begin anew at another place: between this and the former something is missing."""
        self._waiting.clear()
        self.know((), version=0)
        self.place, self.is_lost = place, True
        self._news.set()

    def end(self) -> None:
        """Let the client go."""
        self._waiting.clear()
        self._size = 0
        self.over.set()
        self._news.set()

    async def next(self, *, within_s: float) -> list[Change] | None:
        """Give what waits, not too much at once, as soon as anything does; nothing after so many seconds.

        None where the client does not stand any more.
        """
        if not self._news.is_set():
            try:
                async with asyncio.timeout(within_s):
                    await self._news.wait()
            except TimeoutError:
                return []
        if self.is_lost or self.over.is_set():
            return None
        changes: list[Change] = []
        taken = 0
        while self._waiting and taken < AT_ONCE:
            changes.append(self._waiting.popleft())
            taken += changes[-1].size
        self._size -= taken
        if not self._waiting:
            self._news.clear()
        return changes

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def _is_known(self, change: Change) -> bool:
        return 0 < change.version <= self._version and change.job_id in self._known
