"""/metrics of queues, stewards and stores: what each series is there to show, on a real site that is in this state."""

import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from app.state import Deps
from jobs.stores.arrears import MOST_COUNTED
from jobs.stores.database import Database
from tests.support.conditions import eventually, reaches
from tests.support.metrics import Samples, scrape, value_of
from tests.support.site import SLOTS, client_of, quotas, running_app, running_web, running_worker, submit

QUEUE = "data_sync"
_ACCEPTED = """
INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at)
SELECT number::text, 't', 'q', 'ann', 'accepted', 5, '{}', '{}', 5, 300, now() - make_interval(secs => $2)
FROM generate_series(1, $1) AS number
"""


def of_queue(samples: Samples, name: str, **labels: str) -> float:
    """Give a series of the queue."""
    return value_of(samples, f"switchyard_queue_{name}", queue=QUEUE, **labels)


def jobs_of(samples: Samples) -> dict[str, float]:
    """Give the queue's unfinished jobs by state."""
    states = ("ready", "delayed", "running", "parked")
    return {state: of_queue(samples, "jobs", state=state) for state in states}


async def test_a_queue_that_rests_and_what_waits_there_are_seen(site: httpx.AsyncClient) -> None:
    """Until it goes on: then nothing waits."""
    before = await scrape(site)
    assert of_queue(before, "paused") == of_queue(before, "oldest_wait_seconds") == 0
    await site.post(f"/api/queues/{QUEUE}/pause")
    job = await submit(site, "diag.noop")
    await submit(site, "diag.noop", delay_s=600)
    during = await scrape(site)
    assert of_queue(during, "paused") == 1
    assert jobs_of(during) == {"ready": 1, "delayed": 1, "running": 0, "parked": 0}
    assert of_queue(await scrape(site), "oldest_wait_seconds") > 0
    await site.post(f"/api/queues/{QUEUE}/resume")
    await reaches(site, job["id"], "succeeded")
    after = await scrape(site)
    assert of_queue(after, "paused") == of_queue(after, "oldest_wait_seconds") == 0

    async def nothing_runs() -> bool:
        return jobs_of(await scrape(site)) == {"ready": 0, "delayed": 1, "running": 0, "parked": 0}

    await eventually(nothing_runs)  # the job may have run when the worker last said how it is


async def test_what_runs_and_what_its_owner_s_limit_keeps_back_is_seen(environ: dict[str, str]) -> None:
    """With who runs it; a queue that nobody serves has neither slots nor workers."""
    environ = {**environ, **quotas(running=1)}
    async with running_web(environ) as client:
        nobody = await scrape(client)
        assert of_queue(nobody, "slots") == of_queue(nobody, "workers") == 0
        async with running_worker(environ):
            jobs = [await submit(client, "diag.sleep", {"seconds": 60}) for _ in range(2)]

            async def is_seen() -> bool:
                return jobs_of(await scrape(client)) == {"ready": 0, "delayed": 0, "running": 1, "parked": 1}

            await eventually(is_seen)
            samples = await scrape(client)
            assert (of_queue(samples, "slots"), of_queue(samples, "workers")) == (SLOTS[QUEUE], 1)
            for job in reversed(jobs):
                await client.post(f"/api/jobs/{job['id']}/cancel", params={"wait_s": 10})


async def test_a_site_without_a_steward_is_seen(environ: dict[str, str], database: Database) -> None:
    """From the start, and from when its last one has gone."""
    async with running_web(environ) as client:
        assert value_of(await scrape(client), "switchyard_steward_tick_age_seconds") == math.inf
        async with running_worker(environ):

            async def has_compared() -> bool:
                return value_of(await scrape(client), "switchyard_steward_tick_age_seconds") < math.inf

            await eventually(has_compared)
        await database.execute("UPDATE site SET tick = tick - 100000")
        assert value_of(await scrape(client), "switchyard_steward_tick_age_seconds") >= 100


@pytest.mark.parametrize(
    ("amount", "age_s", "shown"), [(3, 60, 3), (3, 0, 0), (MOST_COUNTED + 5, 60, MOST_COUNTED)], ids=str
)
async def test_jobs_that_are_not_in_line_are_seen(
    web: httpx.AsyncClient, database: Database, amount: int, age_s: float, shown: int
) -> None:
    """Once they should be; counted up to a bound."""
    await database.execute(_ACCEPTED, amount, age_s)
    assert value_of(await scrape(web), "switchyard_jobs_not_enqueued") == shown


@asynccontextmanager
async def parts_and_client(environ: dict[str, str]) -> AsyncIterator[tuple[Deps, httpx.AsyncClient]]:
    """Run the application; give its parts and a client."""
    parts: list[Deps] = []

    def keep(deps: Deps) -> Deps:
        parts.append(deps)
        return deps

    async with running_app(environ, changed=keep) as app, client_of(app) as client:
        yield parts[0], client


async def test_connections_that_somebody_has_borrowed_are_seen(environ: dict[str, str]) -> None:
    """Beside those at hand, and how many there may be."""
    async with parts_and_client({**environ, "APP_DATABASE_CONNECTIONS": "4"}) as (deps, client):
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(deps.database.connect())
            during = await scrape(client)
        after = await scrape(client)
    postgresql = {"store": "postgresql"}
    assert value_of(during, "switchyard_pool_connections", **postgresql, state="used") == 2
    assert value_of(after, "switchyard_pool_connections", **postgresql, state="used") == 0
    assert value_of(after, "switchyard_pool_connections", **postgresql, state="idle") >= 2
    assert value_of(after, "switchyard_pool_size", **postgresql) == 4
    assert value_of(after, "switchyard_pool_connections", store="redis", state="idle") > 0
    assert value_of(after, "switchyard_pool_size", store="redis") == math.inf


async def test_what_redis_takes_and_how_soon_the_stores_answer_is_seen(web: httpx.AsyncClient) -> None:
    """The test's Redis has no bound of its own."""
    samples = await scrape(web)
    assert value_of(samples, "switchyard_redis_memory_bytes") > 0
    assert value_of(samples, "switchyard_redis_memory_max_bytes") == 0
    assert value_of(samples, "switchyard_redis_seconds") > 0
    assert value_of(samples, "switchyard_postgresql_seconds") > 0
