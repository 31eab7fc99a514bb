"""How long nothing is claimed after Redis has lost everything, by how many jobs wait: FLUSHALL beside a steward."""

import re
import sys
import time
from dataclasses import dataclass

import uvloop
from redis.asyncio import Redis

from benchmarks.measure import peak_mib, progress, table
from benchmarks.sites import Site, new_site
from jobs import keys
from jobs.settings import load_settings
from jobs.stores.redis import connect_redis
from tests.support.processes import Running, started

_SIZES = (10_000, 100_000)
_SIZES_FULL = (*_SIZES, 1_000_000)
_OWNERS = 100
_QUEUE = "data_sync"
_WITHIN_S = 900.0
_MIB = 1024 * 1024
_STEWARD = (sys.executable, "-m", "jobs", "steward")
_REBUILT = re.compile(r'"took_s":([\d.]+),"event":"redis_rebuilt"')
_HEADERS = ("jobs that wait", "claims go on after, s", "of it putting in line, s", "jobs/s", "steward MiB", "Redis MiB")

# In the order of acceptance, owner by owner in turn; ids rise as UUIDv7 do.
_FILL = f"""
INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at)
SELECT
    lpad(to_hex(number), 32, '0'), 'diag.noop', '{_QUEUE}', 'owner ' || number % {_OWNERS}, 'queued', 1 + number % 10,
    '{{}}', '{{}}', 3, 60, now() - interval '1 hour' + number * interval '1 millisecond'
FROM generate_series(1, $1::integer) AS number
"""  # noqa: S608  our own numbers and words


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Seconds from the loss until jobs are claimed again, those in which they were put in line, and both's memory.

    The rest is noticing the loss, and the time that workers are given to renew the leases of what they run.
    """

    after_s: float
    lining_up_s: float
    steward_mib: float
    redis_mib: float


def main(full: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share
    """Empty Redis once at each size, and print a table."""
    rows = []
    for jobs in _SIZES_FULL if full else _SIZES:
        progress(f"rebuild: {jobs:,} jobs")
        one = uvloop.run(_measured(jobs))
        figures = (f"{one.after_s:.1f}", f"{one.lining_up_s:.1f}", f"{jobs / one.lining_up_s:,.0f}")
        rows.append((f"{jobs:,}", *figures, f"{one.steward_mib:.0f}", f"{one.redis_mib:.0f}"))
    print(f"\n## rebuild\n\n{table(_HEADERS, rows)}")


async def _measured(jobs: int) -> Rebuild:
    async with new_site() as site:
        await site.database.execute(_FILL, jobs)
        await site.database.execute("VACUUM ANALYZE jobs")
        redis = connect_redis(site.redis.url, patience_s=10)
        try:
            async with started(_STEWARD, {**site.environ, "JOBS_LOG_LEVEL": "warning"}) as steward:
                await steward.says(_REBUILT, within_s=_WITHIN_S)  # it has found Redis empty
                steward.lines.clear()
                return await _after_a_loss(redis, steward, jobs, settle_s=_settle_s(site))
        finally:
            await redis.aclose(close_connection_pool=True)


def _settle_s(site: Site) -> float:
    settings = load_settings(site.environ)
    return min(2 * settings.renew_ms, settings.lease_ms) / 1000


async def _after_a_loss(redis: Redis, steward: Running, jobs: int, *, settle_s: float) -> Rebuild:
    await redis.flushall()
    began = time.perf_counter()
    rebuilt = await steward.says(_REBUILT, within_s=_WITHIN_S)
    after_s = time.perf_counter() - began
    in_line = await redis.zcard(f"{keys.QUEUE}{_QUEUE}")
    if in_line != jobs:
        raise RuntimeError(f"{in_line:,} of {jobs:,} jobs are in line")
    memory = await redis.info("memory")
    return Rebuild(
        after_s=after_s,
        lining_up_s=float(rebuilt[1]) - settle_s,
        steward_mib=peak_mib(steward.pid),
        redis_mib=memory["used_memory"] / _MIB,
    )
