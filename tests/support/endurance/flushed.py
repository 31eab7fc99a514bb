"""Redis is emptied while jobs wait, are parked, back off, are scheduled and run: all of them end, by themselves."""

import time
from collections import Counter
from contextlib import AsyncExitStack

from jobs import keys
from jobs.model import State
from jobs.stores.database import Row
from tests.support.bed import Bed, Wanted, sleeping
from tests.support.conditions import eventually
from tests.support.endurance.leases import with_lease
from tests.support.figures import Figures
from tests.support.leaks import assert_nobody_has_anything

LIMIT = 30  # to be set as what each owner may run

_WORKERS = 3
_SLOTS = 20
_LONG = 20
_FAILS = 6  # so often does one that fails, which takes it some seconds: some are to be seen between two tries
_PAUSED = "data_processing"


def _wanted(jobs: int, *, runs_s: float) -> list[Wanted]:
    """Want so many jobs of all kinds. The long ones have to be running when it happens."""
    part = jobs // 10
    return [
        *[sleeping(runs_s, owner=f"long {number % 4}", priority=10) for number in range(_LONG)],
        *[Wanted(task="diag.fail", args={"times": _FAILS}, max_tries=_FAILS + 2, owner="failing", priority=10)] * part,
        *[Wanted(owner="later", delay_s=2 * runs_s)] * (2 * part),
        *[sleeping(1.0, owner="parked", priority=8)] * (2 * part),
        *[sleeping(0.05, owner="waiting", priority=(1, 9)[number % 2]) for number in range(5 * part - _LONG)],
    ]


async def flush_redis(bed: Bed, *, jobs: int, runs_s: float) -> Figures:
    """Empty Redis under so many jobs, of which some run for `runs_s` seconds; give the figures.

    Nothing waits for a lease to run out.
    """
    bed = with_lease(bed, lease_ms=6_000, renew_ms=1_000)
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(bed.worker(_SLOTS)) for _ in range(_WORKERS)]
        await bed.database.execute("INSERT INTO paused_queues (queue, paused_by) VALUES ($1, 'test')", _PAUSED)
        await eventually(lambda: _is_paused(bed), within_s=20)
        wanted = _wanted(jobs, runs_s=runs_s)
        long = await bed.submit(wanted[:_LONG])
        await bed.trail.until_running(long, within_s=20)
        ids = long + await bed.submit(wanted[_LONG:])
        await eventually(lambda: _is_mixed(bed), within_s=20)
        before = await bed.redis.hget(keys.PAUSED, _PAUSED)  # type: ignore[misc]
        epoch = await bed.redis.get(keys.EPOCH)
        await bed.trail.catch_up()
        began = time.monotonic()
        ended_before, running = set(bed.trail.ended), set(bed.trail.running)
        await bed.redis.flushall()
        await eventually(lambda: _is_rebuilt(bed, epoch), within_s=60)
        rebuilt_s = time.monotonic() - began
        rows = await bed.until_written(within_s=60 + 4 * runs_s + jobs / 20)
        settled_s = time.monotonic() - began
        await bed.trail.catch_up()
        assert all(worker.runs for worker in workers), [worker.lines[-5:] for worker in workers if not worker.runs]
    await assert_nobody_has_anything(bed.redis)
    again = _started_again(bed, rows)
    _assert_as_wanted(dict(zip(ids, wanted, strict=True)), rows)
    assert await bed.redis.hget(keys.PAUSED, _PAUSED) == before  # type: ignore[misc]
    assert not again & set(long), "a job that ran on was started again"
    noted = await bed.database.fetch("SELECT job_id FROM ends")
    assert Counter(row["job_id"] for row in noted) == Counter(ids), "not every job has ended once"
    return {
        "jobs": f"{len(ids):,}",
        "ended before": f"{len(ended_before):,}",
        "running then": f"{len(running)}",
        "lease, s": f"{bed.lease_s:g}",
        "lost": "0",
        "ended twice in PostgreSQL": "0",
        "started again": f"{len(again)}",
        "in line again after, s": f"{rebuilt_s:.1f}",
        "all ended after, s": f"{settled_s:.1f}",
    }


def _assert_as_wanted(wanted: dict[str, Wanted], rows: dict[str, Row]) -> None:
    """Expect that each has succeeded as what it was submitted as, and that the urgent went first."""
    assert {row["state"] for row in rows.values()} == {State.SUCCEEDED}
    for job, one in wanted.items():
        assert (rows[job]["owner"], rows[job]["priority"]) == (one.owner, one.priority)
    started = [row for row in rows.values() if row["started_at"] is not None]  # of some, that was lost
    waiting = [row for row in started if row["owner"] == "waiting"]
    urgent = sorted(row["started_at"] for row in waiting if row["priority"] == 9)
    others = sorted(row["started_at"] for row in waiting if row["priority"] == 1)
    assert urgent[len(urgent) // 2] < others[len(others) // 2]
    assert all(row["started_at"] >= row["run_at"] for row in started if row["run_at"] is not None)


def _started_again(bed: Bed, rows: dict[str, Row]) -> set[str]:
    """Give the jobs that were started more often than their tries tell, on either side of the loss."""
    allowed = {job: 1 + _FAILS * (row["task"] == "diag.fail") for job, row in rows.items()}
    return {job for job in rows if len(bed.trail.claims_of(job)) > allowed[job]}


async def _is_mixed(bed: Bed) -> bool:
    """Say whether there are jobs of all kinds, as far as PostgreSQL knows."""
    row = await bed.database.fetch_row(
        "SELECT count(DISTINCT state) AS states FROM jobs WHERE finished_at IS NULL AND state <> 'accepted'"
    )
    return row is not None and row["states"] == 4 and bool(await bed.redis.exists(keys.PARKED_OWNERS))


async def _is_paused(bed: Bed) -> bool:
    return bool(await bed.redis.hexists(keys.PAUSED, _PAUSED))  # type: ignore[misc]


async def _is_rebuilt(bed: Bed, before: bytes) -> bool:
    row = await bed.database.fetch_row("SELECT epoch, rebuilt_at FROM site")
    return row is not None and row["rebuilt_at"] is not None and row["epoch"].encode() != before
