"""Redis loses what it holds, all of it or the last seconds: PostgreSQL knows what there is, and it all ends."""

from jobs.stores.database import Database
from tests.support.bed import bed_of
from tests.support.endurance.flushed import LIMIT, flush_redis


async def test_an_emptied_redis_is_filled_again(environ: dict[str, str], database: Database) -> None:
    """500 jobs that wait, are parked, scheduled, retried and running: each ends once, at its place, as whose it was."""
    async with bed_of({**environ, "JOBS_MAX_RUNNING": str(LIMIT)}, database) as bed:
        await flush_redis(bed, jobs=500, runs_s=6)
