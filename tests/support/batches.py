"""Batches over HTTP, for tests that need one that is accepted or has ended."""

from typing import Any

import httpx

from tests.support.conditions import eventually
from tests.support.site import Json

Jobs = list[dict[str, object]]


def noops(amount: int, **more: object) -> Jobs:
    """Ask for so many jobs that do nothing."""
    return [{"task": "diag.noop", "args": {}, **more} for _ in range(amount)]


async def submit_batch(client: httpx.AsyncClient, jobs: Jobs, **more: object) -> Any:  # noqa: ANN401  JSON
    """Submit a batch that must be accepted; give it."""
    answer = await client.post("/api/batches", json={"jobs": jobs, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


async def end_of_batch(client: httpx.AsyncClient, batch_id: str, *, within_s: float = 20.0) -> Any:  # noqa: ANN401  JSON
    """Wait for a batch's end; give the batch."""

    async def ended() -> Json | None:
        batch: Json = (await client.get(f"/api/batches/{batch_id}")).json()
        return batch if batch["finished_at"] is not None else None

    return await eventually(ended, within_s=within_s)
