"""Waiting for what a test has no signal for: asked again and again, with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx

_AGAIN_S = 0.02
PATIENCE_S = 30.0  # how long a test waits for what takes less than a second on an idle machine

Found = TypeVar("Found")


async def eventually(look: Callable[[], Awaitable[Found | None]], *, within_s: float = PATIENCE_S) -> Found:
    """Give what `look` finds as soon as it finds anything; AssertionError where that is not in time."""
    clock = asyncio.get_running_loop().time
    until = clock() + within_s
    while not (found := await look()):
        assert clock() < until, f"not within {within_s:g} s: {look}"
        await asyncio.sleep(_AGAIN_S)
    return found


async def reaches(client: httpx.AsyncClient, job_id: str, *states: str, within_s: float = PATIENCE_S) -> Any:  # noqa: ANN401  JSON
    """Wait until a job is in one of these states; give the job."""
    job: Any = None

    async def look() -> bool:
        nonlocal job
        answer = await client.get(f"/api/jobs/{job_id}")
        job = answer.json()
        return answer.status_code == httpx.codes.OK and job["state"] in states

    try:
        await eventually(look, within_s=within_s)
    except AssertionError:
        raise AssertionError(f"not {' or '.join(states)} within {within_s:g} s: {job}") from None
    return job


async def written(client: httpx.AsyncClient, job_id: str) -> Any:  # noqa: ANN401  JSON
    """Wait until the history has the last try of a job, and that try is over; give the job.

    A try that goes on has a worker too, but those before it may not be in the history yet. That one is over Redis may
    tell first, but neither when nor by which error.
    """

    async def look() -> Any:  # noqa: ANN401  JSON
        job = (await client.get(f"/api/jobs/{job_id}")).json()
        last = job["attempts"][-1] if job["attempts"] else {}
        is_whole = all(last.get(name) is not None for name in ("worker", "outcome", "finished_at"))
        return job if is_whole else None

    return await eventually(look)
