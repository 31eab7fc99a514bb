"""The limits that administrators have set: the row in PostgreSQL, and the copy in Redis that web processes look at."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import WatchError

from app import keys
from jobs import codec
from jobs.audit import Action, Actor, Deed
from jobs.stores.audit import note
from jobs.stores.database import Database, Row
from jobs.stores.queries import load_queries
from jobs.stores.redis import answering

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLimits:
    """A version of the limits; without a document those of the settings count."""

    version: int
    document: Mapping[str, Any] | None = None
    changed_at: datetime | None = None
    changed_by: str | None = None


class LimitsStore:
    """All calls raise StoreUnavailableError where the store that they need is away."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis

    async def current(self) -> StoredLimits:
        """Give what PostgreSQL has."""
        return _stored(await self._database.fetch_row(_SQL["current"]))

    async def replace(
        self, document: Mapping[str, Any], *, versions: Sequence[int] | None, by: Actor
    ) -> StoredLimits | None:
        """Write a document in place of one of these versions, of any with None; give None where another is there."""
        async with self._database.transaction() as connection:
            row = await connection.fetch_row(_SQL["replace"], document, by.name, versions)
            if row is None:
                return None
            details = {"version": row["version"], "limits": document}
            deed = Deed(actor=by, action=Action.RATE_LIMITS_CHANGE, object_id="limits", details=details)
            await note(deed, connection=connection)
        return _stored(row)

    @asynccontextmanager
    async def clearing(self, *, by: Actor) -> AsyncIterator[None]:
        """Write down that somebody lets the statistics begin anew, which is done in the context, or the entry is none.

        Without PostgreSQL it is not entered.
        """
        async with self._database.transaction() as connection:
            deed = Deed(actor=by, action=Action.RATE_LIMITS_CLEAR, object_id="statistics")
            await note(deed, connection=connection)
            yield

    async def copied(self) -> StoredLimits | None:
        """Give what Redis has, None where that is nothing."""
        with answering():
            return _read(await self._redis.get(keys.LIMITS))

    async def copy(self) -> StoredLimits:
        """Make Redis' copy right; give what is in force."""
        with answering():
            async with self._redis.pipeline(transaction=True) as pipe:
                while True:
                    # In this order: what somebody writes in between fails the watch, and is read the next time.
                    await pipe.watch(keys.LIMITS)
                    raw = await pipe.get(keys.LIMITS)
                    stored = await self.current()
                    written = _write(stored)
                    if raw == written:
                        return stored
                    pipe.multi()  # type: ignore[no-untyped-call]
                    pipe.set(keys.LIMITS, written)
                    try:
                        await pipe.execute()
                    except WatchError:
                        continue
                    return stored


def _stored(row: Row | None) -> StoredLimits:
    return StoredLimits(version=0) if row is None else StoredLimits(**row)


def _write(stored: StoredLimits) -> bytes:
    return codec.dumps(
        {
            "version": stored.version,
            "document": stored.document,
            "changed_at": stored.changed_at,
            "changed_by": stored.changed_by,
        }
    )


def _read(raw: bytes | None) -> StoredLimits | None:
    """Read a copy; one of another form, such as a later version's, is none."""
    try:
        found = orjson.loads(raw or b"null")
        changed_at = datetime.fromisoformat(found["changed_at"]) if found["changed_at"] else None
        return StoredLimits(**{**found, "changed_at": changed_at})
    except (ValueError, TypeError, KeyError):
        return None
