"""Clocks that were set back or ahead, and what a comparison of the stores makes good after that."""

from collections.abc import AsyncIterator

import pytest

from jobs import keys
from jobs.stores.database import Database
from tests.support.stage import QUEUE, Stage, stage_of


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores."""
    async with stage_of(environ, database) as stage:
        yield stage


async def test_what_a_clock_that_was_set_back_has_put_off_comes_due(stage: Stage) -> None:
    """A lease of a dead worker that would last for an hour more lasts as long as one does."""
    job = await stage.queued()
    await stage.claim()
    seconds, _ = await stage.redis.time()
    ahead_ms = int(seconds + 3_600) * 1_000
    await stage.redis.hset(keys.job(job.id), "m", str(ahead_ms))  # type: ignore[misc]
    for index in (keys.queue(QUEUE), keys.RUNNING + job.owner):
        await stage.redis.zadd(index, {job.id: ahead_ms}, xx=True)
    await stage.heal()
    for index in (keys.queue(QUEUE), keys.RUNNING + job.owner):
        assert 0 <= await stage.redis.zscore(index, job.id) - seconds * 1_000 <= 15_000 + 60_000, index


async def test_jobs_of_a_clock_that_was_ahead_are_looked_at(stage: Stage) -> None:
    """Old ones and those that are from a time to come; what is from about now is still being submitted."""
    jobs = stage.both.jobs
    stored = {ago: await stage.stored() for ago in (-60, 0, 60)}
    for ago, job in stored.items():
        await jobs.want_cancelled(job.id, owner=None)
        await stage.database.execute(
            "UPDATE jobs SET accepted_at = t.at, cancel_requested_at = t.at"
            " FROM (SELECT now() - make_interval(secs => $2) AS at) AS t WHERE id = $1",
            *(job.id, float(ago)),
        )
    wanted = {stored[ago].id for ago in (-60, 60)}
    assert {job.id for job in await jobs.unfinished(after=None, older_than_s=30, limit=10)} == wanted
    assert {job.id for job in await jobs.cancel_wanted(after=None, older_than_s=30, limit=10)} == wanted
    await stage.database.execute("UPDATE jobs SET cancel_requested_at = NULL")
    assert {job.id for job in await jobs.not_enqueued(older_than_s=30, limit=10)} == wanted
