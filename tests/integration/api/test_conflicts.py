"""Every operation that may be refused by the state of things: told so, by a problem, and nothing changed."""

import httpx
import pytest
from redis.asyncio import Redis

from jobs.stores.database import Database
from tests.support.conflicts import STATES, Ground
from tests.support.openapi import operations
from tests.support.snapshot import snapshot_of

CONFLICT = "409"


def test_each_operation_that_knows_conflicts_has_a_state_here() -> None:
    """The document says which these are."""
    assert {one.name for one in operations() if CONFLICT in one.told["responses"]} == STATES.keys()


@pytest.mark.parametrize("name", STATES)
async def test_what_the_state_of_things_forbids_is_refused(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database, redis: Redis, redis_url: str, name: str
) -> None:
    """409, a problem that says why, and what there was is as it was."""
    on = Ground(web=web, database=database, redis=redis, environ=environ)
    async with STATES[name](on) as refused:
        before = await snapshot_of(database, redis_url)
        for bad in refused:
            answer = await web.request(bad.method, bad.path, **bad.sent)
            assert (answer.status_code, answer.json()["type"]) == (bad.status, bad.type), bad.why
            assert answer.json()["detail"], bad.why
            assert await snapshot_of(database, redis_url) == before, bad.why
