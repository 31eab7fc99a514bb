"""/readyz names what does not do what it should, though the process goes on accepting jobs."""

import httpx

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.site import running_web, running_worker


async def _degraded(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    degraded: list[str] = answer.json()["degraded"]
    return degraded


async def test_a_site_without_workers_and_stewards_says_so(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """Each queue that its tasks name must have a worker, and somebody must compare the stores; then all is well."""
    lacking = ["steward", "queue.data_sync", "queue.data_processing", "queue.scheduled"]
    assert await _degraded(web) == lacking
    async with running_worker(environ):

        async def is_well() -> bool:
            return not await _degraded(web)

        await eventually(is_well)

    async def is_known_again() -> bool:
        return await _degraded(web) == lacking[1:]  # the steward counts for as long as another would take

    await eventually(is_known_again)


async def test_a_steward_that_stands_still_is_told_of(
    site: httpx.AsyncClient, database: Database, environ: dict[str, str]
) -> None:
    """Though a process has the lease, as one does that was stopped."""

    async def is_well() -> bool:
        return not await _degraded(site)

    await eventually(is_well)
    # Nobody can take the lease, and the last comparison is of a minute ago.
    await database.execute(
        "UPDATE site SET tick = tick - 60000, steward = 'stopped', steward_until = now() + interval '1 hour'"
    )
    async with running_web(environ) as another:
        assert await _degraded(another) == ["steward"]
