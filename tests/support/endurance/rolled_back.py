"""Redis dies and comes back as it was some seconds ago, as after a failover to a replica that lagged."""

import asyncio
import shutil
import time
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

from deploy.local.redis import RedisServer
from jobs.model import State
from jobs.stores.jobs import JobStore
from tests.support.bed import Bed, Wanted, sleeping
from tests.support.conditions import eventually
from tests.support.figures import Figures
from tests.support.leaks import assert_nobody_has_anything

_WORKERS = 2
_SLOTS = 20
_LONG = 10
_AOF_S = 1.2  # what was acknowledged so long ago is in the file


async def roll_redis_back(bed: Bed, server: RedisServer, *, seconds: float, away_s: float = 1.0) -> Figures:
    """Put a copy of its data from so long ago in Redis' place, under load; give the figures.

    `away_s` is how long there is no Redis: where it is short, workers are connected again before a steward looks.
    """
    async with AsyncExitStack() as stack:
        for _ in range(_WORKERS):
            await stack.enter_async_context(bed.worker(_SLOTS))
        jobs = await bed.submit([sleeping(2 * seconds + 4, owner=f"old {number % 2}") for number in range(_LONG)])
        jobs += await bed.submit([Wanted(delay_s=seconds / 2, owner="timed")] * 40)
        await bed.trail.until_running(jobs[:_LONG], within_s=20)
        await asyncio.sleep(_AOF_S)
        copy = await asyncio.to_thread(_copied, server)
        young = await bed.submit([sleeping(seconds + 4, owner="young", priority=10)] * _LONG)
        jobs += young + await _load(bed, seconds)
        await bed.trail.until_running(young, within_s=5)
        cancelled = await bed.submit([Wanted(delay_s=600, owner="regretted")] * 5)
        await _cancel(bed, cancelled)
        await bed.trail.catch_up()
        known = {row["id"] for row in await bed.database.fetch("SELECT id FROM jobs WHERE finished_at IS NOT NULL")}
        await _begin_anew(server, copy, away_s)
        back_ms, began = 1000 * time.time(), time.monotonic()
        rows = await bed.until_written(within_s=60 + 4 * seconds)
        settled_s = time.monotonic() - began
        await bed.trail.catch_up()
    await assert_nobody_has_anything(bed.redis)
    again = {step.job_id for step in bed.trail.claims if step.at_ms > back_ms}
    assert not again & known, "what had ended has started again"
    assert not again & set(jobs[:_LONG]), "a job that ran on was started again"
    states = {job: row["state"] for job, row in rows.items()}
    assert {states[job] for job in jobs} == {State.SUCCEEDED}
    assert {states[job] for job in cancelled} == {State.CANCELLED}
    noted = await bed.database.fetch("SELECT job_id FROM ends")
    assert Counter(row["job_id"] for row in noted) == Counter([*jobs, *cancelled]), "not every job has ended once"
    twice = [job for job in again if any(step.at_ms < back_ms for step in bed.trail.claims_of(job))]
    return {
        "jobs": f"{len(rows):,}",
        "seconds lost": f"{seconds:g}",
        "ended before": f"{len(known):,}",
        "lost": "0",
        "ended twice in PostgreSQL": "0",
        "started again": f"{len(twice)}",
        "all ended after, s": f"{settled_s:.1f}",
    }


async def _load(bed: Bed, seconds: float) -> list[str]:
    """Submit short jobs for so long."""
    jobs: list[str] = []
    until = time.monotonic() + seconds
    for number in count():
        if time.monotonic() > until:
            return jobs
        jobs += await bed.submit([Wanted(owner=f"short {number % 3}"), sleeping(0.2, owner="napping")])
        await asyncio.sleep(0.05)
    raise AssertionError


async def _cancel(bed: Bed, jobs: list[str]) -> None:
    """Cancel jobs that wait, and wait until PostgreSQL knows."""
    await bed.database.execute("UPDATE jobs SET cancel_requested_at = now() WHERE id = ANY ($1)", jobs)

    async def all_are() -> bool:
        rows = await bed.database.fetch("SELECT state FROM jobs WHERE id = ANY ($1)", jobs)
        return {row["state"] for row in rows} <= {State.CANCELLED}

    store = JobStore(bed.database)
    await bed.queue.cancel([found for job in jobs if (found := await store.get(job)) is not None])
    await eventually(all_are)


def _copied(server: RedisServer) -> Path:
    """Copy the append-only files of a server that runs."""
    (data,) = server.directory.glob("*/appendonlydir")
    copy = server.directory / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy)
    return copy


async def _begin_anew(server: RedisServer, copy: Path, away_s: float) -> None:
    """Kill the server, and start it with the copy."""
    await asyncio.to_thread(server.kill)
    (data,) = server.directory.glob("*/appendonlydir")
    await asyncio.to_thread(shutil.rmtree, data)
    await asyncio.to_thread(copy.rename, data)
    await asyncio.sleep(away_s)
    await asyncio.to_thread(server.start)
