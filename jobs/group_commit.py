"""Lets what many callers want at the same moment travel together: one call for all of them, no wait for one alone."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Item, Outcome]):
    """Gathers items while others are under way, and sends them on as one group as soon as there is room.

    Nothing waits for company: an item that comes while fewer than `abreast` groups are under way leaves at once, with
    what the same turn of the event loop has brought; beside another group, with what the next turn brings, too.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        most: int,
        abreast: int = 3,
    ) -> None:
        """Take `commit`, which gives an outcome, or an exception to raise, for each of up to `most` items in turn."""
        self._commit = commit
        self._most = most
        self._abreast = abreast
        self._gathered: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_starting = False

    async def join(self, item: Item) -> Outcome:
        """Give what became of an item. It is sent on even if the caller is cancelled meanwhile."""
        place: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._gathered.append((item, place))
        self._depart()
        return await place

    def _depart(self) -> None:
        """Let a group leave in the next turn of the loop, with what has gathered by then."""
        if self._gathered and not self._is_starting and len(self._under_way) < self._abreast:
            self._is_starting = True
            # It belongs to many requests: it logs under the name of none.
            task = asyncio.get_running_loop().create_task(self._carry(), name="group", context=Context())
            self._under_way.add(task)
            task.add_done_callback(self._arrive)

    def _arrive(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():  # as the event loop ends
            self._depart()

    async def _carry(self) -> None:
        if len(self._under_way) > 1:  # a turn costs less than a group of those whose requests are just being read
            await asyncio.sleep(0)
        self._is_starting = False
        group = [self._gathered.popleft() for _ in range(min(len(self._gathered), self._most))]
        self._depart()  # what is more than one group takes
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = await self._commit([item for item, _ in group])
        except Exception as error:  # noqa: BLE001  whoever waits gets it, whatever it is
            outcomes = [error] * len(group)
        for (_, place), outcome in zip(group, outcomes, strict=True):
            if place.done():  # its caller has gone
                continue
            if isinstance(outcome, Exception):
                place.set_exception(outcome)
            else:
                place.set_result(outcome)
