"""No owner runs more at once than he may, over several workers, whatever happens; the others wait, and say why."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs import keys
from jobs.model import State
from jobs.quota import Overrides, Tier
from jobs.stores.database import Database
from tests.support.bed import SHORT_LEASE, Bed, Wanted, bed_of, sleeping
from tests.support.conditions import PATIENCE_S, eventually
from tests.support.leaks import assert_nobody_has_anything
from tests.support.site import running_web

_WORKERS = 3
_SLOTS = 30
_MOST = {"ann": 10, "pia": 20, "own": 3}  # normal, premium, and a number of one's own
_AT_ONCE_S = 1.0


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine on a test bed, with the numbers that stand in the settings' table."""
    settings = {name: value for name, value in environ.items() if name != "JOBS_QUOTAS"}
    tasks = {"JOBS_TASKS": "tests.support.tasks:TASKS"}
    async with bed_of({**settings, **SHORT_LEASE, **tasks}, database) as bed:
        await bed.quotas.set("pia", Tier.PREMIUM)
        await bed.quotas.set("own", Tier.ADMIN, Overrides(max_running=3))
        await bed.quotas.set("nobody", Tier.ANONYMOUS)
        yield bed


@pytest.fixture
async def web(bed: Bed) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a web process beside it."""
    async with running_web(bed.environ) as client:
        yield client


async def _workers(bed: Bed, stack: AsyncExitStack) -> None:
    for _ in range(_WORKERS):
        await stack.enter_async_context(bed.worker(_SLOTS))


def _awaiting(file: Path, **more: Any) -> Wanted:  # noqa: ANN401  the fields of Wanted
    """Want a job that runs until there is this file."""
    return Wanted(task="test.await_file", args={"path": str(file)}, **more)


async def _waits_for_others_of_its_owner(web: httpx.AsyncClient, job: str) -> None:
    """Wait until a job says so: it is behind others until a claim has found that its owner may run no more."""

    async def says_so() -> bool:
        waiting = (await web.get(f"/api/jobs/{job}")).json()["waiting"]
        return waiting is not None and waiting["reason"] == "owner_limit"

    await eventually(says_so)


async def test_each_runs_as_many_as_he_may(bed: Bed, web: httpx.AsyncClient, tmp_path: Path) -> None:
    """By the trail of all claims and ends; who may run none waits, says so, and hinders nobody."""
    enough = tmp_path / "enough"
    async with AsyncExitStack() as stack:
        await _workers(bed, stack)
        (idle,) = await bed.submit([sleeping(0.1, owner="nobody")])
        first = await bed.submit(_awaiting(enough, owner=owner) for owner in _MOST for _ in range(_MOST[owner]))
        others = await bed.submit(sleeping(0.3, owner=owner) for owner in _MOST for _ in range(2 * _MOST[owner]))
        await bed.trail.until_running(first, within_s=PATIENCE_S)
        await _waits_for_others_of_its_owner(web, idle)
        await _waits_for_others_of_its_owner(web, others[-1])
        enough.touch()
        await bed.trail.until_ended([*first, *others], within_s=20)
        assert dict(bed.trail.most_running) == _MOST
        assert idle not in bed.trail.running
        await web.patch("/api/quota/nobody", json={"max_running": 1})
        answered_ms = 1000 * time.time()
        await bed.trail.until_ended([idle], within_s=PATIENCE_S)
        assert bed.trail.ended[idle].at_ms - answered_ms <= 1000 * _AT_ONCE_S
        await bed.until_written(within_s=20)
    await bed.assert_settled()


async def test_a_change_is_in_force_at_once(bed: Bed, web: httpx.AsyncClient, tmp_path: Path) -> None:
    """Lowered to none, nothing more starts, and what runs ends; raised, exactly so many start within a moment."""
    lowered, raised = tmp_path / "lowered", tmp_path / "raised"
    async with AsyncExitStack() as stack:
        await _workers(bed, stack)
        first = await bed.submit([_awaiting(lowered, owner="ann")] * _MOST["ann"])
        others = await bed.submit([sleeping(0.2, owner="ann")] * 165)
        await bed.trail.until_running(first, within_s=PATIENCE_S)
        assert (await web.patch("/api/quota/ann", json={"max_running": 5})).status_code == 404
        lowered.touch()  # some end, and others start, just when none may any more
        await bed.quotas.set("ann", Tier.NORMAL, Overrides(max_running=0))
        answered_ms = 1000 * time.time()
        await bed.trail.until(lambda: not bed.trail.running, within_s=PATIENCE_S, what="none runs")
        assert all(claim.at_ms <= answered_ms for claim in bed.trail.claims)
        left = [job for job in others if job not in bed.trail.ended]
        assert left
        await _waits_for_others_of_its_owner(web, left[0])
        next_ones = await bed.submit([_awaiting(raised, owner="ann", priority=10)] * 25)
        assert (await web.patch("/api/quota/ann", json={"max_running": 25})).status_code == 200
        answered_ms = 1000 * time.time()
        await bed.trail.until_running(next_ones, within_s=PATIENCE_S)
        started_ms = max(bed.trail.claims_of(job)[0].at_ms for job in next_ones)
        assert started_ms - answered_ms <= 1000 * _AT_ONCE_S
        raised.touch()
        await bed.trail.until_ended(bed.trail.owners, within_s=20)
        assert bed.trail.most_running["ann"] == 25
        await bed.until_written(within_s=20)
    await bed.assert_settled()


async def test_an_emptied_redis_lets_nobody_run_more(bed: Bed, web: httpx.AsyncClient) -> None:
    """His own number is back before his jobs are: what ran goes on, and no more than so many ever run at once."""
    async with AsyncExitStack() as stack:
        await _workers(bed, stack)
        wanted = [sleeping(3.0, owner="own")] * 3 + [sleeping(0.2, owner="own")] * 30 + [Wanted(owner="nobody")]
        jobs = await bed.submit(wanted)
        await bed.trail.until_running(jobs[:3], within_s=5)
        epoch = await bed.redis.get(keys.EPOCH)
        await bed.redis.flushall()

        async def is_rebuilt() -> bool:
            return await bed.redis.get(keys.EPOCH) not in {None, epoch} and not await bed.redis.exists(keys.HOLD)

        await eventually(is_rebuilt, within_s=30)
        assert await bed.redis.hget(keys.LIMITS, "own") == b"3"  # type: ignore[misc]
        await bed.trail.until_ended(jobs[:-1], within_s=40)
        assert bed.trail.most_running["own"] == 3
        assert (await web.get("/api/quota", params={"owner": "own"})).json()["used"] == 0
        assert jobs[-1] not in bed.trail.running
        await web.patch("/api/quota/nobody", json={"max_running": 1})
        rows = await bed.until_written(within_s=20)
    assert {row["state"] for row in rows.values()} == {State.SUCCEEDED}
    await assert_nobody_has_anything(bed.redis)
