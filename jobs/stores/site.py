"""The row of PostgreSQL that says which site this is, which Redis content is its own, and who sees to that just now.

The lease of the one steward that does is in this row, since it must outlive what it is there for: a Redis that is
lost. A lock of the session would not hold behind a pool such as PgBouncer.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jobs.errors import StoreUnavailableError
from jobs.stores.database import Database, Row
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The row. `epoch` names the Redis content, `redis` the server that had it when it was last in order.

    `rebuilt_at` is None while that is being seen to.
    """

    site_id: str
    epoch: str | None
    redis: str
    tick: int
    rebuilt_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What the steward that has the lease gets each second: `site` with a new tick, and the former one."""

    site: Site
    former_tick: int


class SiteStore:
    """All calls raise StoreUnavailableError while PostgreSQL is away; writes also where the lease has been lost."""

    def __init__(self, database: Database, *, steward: str, lease_s: float) -> None:
        """`steward` is a name that no other process has; it keeps the lease for `lease_s` seconds after each call."""
        self._database = database
        self._steward = steward
        self._lease_s = lease_s

    async def enter(self) -> Site:
        """Give the row, which is made at the first time."""
        await self._database.execute(_SQL["enter"])
        row = await self._database.fetch_row(_SQL["read"])
        if row is None:
            raise StoreUnavailableError("PostgreSQL: the site's row is gone")
        return _site(row)

    async def tick(self) -> Beat | None:
        """Take or keep the lease, and go on by a tick: ms of PostgreSQL's clock. None where another steward has it."""
        row = await self._database.fetch_row(_SQL["tick"], self._steward, self._lease_s)
        return None if row is None else Beat(site=_site(row), former_tick=row["former_tick"])

    async def keep(self) -> None:
        """Keep the lease."""
        await self._write("keep", self._lease_s)

    async def begin(self, epoch: str) -> None:
        """Give the Redis content a new name; until `finish` it counts as not in order."""
        await self._write("begin", epoch)

    async def finish(self, redis: str) -> None:
        """Note that the content of this server is in order."""
        await self._write("finish", redis)

    async def leave(self) -> None:
        """Give the lease up, so that another steward has it at once."""
        await self._database.execute(_SQL["leave"], self._steward)

    async def _write(self, name: str, value: object) -> None:
        if await self._database.fetch_row(_SQL[name], self._steward, value) is None:
            raise StoreUnavailableError("PostgreSQL: another steward has taken over")


def _site(row: Row) -> Site:
    return Site(
        site_id=row["site_id"],
        epoch=row["epoch"],
        redis=row["redis"],
        tick=row["tick"],
        rebuilt_at=row["rebuilt_at"],
    )
