"""Writing what is cached: dropped from the cache by the same flow, whatever happens to Redis or to the process.

A write raises the versions of its tags in its own transaction, and tells Redis after the commit. Where it cannot, by an
outage or its death, the loop of any process finds Redis behind PostgreSQL within a second, and tells it.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from itertools import count

import structlog

from jobs.cache.entries import Entries
from jobs.cache.tags import TagStore
from jobs.errors import StoreUnavailableError
from jobs.stores.database import Connection, Database

_EVERY_S = 1.0
_AGAIN_S = 0.2

log = structlog.stdlib.get_logger(__name__)


class Drops:
    """Whether what Redis has can be trusted by this process, and the loop that sees to it."""

    def __init__(self, entries: Entries, database: Database) -> None:
        self._entries = entries
        self._database = database
        self._tags = TagStore(database)
        self._is_away = False
        self._doubted: dict[str, int] = {}  # tags of which Redis may not have heard; which doubt it is
        self._doubts = count()
        self._wanted = asyncio.Event()

    def trusts(self, tags: Collection[str]) -> bool:
        """Say whether Redis answers, as far as is known, and has heard of all that this process has written."""
        return not self._is_away and self._doubted.keys().isdisjoint(tags)

    def lose(self, error: StoreUnavailableError) -> None:
        """Trust nothing until Redis has answered, and has been told what it has missed meanwhile."""
        if not self._is_away:
            log.warning("cache_away", reason=str(error))
        self._is_away = True
        self._wanted.set()

    @asynccontextmanager
    async def writing(self, *tags: str) -> AsyncIterator[Connection]:
        """Give a transaction; when it is committed, nothing that was cached under these tags is found any more.

        This process finds none from then on whatever happens; where Redis is away, others find none from about a second
        after it is back. Raises StoreUnavailableError where PostgreSQL is away.
        """
        versions: Mapping[str, int] = {}
        try:
            async with self._database.transaction() as connection:
                yield connection
                versions = await self._tags.raise_all(tags, connection=connection)
        except BaseException:
            self._doubt(versions)  # the answer to the commit may have got lost
            raise
        try:
            await self._entries.drop(versions)
        except StoreUnavailableError as error:
            self._doubt(versions)
            self.lose(error)
        except BaseException:
            self._doubt(versions)
            raise

    async def run(self) -> None:
        """Tell Redis what it has missed, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_EVERY_S):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            await self.mend()
            await asyncio.sleep(_AGAIN_S)  # a Redis that is full fails each reader

    async def mend(self) -> bool:
        """Tell Redis now what it has missed; say whether that could be done."""
        doubted = dict(self._doubted)
        late: Mapping[str, int] = {}
        try:
            # In this order: what somebody writes in between is told twice, and never taken back.
            told = await self._entries.versions()
            true = await self._tags.versions()
            late = {tag: true.get(tag, 0) for tag in true.keys() | told.keys() if true.get(tag, 0) != told.get(tag, 0)}
            if late:
                await self._entries.drop(late)
        except StoreUnavailableError:
            self._doubt(late)  # it can be read, and takes no writes
            return False
        if self._is_away:
            log.info("cache_back", late=sorted(late))
        self._is_away = False
        self._doubted = {tag: doubt for tag, doubt in self._doubted.items() if doubted.get(tag) != doubt}
        return True

    def _doubt(self, tags: Collection[str]) -> None:
        self._doubted |= {tag: next(self._doubts) for tag in tags}
        if tags:
            self._wanted.set()
