"""The table of agreement between PostgreSQL and Redis, row by row: the state is made, and has to heal."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from jobs import codec, keys
from jobs.model import Job
from jobs.stores.database import Database
from tests.support.both import write_history
from tests.support.stage import QUEUE, Stage, stage_of


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores."""
    async with stage_of(environ, database) as stage:
        yield stage


async def _rerun(stage: Stage, job: Job) -> Job:
    """Let a job be cancelled and accepted once more, as its second run; Redis does not know yet."""
    await stage.both.queue.cancel([job])
    await write_history(stage.both)
    ended = await _read(stage, job)
    async with stage.database.transaction() as connection:
        (again,) = await stage.both.jobs.rerun([ended], origin=None, connection=connection)
    return again


async def _read(stage: Stage, job: Job) -> Job:
    found = await stage.both.jobs.get(job.id)
    assert found is not None
    return found


class TestNoRow:
    """PostgreSQL does not have a job that is in Redis."""

    async def test_it_gets_a_row(self, stage: Stage) -> None:
        """With its arguments, its owner and what it is doing; its end finds the row."""
        job = await stage.queued()
        claimed = await stage.claim()
        await stage.database.execute("DELETE FROM jobs")
        await stage.heal()
        row = await stage.row(job)
        assert (row["state"], row["owner"], row["priority"], row["args"]) == ("running", "ann", 7, {"a": 1})
        assert (row["tries"], row["fence"]) == (1, claimed.fence)
        await stage.finish(claimed)
        await write_history(stage.both)
        assert (await stage.row(job))["result"] == 42

    @pytest.mark.parametrize("run", [None, "", "second"])
    async def test_one_that_does_not_tell_its_run_gets_none(self, stage: Stage, run: str | None) -> None:
        """Somebody wrote into Redis by hand. It stays as it is, and the others get theirs."""
        damaged, whole = await stage.queued(), await stage.queued()
        if run is None:
            await stage.redis.hdel(keys.job(damaged.id), "run")  # type: ignore[misc]
        else:
            await stage.redis.hset(keys.job(damaged.id), "run", run)  # type: ignore[misc]
        before = await stage.hash_of(damaged)
        await stage.database.execute("DELETE FROM jobs")
        await stage.heal()
        assert [row["id"] for row in await stage.database.fetch("SELECT id FROM jobs")] == [whole.id]
        assert await stage.hash_of(damaged) == before

    async def test_a_stock_clients_job_gets_a_row_once_it_is_taken_over(self, stage: Stage) -> None:
        """As one of the owner `arq`, its run being the time of that."""
        await stage.redis.set(keys.PAYLOAD + "mine", codec.dumps({"t": None, "f": "t", "a": [], "k": {}, "et": 1}))
        await stage.redis.zadd(keys.queue(QUEUE), {"mine": 1_700_000_000_000})
        await stage.heal()
        assert await stage.database.fetch("SELECT FROM jobs") == []
        assert (await stage.claim()).id == "mine"
        await stage.heal()
        (row,) = await stage.database.fetch("SELECT * FROM jobs")
        assert (row["id"], row["owner"], row["state"]) == ("mine", "arq", "running")
        assert row["run"] > 1_700_000_000_000


class TestUnfinished:
    """PostgreSQL takes a run for unfinished."""

    async def test_lost_altogether_it_is_put_in_line_again(self, stage: Stage) -> None:
        """With its owner and priority."""
        job = await stage.queued()
        await stage.lose(job)
        await stage.heal()
        found = await stage.hash_of(job)
        assert (found["st"], found["o"], found["d"].split(":")[0]) == ("queued", "ann", "7")
        assert (await stage.claim()).id == job.id

    @pytest.mark.parametrize("losses", [1, 2])
    async def test_what_has_expired_ends_unless_it_has_started(self, stage: Stage, losses: int) -> None:
        """That one its worker has all the while, and brings the result."""
        started, waiting = await stage.queued(), await stage.queued()
        claimed = await stage.claim()
        await write_history(stage.both)
        await stage.database.execute("UPDATE jobs SET expires_at = now() - interval '1 minute'")
        for _ in range(losses):
            await stage.lose(started)
            await stage.lose(waiting)
            await stage.heal()
        await stage.finish(claimed)
        await write_history(stage.both)
        assert [(await stage.row(job))["state"] for job in (started, waiting)] == ["succeeded", "expired"]

    async def test_it_is_lost_only_if_all_that_was_told_is_written(self, stage: Stage) -> None:
        """It may have run and ended, and nobody has written so yet: break 11 of the protocol."""
        job = await stage.queued()
        await stage.finish(await stage.claim())
        await stage.redis.delete(keys.RESULT + job.id, keys.DONE + job.id)  # as if two minutes had passed
        assert await stage.reconciler.look()
        assert await stage.hash_of(job) == {}
        await write_history(stage.both)
        assert not await stage.reconciler.look()
        assert await stage.hash_of(job) == {}
        assert (await stage.row(job))["state"] == "succeeded"

    async def test_what_it_is_doing_goes_into_the_row(self, stage: Stage) -> None:
        """The event that told so was lost."""
        job = await stage.queued()
        claimed = await stage.claim()
        await stage.lose_events()
        await stage.heal()
        row = await stage.row(job)
        assert (row["state"], row["tries"], row["fence"]) == ("running", 1, claimed.fence)
        assert row["started_at"] is not None

    async def test_a_later_run_in_redis_is_the_rows_too(self, stage: Stage) -> None:
        """PostgreSQL went back in time."""
        job = await stage.queued()
        again = await _rerun(stage, job)
        await stage.enqueue(again)
        await stage.database.execute("UPDATE jobs SET run = 1, state = 'running', version = 0, finished_at = NULL")
        await stage.lose_events()
        await stage.heal()
        row = await stage.row(job)
        assert (row["run"], row["state"], row["finished_at"]) == (2, "queued", None)

    async def test_an_earlier_run_in_redis_gives_way(self, stage: Stage) -> None:
        """Redis went back in time: the new run takes its place."""
        job = await stage.queued()
        await stage.database.execute("UPDATE jobs SET run = 2")
        await stage.heal()
        assert (await stage.hash_of(job))["run"] == "2"
        assert (await stage.claim()).run == 2

    async def test_its_end_is_read_off_the_result(self, stage: Stage) -> None:
        """The event was lost, the result is still there."""
        job = await stage.queued()
        await stage.finish(await stage.claim())
        await stage.lose_events()
        await stage.heal()
        row = await stage.row(job)
        assert (row["state"], row["result"], row["tries"]) == ("succeeded", 42, 1)
        assert row["finished_at"] is not None

    async def test_its_end_is_read_off_the_mark(self, stage: Stage) -> None:
        """Of what was never kept there is no result; the mark names the state."""
        job = await stage.stored()
        await stage.both.queue.cancel([job])
        await stage.lose_events()
        await stage.heal()
        assert (await stage.row(job))["state"] == "cancelled"


class TestCancelWished:
    """Somebody wants an unfinished run cancelled, and PostgreSQL knows."""

    async def test_lost_altogether_it_is_cancelled(self, stage: Stage) -> None:
        """It is not put in line first."""
        job = await stage.queued()
        await stage.lose(job)
        await stage.both.jobs.want_cancelled(job.id, owner=None)
        await write_history(stage.both)
        await stage.reconciler.look()
        assert await stage.hash_of(job) == {}
        await stage.heal()
        assert (await stage.row(job))["state"] == "cancelled"

    async def test_waiting_it_is_cancelled(self, stage: Stage) -> None:
        """Redis had not heard of the wish."""
        job = await stage.queued()
        await stage.both.jobs.want_cancelled(job.id, owner=None)
        await stage.heal()
        assert (await stage.row(job))["state"] == "cancelled"

    async def test_running_its_worker_is_told(self, stage: Stage) -> None:
        """By its next renewal at the latest."""
        job = await stage.queued()
        await stage.claim()
        await stage.both.jobs.want_cancelled(job.id, owner=None)
        await stage.heal()
        assert (await stage.hash_of(job))["cx"] == "1"
        assert (await stage.row(job))["state"] == "running"

    async def test_an_earlier_run_goes_with_it(self, stage: Stage) -> None:
        """Neither of them starts any more."""
        job = await stage.queued()
        await stage.database.execute("UPDATE jobs SET run = 2")
        await stage.both.jobs.want_cancelled(job.id, owner=None)
        await write_history(stage.both)
        await stage.reconciler.look()
        await stage.heal()
        row = await stage.row(job)
        assert (row["state"], row["run"]) == ("cancelled", 2)
        assert await stage.hash_of(job) == {}
        assert await stage.redis.zcard(keys.queue(QUEUE)) == 0

    async def test_an_earlier_run_goes_though_the_wish_is_told_first(self, stage: Stage) -> None:
        """Before anybody has looked for what Redis has of it."""
        job = await stage.queued()
        await stage.database.execute("UPDATE jobs SET run = 2")
        await stage.both.jobs.want_cancelled(job.id, owner=None)
        await stage.recoverer.look_for_wishes()
        assert await stage.hash_of(job) == {}
        await write_history(stage.both)
        row = await stage.row(job)
        assert (row["state"], row["run"]) == ("cancelled", 2)

    async def test_a_later_run_in_redis_is_not_cancelled(self, stage: Stage) -> None:
        """PostgreSQL went back in time: the wish was for the run before the retry by hand."""
        job = await stage.queued()
        await stage.enqueue(await _rerun(stage, job))
        await stage.database.execute("UPDATE jobs SET run = 1, state = 'queued', version = 0, finished_at = NULL")
        await stage.both.jobs.want_cancelled(job.id, owner=None)
        await stage.lose_events()
        await stage.heal()
        await stage.heal()
        row = await stage.row(job)
        assert (row["run"], row["state"], row["cancel_requested_at"]) == (2, "queued", None)

    async def test_an_end_that_was_there_first_wins(self, stage: Stage) -> None:
        """Whatever it says."""
        job = await stage.queued()
        await stage.finish(await stage.claim())
        await stage.both.jobs.want_cancelled(job.id, owner=None)
        await stage.lose_events()
        await stage.heal()
        assert (await stage.row(job))["state"] == "succeeded"


class TestEnded:
    """PostgreSQL has the end of a run."""

    async def test_gone_from_redis_nothing_happens(self, stage: Stage) -> None:
        """They agree."""
        job = await stage.queued()
        await stage.finish(await stage.claim())
        await stage.heal()
        before = dict(await stage.row(job))
        await stage.heal()
        assert dict(await stage.row(job)) == before
        assert await stage.hash_of(job) == {}

    @pytest.mark.parametrize("run", [1, 2])
    async def test_still_in_redis_it_is_forgotten_there(self, stage: Stage, run: int) -> None:
        """Redis went back in time; `run` is the one that PostgreSQL has the end of. A late enqueue is refused."""
        job = await stage.queued()
        await stage.database.execute("UPDATE jobs SET run = $1, state = 'succeeded', finished_at = now()", run)
        ends = await stage.both.jobs.ended_since(job.accepted_at, after="", limit=10)
        assert await stage.both.remains.forget(ends) == 1
        assert await stage.both.remains.forget(ends) == 0
        assert await stage.hash_of(job) == {}
        assert await stage.redis.exists(keys.line(QUEUE, "ann"), keys.queue(QUEUE), keys.PAYLOAD + job.id) == 0
        await stage.enqueue(replace(job, run=run))
        assert await stage.hash_of(job) == {}

    async def test_a_later_run_in_redis_stays_and_becomes_the_rows(self, stage: Stage) -> None:
        """PostgreSQL went back in time, to before the retry by hand."""
        job = await stage.queued()
        await stage.enqueue(await _rerun(stage, job))
        await stage.database.execute(
            "UPDATE jobs SET run = 1, state = 'cancelled', finished_at = now(), cancel_requested_at = now()"
        )
        await stage.lose_events()
        ends = await stage.both.jobs.ended_since(job.accepted_at, after="", limit=10)
        assert await stage.both.remains.forget(ends) == 0
        await stage.heal()
        await stage.heal()
        row = await stage.row(job)
        assert (row["run"], row["state"], row["finished_at"]) == (2, "queued", None)
