"""Redis takes the news of a retry for a fault of ours: that is told, and the job comes to its end all the same."""

import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.context import JobContext
from jobs.registry import Task
from tests.support.conditions import eventually
from tests.support.site import end_of, running_web, running_worker, submit

pytestmark = pytest.mark.usefixtures("stores_stay")


async def test_a_run_whose_retry_cannot_be_told_is_not_kept(
    environ: dict[str, str], redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its lease runs out, long before its time would be over, and a worker takes it up again."""
    async with Redis.from_url(redis_url) as redis:
        scores: list[bytes] = []

        async def spoil(context: JobContext) -> int:
            """Let its own hash be none that a script could read, and fail; the second time, end well."""
            hash_of = keys.JOB + context.job.id
            if scores:
                return 1
            scores.append(await redis.hget(hash_of, "s"))
            await redis.hset(hash_of, "s", "no number")
            raise RuntimeError

        task = Task(name="test.spoil", function=spoil, queue="data_sync", timeout_s=600)
        async with running_web(environ, task) as web, running_worker(environ, task):
            job = await submit(web, task.name)

            async def is_told() -> bool:
                return "try_not_told" in caplog.text

            await eventually(is_told)
            await redis.hset(keys.JOB + job["id"], "s", scores[0].decode())
            ended = await end_of(web, job["id"])
    assert (ended["state"], ended["result"]) == ("succeeded", 1)
