"""Redis is stopped under load, for longer than a lease, and comes back: no worker ends, no job is lost or run twice."""

import asyncio
import time
from contextlib import AsyncExitStack

from deploy.local.redis import RedisServer
from jobs.model import State
from tests.chaos.workers import hasty_recoverer
from tests.support.bed import Bed, Wanted, sleeping
from tests.support.conditions import PATIENCE_S
from tests.support.endurance.leases import with_lease
from tests.support.figures import Figures

_WORKERS = 3
_SLOTS = 30
_LONG = 50
_SHORT = 20
_MEANWHILE = 20


async def take_redis_away(bed: Bed, server: RedisServer, *, seconds: float) -> Figures:
    """Stop Redis for so long, which is two leases at least, while jobs run, end, wait, retry and are submitted.

    Gives the figures.
    """
    bed = with_lease(bed, lease_ms=2_500, renew_ms=500)
    assert seconds >= 2 * bed.lease_s
    waiting = [sleeping(0.2, owner=f"waiting {number % 5}") for number in range(400)]
    failing = [Wanted(task="diag.fail", args={"times": 2}, owner="failing") for _ in range(50)]
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(bed.worker(_SLOTS)) for _ in range(_WORKERS)]
        running = await bed.submit(_running(seconds))
        await bed.trail.until(
            lambda: all(bed.trail.claims_of(job) for job in running), within_s=PATIENCE_S, what="each has started"
        )
        jobs = running + await bed.submit([*waiting, *failing])
        await bed.trail.until(
            lambda: len(bed.trail.ended) > len(waiting) / 10, within_s=PATIENCE_S, what="some have ended"
        )
        await asyncio.to_thread(server.stop)
        meanwhile = await bed.store([Wanted(owner="meanwhile")] * _MEANWHILE)
        await asyncio.sleep(seconds)
        async with bed.trail.held():
            await asyncio.to_thread(server.start)
        back_s = time.time()
        assert all(worker.runs for worker in workers), "a worker has ended"
        jobs += [job.id for job in meanwhile]
        async with hasty_recoverer(bed.environ, bed.database):
            await bed.trail.until_ended(jobs, within_s=60)
        settled_s = time.time() - back_s
        rows = await bed.until_written(within_s=20)
        assert all(worker.runs for worker in workers), "a worker has ended"
    first = min(step.at_ms for step in bed.trail.claims if step.at_ms > 1000 * back_s) / 1000 - back_s
    tally = await bed.tally()
    assert (tally.lost, tally.handed_back) == (0, 0)
    assert tally.started == len(bed.trail.claims) == len(jobs) + 2 * len(failing)
    assert {(row["state"], row["tries"] - 2 * (row["task"] == "diag.fail")) for row in rows.values()} == {
        (State.SUCCEEDED, 1)
    }
    await bed.assert_settled()
    return {
        "Redis away, s": f"{seconds:g}",
        "lease, s": f"{bed.lease_s:g}",
        "jobs": f"{len(jobs)}",
        "started twice": "0",
        "first claim after, s": f"{first:.1f}",
        "all ended after, s": f"{settled_s:.1f}",
    }


def _running(away_s: float) -> list[Wanted]:
    """Want jobs that end after Redis has come back, and some that end while it is away."""
    return [
        *[sleeping(away_s + 2.0, owner=f"long {number % 5}") for number in range(_LONG)],
        *[sleeping(0.9 * away_s, owner="short") for _ in range(_SHORT)],
    ]
