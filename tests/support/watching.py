"""Stewards that compare the two stores and make good what is lost, one look at a time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from jobs.pause import Pauses
from jobs.quotas import Quotas
from jobs.rebuild import Copies, Rebuilder
from jobs.scribe import Scribe
from jobs.settings import load_settings
from jobs.stores.both import Both
from jobs.stores.database import Database, Row
from jobs.stores.pauses import PauseStore
from jobs.stores.quotas import QuotaStore
from jobs.stores.redis import connect_redis
from jobs.stores.site import SiteStore
from jobs.strays import Strays
from jobs.watch import Loss, Watch
from tests.support.both import both_of, mender_of

LEASE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Both stores, and stewards to look at them."""

    environ: Mapping[str, str]
    database: Database
    redis: Redis
    both: Both

    def watch(self, steward: str = "one", *, lease_s: float = LEASE_S) -> Watch:
        """Give a steward of this name."""
        scribe = Scribe(self.both.jobs, self.both.queue)
        site = SiteStore(self.database, steward=steward, lease_s=lease_s)
        pauses = Pauses(PauseStore(self.database, self.redis))
        settings = load_settings(self.environ)
        store = QuotaStore(self.database, self.redis, tiers=settings.quotas, patience_s=5)
        quotas = Quotas(store, database=self.database)
        copies = Copies(pauses=pauses, quotas=quotas, settings=settings, queues=("data_sync",))
        strays = Strays(self.both, scribe=scribe, queues=("data_sync",))
        rebuilder = Rebuilder(
            self.both, site=site, mender=mender_of(self.both), scribe=scribe, strays=strays, copies=copies
        )
        return Watch(site=site, mark=self.both.mark, rebuilder=rebuilder)

    async def in_order(self, steward: str = "one") -> Watch:
        """Let a steward bring a new site in order."""
        watch = self.watch(steward)
        await watch.begin()
        assert await watch.look() is Loss.FLUSHED
        assert await watch.look() is None
        return watch

    async def site(self) -> Row:
        """Give PostgreSQL's row of the site."""
        row = await self.database.fetch_row("SELECT * FROM site")
        assert row is not None
        return row


@asynccontextmanager
async def watched_of(environ: Mapping[str, str], database: Database) -> AsyncIterator[Watched]:
    """Give empty stores. Workers are given two seconds to renew their leases after a loss."""
    environ = {**environ, "JOBS_LEASE_MS": "3000", "JOBS_RENEW_MS": "1000"}
    redis = connect_redis(environ["REDIS_URL"], patience_s=5)
    yield Watched(environ=environ, database=database, redis=redis, both=both_of(database, redis))
    await redis.aclose(close_connection_pool=True)
