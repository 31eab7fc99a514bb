"""A submission that is sent again makes no second job, whatever the stores did meanwhile."""

import httpx

from tests.chaos.outages import hung, stopped
from tests.support.servers import Servers

_JOB = {"task": "diag.noop", "args": {}}


async def _post(client: httpx.AsyncClient, body: object = _JOB, *, path: str = "/api/jobs") -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": "k"})


async def test_a_repetition_that_redis_did_not_answer_leaves_the_first_s_key(
    web: httpx.AsyncClient, servers: Servers
) -> None:
    """PostgreSQL is away, and Redis hangs until the repetition is given up: the key still stands for the first."""
    async with stopped(servers.postgres):
        first = await _post(web)
        async with hung(servers.redis):
            refused = await _post(web)
        again = await _post(web)
    assert refused.status_code == 503
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json() == first.json()
