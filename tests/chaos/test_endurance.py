"""What `./dev soak` does for long, here for a short while: outages, deployments and deaths under load."""

from jobs.stores.database import Database
from tests.support.bed import bed_of
from tests.support.endurance.outage import take_redis_away
from tests.support.endurance.restarts import restart_workers
from tests.support.endurance.soak import LIMIT, soak
from tests.support.servers import Servers
from tests.support.site import quotas


async def test_redis_is_stopped_and_started_under_load(
    environ: dict[str, str], database: Database, servers: Servers
) -> None:
    """For five leases: no worker ends, and each job that ran, waited or came meanwhile starts once a try."""
    async with bed_of(environ, database) as bed:
        await take_redis_away(bed, servers.redis, seconds=12.5)


async def test_rolling_restarts_use_up_no_try(environ: dict[str, str], database: Database) -> None:
    """Workers are replaced one by one while they have jobs that take too long to be waited for: none fails."""
    async with bed_of(environ, database) as bed:
        await restart_workers(bed, times=3)


async def test_every_job_ends_in_one_way_while_workers_are_killed(environ: dict[str, str], database: Database) -> None:
    """5,000 jobs that succeed, fail, retry or run out of time: trail, rows and counters agree, and nothing is left."""
    async with bed_of({**environ, **quotas(running=LIMIT)}, database) as bed:
        await soak(bed, jobs=5_000, rounds=3)
