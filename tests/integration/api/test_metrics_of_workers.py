"""/metrics of workers: of one that was killed, of one that was stopped, and of a loop that somebody keeps."""

import signal
import time
from functools import partial

import httpx
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.presence import Presence
from tests.support.conditions import eventually, reaches
from tests.support.metrics import Samples, scrape, value_of
from tests.support.processes import worker_process
from tests.support.site import running_worker, submit

SILENT = "switchyard_worker_silent_seconds"


def workers_of(samples: Samples) -> tuple[float, ...]:
    """Give how many are alive, missing and replaced."""
    return tuple(value_of(samples, "switchyard_workers", state=state) for state in ("alive", "missing", "replaced"))


async def pass_time(redis: Redis, seconds: float) -> None:
    """Let all workers have given their last sign so much longer ago."""
    for name in await redis.zrange(keys.WORKERS, 0, -1):
        await redis.zincrby(keys.WORKERS, -1000 * seconds, name)


async def names_of(redis: Redis, *, leaving: bool = False) -> list[str]:
    """Give the workers that Redis knows, or those of them that are stopping."""
    sightings = await Presence(redis).muster()
    return [sighting.worker.name for sighting in sightings if sighting.worker.is_leaving or not leaving]


async def test_a_worker_that_is_killed_is_missing_until_another_is_there(
    web: httpx.AsyncClient, environ: dict[str, str], redis_url: str
) -> None:
    """And is shown for an hour in any case."""
    async with Redis.from_url(redis_url) as redis:
        async with worker_process(environ) as worker:
            (name,) = await eventually(partial(names_of, redis))
            alive = await scrape(web)
            await worker.kill()
        assert workers_of(alive) == (1, 0, 0)
        assert 0 <= value_of(alive, SILENT, worker=name) < 15
        await pass_time(redis, 20)
        killed = await scrape(web)
        assert workers_of(killed) == (0, 1, 0)
        assert value_of(killed, SILENT, worker=name) >= 20
        async with worker_process(environ):

            async def is_replaced() -> bool:
                return workers_of(await scrape(web)) == (1, 0, 1)

            await eventually(is_replaced)
            assert frozenset({("worker", name)}) not in (await scrape(web))[SILENT]
        await pass_time(redis, 3600)
        assert workers_of(await scrape(web)) == (0, 0, 0)


async def test_a_worker_that_was_stopped_is_not_missed(
    web: httpx.AsyncClient, environ: dict[str, str], redis_url: str
) -> None:
    """Nor one that is killed while it is stopping."""
    async with Redis.from_url(redis_url) as redis:
        async with running_worker(environ):
            await eventually(partial(names_of, redis))
        assert workers_of(await scrape(web)) == (0, 0, 0)
        async with worker_process(environ) as worker:
            job = await submit(web, "diag.sleep", {"seconds": 60})
            await reaches(web, job["id"], "running")
            worker.send(signal.SIGTERM)
            await eventually(partial(names_of, redis, leaving=True))
            assert workers_of(await scrape(web)) == (1, 0, 0)
            await worker.kill()
        await pass_time(redis, 20)
        samples = await scrape(web)
    assert workers_of(samples) == (0, 0, 0)
    assert SILENT not in samples


async def test_a_loop_that_a_job_keeps_is_seen(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """With the next sign that its worker gives; and that of the web process when it answers."""
    async with worker_process(environ):
        await submit(web, "diag.block", {"seconds": 0.8})

        async def is_seen() -> bool:
            return max((await scrape(web)).get("switchyard_worker_loop_lag_seconds", {"": 0.0}).values()) >= 0.6

        await eventually(is_seen)
    time.sleep(0.5)  # noqa: ASYNC251  that keeps the loop in which the application runs
    assert value_of(await scrape(web), "switchyard_web_loop_lag_seconds") >= 0.3
