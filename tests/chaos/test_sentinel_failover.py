"""A failover by real sentinels under load: web, worker and steward go on by themselves, and nothing is lost.

Redis replicates asynchronously: of what the former master had accepted, something may be missing on the new one. The
steward finds that out of PostgreSQL and puts it back in line.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest
import structlog

from jobs.cancelling import cancel_until_ended
from jobs.stores.database import Database
from tests.support.bed import NOTE_ENDS
from tests.support.conditions import eventually, reaches
from tests.support.processes import web_process, worker_process
from tests.support.sentinels import Sentinels, sentinels_of
from tests.support.site import submit

_SUBMITTERS = 4
_PAUSE_S = 0.05
_UNDER_WAY = 50
_GOES_ON_WITHIN_S = 10.0
_AND_SO_ON_S = 2.0
# What was accepted meanwhile is put in line when it is ten seconds old, by a look each five; what ran, runs again.
_ALL_ENDED_WITHIN_S = 40.0

log = structlog.stdlib.get_logger(__name__)

GoAway = Callable[[Sentinels, int], Awaitable[None]]


async def _killed(sentinels: Sentinels, master: int) -> None:
    await sentinels.servers[master].kill()


async def _hung(sentinels: Sentinels, master: int) -> None:
    sentinels.servers[master].send(signal.SIGSTOP)


async def _handed_over(sentinels: Sentinels, _: int) -> None:
    await sentinels.hand_over()


@pytest.mark.parametrize("goes_away", [_killed, _hung, _handed_over])
async def test_a_failover_under_load(
    environ: dict[str, str],
    database: Database,
    tmp_path: Path,
    goes_away: GoAway,
) -> None:
    """New submissions end within 10 s of the promotion, all of them do, and no process has to be started again."""
    await database.execute(NOTE_ENDS)
    async with sentinels_of(tmp_path) as sentinels:
        environ = {**environ, "REDIS_URL": sentinels.url}
        async with web_process(environ) as (web, client), worker_process(environ, "data_sync:8") as worker:
            async with _load_on(client) as accepted:
                former = await sentinels.master()

                async def is_under_way() -> bool:
                    return await _ended(database) > _UNDER_WAY

                await eventually(is_under_way, within_s=20)
                gone = time.monotonic()
                await goes_away(sentinels, former)
                await sentinels.promoted(former)
                promoted = time.monotonic()
                job = await submit(client, "diag.noop")
                accepted[job["id"]] = time.monotonic()
                await reaches(client, job["id"], "succeeded", within_s=_GOES_ON_WITHIN_S)
                went_on = time.monotonic()
                await asyncio.sleep(_AND_SO_ON_S)  # under load
            if goes_away is _hung:
                sentinels.servers[former].send(signal.SIGCONT)
            await _all_end(database)
            assert (web.runs, worker.runs) == (True, True)
            ready = await client.get("/readyz")
            assert (ready.status_code, {"redis", "steward"} & set(ready.json()["degraded"])) == (200, set())
            assert await sentinels.master() not in {0, former}
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(row["id"] for row in await database.fetch("SELECT id FROM jobs")), "not each has ended once"
    log.warning(
        "failover_measured",
        promoted_after_s=round(promoted - gone, 1),
        went_on_after_s=round(went_on - promoted, 1),
        jobs=len(accepted),
        lost=0,
        ended_twice=0,
    )


async def test_what_was_not_replicated_comes_back(environ: dict[str, str], database: Database, tmp_path: Path) -> None:
    """The new master has never heard of some jobs, and does not know that others have ended: each ends, and once."""
    await database.execute(NOTE_ENDS)
    async with sentinels_of(tmp_path) as sentinels:
        environ = {**environ, "REDIS_URL": sentinels.url}
        async with web_process(environ) as (_, client), worker_process(environ, "data_sync:8"):
            before = [await submit(client, "diag.noop", delay_s=8) for _ in range(5)]
            await _scheduled(database, len(before))
            former = await sentinels.master()
            await sentinels.part(former)
            unreplicated = [await submit(client, "diag.noop", delay_s=8) for _ in range(3)]
            await _scheduled(database, len(before) + len(unreplicated))
            await sentinels.servers[former].kill()
            await sentinels.promoted(former)
            after = [await submit(client, "diag.noop") for _ in range(5)]
            jobs = [job["id"] for job in (*before, *unreplicated, *after)]
            for job in jobs:
                await reaches(client, job, "succeeded", within_s=30)
            await _all_end(database)
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(jobs)


@asynccontextmanager
async def _load_on(client: httpx.AsyncClient) -> AsyncIterator[dict[str, float]]:
    """Submit jobs without end; give when each was accepted. A submission that fails fails the test."""
    accepted: dict[str, float] = {}

    async def submit_on() -> None:
        for number in count():
            task, args = ("diag.sleep", {"seconds": 0.2}) if number % 5 == 0 else ("diag.noop", {})
            job = await submit(client, task, args)
            accepted[job["id"]] = time.monotonic()
            await asyncio.sleep(_PAUSE_S)

    submitters = [asyncio.create_task(submit_on()) for _ in range(_SUBMITTERS)]
    try:
        yield accepted
    finally:
        await cancel_until_ended(submitters, again_s=5.0)
        for submitter in submitters:
            if not submitter.cancelled() and (error := submitter.exception()):
                raise error


async def _ended(database: Database) -> int:
    row = await database.fetch_row("SELECT count(*) AS ended FROM jobs WHERE finished_at IS NOT NULL")
    assert row is not None
    return int(row["ended"])


async def _scheduled(database: Database, amount: int) -> None:
    """Wait until PostgreSQL knows that so many jobs are in Redis."""

    async def known() -> bool:
        row = await database.fetch_row("SELECT count(*) AS known FROM jobs WHERE state = 'scheduled'")
        return row is not None and bool(row["known"] == amount)

    await eventually(known)


async def _all_end(database: Database) -> None:
    """Wait for the end of all jobs."""

    async def all_have_ended() -> bool:
        return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1")

    await eventually(all_have_ended, within_s=_ALL_ENDED_WITHIN_S)
