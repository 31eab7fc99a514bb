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
    what the same turn of the event loop has brought.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        most: int,
        abreast: int = 2,
    ) -> None:
        """Take `commit`, which gives an outcome, or an exception to raise, for each of up to `most` items in turn."""
        self._commit = commit
        self._most = most
        self._abreast = abreast
        self._gathered: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._leaves = False

    async def join(self, item: Item) -> Outcome:
        """Give what became of an item. It is sent on even if the caller is cancelled meanwhile."""
        loop = asyncio.get_running_loop()
        place: asyncio.Future[Outcome] = loop.create_future()
        self._gathered.append((item, place))
        if not self._leaves:
            self._leaves = True
            # A group belongs to many requests: it logs under the name of none.
            loop.call_soon(self._depart, context=Context())
        return await place

    def _depart(self) -> None:
        self._leaves = False
        while self._gathered and len(self._under_way) < self._abreast:
            group = [self._gathered.popleft() for _ in range(min(len(self._gathered), self._most))]
            task = asyncio.get_running_loop().create_task(self._carry(group), name="group")
            self._under_way.add(task)
            task.add_done_callback(self._arrive)

    def _arrive(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._depart()

    async def _carry(self, group: Sequence[tuple[Item, asyncio.Future[Outcome]]]) -> None:
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
