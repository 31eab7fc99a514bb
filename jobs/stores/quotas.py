"""What owners may have: the table in PostgreSQL, and the copy in Redis that the scripts look at; and what they have."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

from redis.asyncio import Redis

from jobs import keys
from jobs.quota import DEFAULT_TIER, Grant, Overrides, Quota, Tier, Tiers, Usage
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries
from jobs.stores.redis import patiently
from jobs.stores.scripts import Script

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LIMIT = Script("limit")
_USAGE = Script("usage")
_EVERYBODY = "*"  # whoever has no numbers of his own
_AT_ONCE = 50


class QuotaStore:
    """All calls raise StoreUnavailableError where the store that they need is away."""

    def __init__(self, database: Database, redis: Redis, *, tiers: Tiers, patience_s: float) -> None:
        """Take the numbers of the tiers, and for how many seconds to wait for Redis."""
        self._database = database
        self._redis = redis
        self._patience_s = patience_s
        self.tiers = tiers

    async def assign(self, owner: str, tier: Tier, *, connection: Connection) -> None:
        """Write down an owner's tier; numbers of his own stay."""
        await connection.execute(_SQL["assign"], owner, tier)

    async def override(self, owner: str, overrides: Overrides, *, connection: Connection) -> None:
        """Write down an owner's own numbers; nothing where nothing is written of him."""
        await connection.execute(_SQL["override"], owner, overrides.max_running, overrides.max_waiting)

    async def locked(self, owner: str, *, connection: Connection) -> Grant | None:
        """Give what is written of an owner, which nobody changes until the transaction is over."""
        row = await connection.fetch_row(_SQL["lock"], owner)
        return None if row is None else _grant(row)

    async def get(self, owner: str) -> Grant | None:
        """Give what is written of an owner."""
        row = await self._database.fetch_row(_SQL["of"], [owner])
        return None if row is None else _grant(row)

    async def quotas_of(self, owners: Collection[str], *, connection: Connection | None = None) -> Mapping[str, Quota]:
        """Give what each of these owners may have, as PostgreSQL says."""
        rows = await (connection or self._database).fetch(_SQL["of"], list(owners))
        grants = {row["owner"]: _grant(row) for row in rows}
        return {owner: self.tiers.of(grants.get(owner) or Grant(owner=owner, tier=DEFAULT_TIER)) for owner in owners}

    async def take_turns(self, owners: Sequence[str], *, connection: Connection) -> None:
        """Return when nobody else has these owners in his turn, which ends with the transaction. Name them in order."""
        await connection.execute(_SQL["take_turns"], list(owners))

    async def usage(self, owner: str) -> Usage:
        """Count what an owner has, as Redis knows it."""
        async with patiently(self._patience_s):
            unfinished, running = await _USAGE.run(self._redis, owner)
        return Usage(unfinished=unfinished, running=running)

    async def usage_written(self, owner: str) -> Usage:
        """Count what an owner has, as far as PostgreSQL knows it."""
        row = await self._database.fetch_row(_SQL["usage"], owner)
        return Usage(unfinished=0, running=0) if row is None else Usage(**row)

    async def copy(self, *, connection: Connection | None = None) -> None:
        """Make Redis' copy right. Nobody is admitted by a copy of which a part is missing."""
        # In this order: what somebody writes in between is in the copy before it could be taken for one too many.
        copied = await self._copied()
        rows = await (connection or self._database).fetch(_SQL["all"])
        wanted = {row["owner"]: self.tiers.of(_grant(row)) for row in rows}
        wrong = [owner for owner, quota in wanted.items() if copied.get(owner) != quota]
        gone = copied.keys() - wanted.keys() - {_EVERYBODY}
        await self.tell([*wrong, *gone], connection=connection)
        if copied.get(_EVERYBODY) != self.tiers.default:
            await self._write({_EVERYBODY: self.tiers.default})

    async def tell(self, owners: Collection[str], *, connection: Connection | None = None) -> None:
        """Let Redis know what these owners may have now, which lets go on whom it lets.

        Their rows are kept from changing meanwhile, so that of two that tell of an owner the last has the last word:
        where the caller has a transaction, until that is over.
        """
        left = iter(owners)
        while part := list(islice(left, _AT_ONCE)):
            async with self._database.transaction() if connection is None else nullcontext(connection) as keeping:
                rows = await keeping.fetch(_SQL["keep"], part)
                grants = {row["owner"]: self.tiers.of(_grant(row)) for row in rows}
                await self._write({owner: grants.get(owner) for owner in part})

    async def told(self, owner: str) -> int | None:
        """Give how many unfinished jobs an owner may have, as Redis was told; None where it was told nothing."""
        async with patiently(self._patience_s):
            own, everybody = await self._redis.hmget(keys.PLACES, [owner, _EVERYBODY])  # type: ignore[misc]
        return None if own is None and everybody is None else int(own or everybody)

    async def _copied(self) -> Mapping[str, Quota]:
        """Give what Redis has a copy of, whole ones only."""
        async with patiently(self._patience_s):
            pipe = self._redis.pipeline(transaction=True)
            pipe.hgetall(keys.LIMITS)
            pipe.hgetall(keys.PLACES)
            running, waiting = await pipe.execute()
        return {
            owner.decode(): Quota(max_running=int(running.get(owner, -1)), max_waiting=int(waiting.get(owner, -1)))
            for owner in running.keys() | waiting.keys()
        }

    async def _write(self, quotas: Mapping[str, Quota | None]) -> None:
        words: list[str | int] = []
        for owner, quota in quotas.items():
            words += (owner, "", "") if quota is None else (owner, quota.max_running, quota.max_waiting)
        async with patiently(self._patience_s):
            await _LIMIT.run(self._redis, *words)


def _grant(row: Row) -> Grant:
    overrides = Overrides(max_running=row["max_running"], max_waiting=row["max_waiting"])
    return Grant(owner=row["owner"], tier=Tier(row["tier"]), overrides=overrides)
