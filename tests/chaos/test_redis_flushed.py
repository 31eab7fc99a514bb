"""Redis loses what it holds, all of it or the last seconds: PostgreSQL knows what there is, and it all ends."""

import pytest

from jobs.stores.database import Database
from tests.support.bed import bed_of
from tests.support.endurance.flushed import LIMIT, flush_redis
from tests.support.endurance.rolled_back import roll_redis_back
from tests.support.servers import Servers
from tests.support.site import quotas


async def test_an_emptied_redis_is_filled_again(environ: dict[str, str], database: Database) -> None:
    """500 jobs that wait, are parked, scheduled, retried and running: each ends once, at its place, as whose it was."""
    async with bed_of({**environ, **quotas(running=LIMIT)}, database) as bed:
        await flush_redis(bed, jobs=500, runs_s=6)


@pytest.mark.parametrize("away_s", [0.0, 1.0])
async def test_a_redis_from_some_seconds_ago_forgets_what_has_ended(
    environ: dict[str, str], database: Database, servers: Servers, away_s: float
) -> None:
    """What had ended does not start again, what it never heard of is put in line, and what runs goes on."""
    async with bed_of({**environ, "JOBS_LEASE_MS": "6000", "JOBS_RENEW_MS": "2000"}, database) as bed:
        await roll_redis_back(bed, servers.redis, seconds=4, away_s=away_s)
