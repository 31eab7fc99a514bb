"""Shipped schedules that are run out of turn."""

from typing import Any

import httpx

from tests.support.site import end_of


async def started_now(client: httpx.AsyncClient, schedule: str) -> Any:  # noqa: ANN401  JSON
    """Run a schedule out of turn; give its job."""
    answer = await client.post(f"/api/schedules/{schedule}/run")
    assert answer.status_code == 202, answer.text
    return answer.json()


async def ran_now(client: httpx.AsyncClient, schedule: str) -> Any:  # noqa: ANN401  JSON
    """Run a schedule out of turn, to its end; give the job."""
    return await end_of(client, (await started_now(client, schedule))["id"])
