"""Why a job waits is told truly, and when it starts about as it was estimated."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from jobs.context import JobContext
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.stores.database import Database
from tests.support.bed import Bed, bed_of, sleeping
from tests.support.conditions import eventually
from tests.support.measuring import measured
from tests.support.site import SLOTS, quotas, running_web, running_worker, submit

_ESTIMATES = 1_000
_ASKED = 1_500  # some of them of jobs that start at once: on a slow machine, a fifth
_LINE, _LEAST = 1_000, 500  # jobs that wait
_WAIT_S = 0.5  # shorter waits are a matter of single claims


async def _later(_: JobContext) -> None:
    raise ValueError("not yet")


_SLOW = RetryPolicy(backoff=Backoff(base_s=60.0, floor=1.0))
_RARE = Task(name="test.rare", function=_later, queue="scheduled")
_PATIENT = Task(name="test.patient", function=_later, queue="scheduled", retry=_SLOW)


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine on a test bed."""
    async with bed_of(environ, database) as bed:
        yield bed


async def _reason(web: httpx.AsyncClient, job: Any) -> Any:  # noqa: ANN401  JSON
    answer = await web.get(f"/api/jobs/{job['id']}")
    waiting = answer.json()["waiting"]
    return waiting and waiting["reason"]


async def _turns(web: httpx.AsyncClient, job: Any, reason: str | None) -> Any:  # noqa: ANN401  JSON
    async def is_so() -> bool:
        return bool(await _reason(web, job) == reason)

    await eventually(is_so, within_s=15)
    return (await web.get(f"/api/jobs/{job['id']}")).json()["waiting"]


async def test_each_reason_is_told_where_it_holds(environ: dict[str, str], bed: Bed) -> None:
    """All eight, over HTTP, on a real site; and none for what runs or has ended."""
    environ.update(quotas(running=2))
    async with running_web(environ, _RARE, _PATIENT) as web:
        (stored,) = await bed.store([sleeping(0.01)])
        assert await _reason(web, {"id": stored.id}) == "not_enqueued"
        early = await submit(web, "diag.sleep", {"seconds": 0.01}, queue="scheduled")
        assert await _reason(web, early) == "no_worker"
        assert await _reason(web, await submit(web, "diag.noop", delay_s=60)) == "not_due"
        async with running_worker(environ, _PATIENT):
            await _turns(web, early, None)
            await _turns(web, await submit(web, "test.rare"), "unknown_task")
            await _turns(web, await submit(web, "test.patient"), "backoff")
            for _ in range(2):
                running = await submit(web, "diag.sleep", {"seconds": 30}, queue="data_processing")
                await _turns(web, running, None)
            limited = await _turns(web, await submit(web, "diag.noop"), "owner_limit")
            assert limited["estimated_start"] is None
            await bed.submit(
                [sleeping(30, owner=f"owner-{number}", priority=6) for number in range(SLOTS["data_sync"])]
            )
            (last,) = await bed.submit([sleeping(30, owner="late")])
            behind = await _turns(web, {"id": last}, "behind")
            assert behind["position"] == 1
            await web.post("/api/queues/data_sync/pause")
            await _turns(web, {"id": last}, "paused")
            await _cancel_rest(web, bed)


async def _cancel_rest(web: httpx.AsyncClient, bed: Bed) -> None:
    for row in await bed.database.fetch("SELECT id FROM jobs WHERE finished_at IS NULL"):
        await web.post(f"/api/jobs/{row['id']}/cancel", params={"wait_s": 0})


@pytest.mark.timeout(300)
async def test_most_estimates_are_within_a_factor_of_two(environ: dict[str, str], bed: Bed) -> None:
    """A thousand of them under a steady load: what was estimated to be left of a wait, and what was."""
    environ.update(quotas(running=1_000))
    async with running_web(environ) as web, bed.worker(20):
        ratios = await measured(lambda: _ratios(web, bed), _are_good)
    assert len(ratios) >= _ESTIMATES
    assert _are_good(ratios), sorted(ratios)[:: max(len(ratios) // 20, 1)]


def _are_good(ratios: Sequence[float]) -> bool:
    return len(ratios) >= _ESTIMATES and sum(0.5 <= ratio <= 2 for ratio in ratios) >= 0.8 * len(ratios)


async def _ratios(web: httpx.AsyncClient, bed: Bed) -> list[float]:
    """Ask about jobs in line while they are run; give by how much each estimated wait was longer than the real one."""
    estimates: list[tuple[str, datetime, datetime]] = []
    left = deque(await bed.submit([sleeping(0.2)] * _LINE))

    async def ask() -> None:
        while len(estimates) < _ASKED:
            if len(left) < _LEAST:
                left.extendleft(await bed.submit([sleeping(0.2)] * _LEAST))
            job_id = left.pop()
            asked = datetime.now(UTC)
            waiting = (await web.get(f"/api/jobs/{job_id}")).json()["waiting"]
            if waiting:
                left.appendleft(job_id)
            if waiting and waiting["estimated_start"]:
                estimates.append((job_id, asked, datetime.fromisoformat(waiting["estimated_start"])))

    await asyncio.gather(*(ask() for _ in range(4)))
    rows = await bed.until_written(within_s=60)
    ratios = []
    for job_id, asked, estimate in estimates:
        waited_s = (rows[job_id]["started_at"] - asked).total_seconds()
        if waited_s > _WAIT_S:
            ratios.append((estimate - asked).total_seconds() / waited_s)
    return ratios
