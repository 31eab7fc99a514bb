"""Stewards, real processes, are killed at any moment under load: the history is complete, and says nothing twice."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from redis.asyncio import Redis

from jobs.cancelling import cancel_until_ended
from jobs.stores.database import Database
from tests.support.bed import NOTE_ENDS
from tests.support.conditions import eventually
from tests.support.history import abandon
from tests.support.processes import started
from tests.support.site import Json, submit

pytestmark = pytest.mark.usefixtures("stores_stay")

_STEWARD = (sys.executable, "-m", "jobs", "steward")
_WORKER = (sys.executable, "-m", "jobs", "worker", "--queues", "data_sync:8")
_KILLS = 6
_KINDS: tuple[tuple[str, Json], ...] = (
    ("diag.noop", {}),
    ("diag.fail", {"times": 1}),
    ("diag.sleep", {"seconds": 0.1}),
)
_START_S = 60.0


@asynccontextmanager
async def _two_stewards(environ: dict[str, str], redis: Redis, kills: list[int]) -> AsyncIterator[None]:
    """Keep two stewards going; each is killed some tenths of a second after its start, until there were enough."""
    luck = random.Random(7)  # noqa: S311  no secret

    async def keep() -> None:
        while True:
            async with started(_STEWARD, environ) as steward:
                await steward.says("steward_started", within_s=_START_S)
                if len(kills) >= _KILLS:
                    await steward.ends(within_s=600)
                await asyncio.sleep(luck.uniform(0.1, 0.8))
                steward.send(signal.SIGKILL)
                await steward.ends(within_s=10)
            kills.append(steward.pid)
            await abandon(redis, steward.pid)  # a minute has passed: what it had read is another's

    keepers = [asyncio.create_task(keep()) for _ in range(2)]
    try:
        yield
    finally:
        await cancel_until_ended(keepers, again_s=5.0)
        for keeper in keepers:
            with suppress(asyncio.CancelledError):
                keeper.result()


async def test_killed_stewards_leave_no_gap(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """Whatever one had read, written and not confirmed is written again, and changes nothing."""
    await database.execute(NOTE_ENDS)
    kills: list[int] = []
    async with (
        Redis.from_url(environ["REDIS_URL"]) as redis,
        started(_WORKER, environ),
        _two_stewards(environ, redis, kills),
    ):
        jobs: list[str] = []
        while len(kills) < _KILLS:
            task, args = _KINDS[len(jobs) % len(_KINDS)]
            jobs.append((await submit(web, task, args))["id"])

        async def all_are_written() -> bool:
            return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1")

        await eventually(all_are_written, within_s=40)
    rows = await database.fetch("SELECT id, state, tries, task FROM jobs")
    assert {(row["state"], row["tries"] - (row["task"] == "diag.fail")) for row in rows} == {("succeeded", 1)}
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(jobs)
