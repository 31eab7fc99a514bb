"""Stores each second what this process has counted of requests."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from jobs.errors import StoreUnavailableError

_EVERY_S: Final = 1.0
_LAST_S: Final = 1.0

Page = TypeVar("Page")
Given_contra = TypeVar("Given_contra", contravariant=True)

log = structlog.stdlib.get_logger(__name__)


class Book(Protocol[Page]):
    """Where a process counts, in memory. A page that is false has nothing on it."""

    def take(self) -> Page:
        """Give what was counted, and begin anew."""

    def give_back(self, page: Page) -> None:
        """Count what could not be stored together with what comes."""


class Shelf(Protocol[Given_contra]):
    """Where pages of all processes are added up."""

    async def add(self, page: Given_contra) -> None:
        """Add one. Raises StoreUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Generic[Page]):
    """A book and where its pages go."""

    name: str
    book: Book[Page]
    shelf: Shelf[Page]

    async def record(self) -> None:
        """Store what there is now."""
        page = self.book.take()
        if not page:
            return
        try:
            await self.shelf.add(page)
        except StoreUnavailableError as error:
            self.book.give_back(page)
            log.info("counts_not_stored", counts=self.name, reason=str(error))
        except BaseException:  # it was cancelled while Redis thought
            self.book.give_back(page)
            raise


class Recorder:
    """Moves what is counted into Redis; while that is away the books keep it, within their bounds."""

    def __init__(self, *accounts: Account[Any]) -> None:
        self._accounts = accounts

    async def run(self) -> None:
        """Do so each second, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.record()

    async def record(self) -> None:
        """Store what there is now."""
        await asyncio.gather(*(account.record() for account in self._accounts))

    async def finish(self) -> None:
        """Store the rest, at the end of the process; no longer than a moment."""
        try:
            async with asyncio.timeout(_LAST_S):
                await self.record()
        except TimeoutError:
            pass
