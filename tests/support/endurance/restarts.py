"""Workers are replaced one by one under load, as a deployment does it: no job fails, and none pays a try."""

import asyncio
import signal
from contextlib import AsyncExitStack
from itertools import cycle

from jobs.model import State
from tests.support.bed import Bed, sleeping
from tests.support.endurance.leases import with_lease
from tests.support.figures import Figures

_SLOTS = 20
_EVERY_S = 0.1
_LONG_S = 2.0
_OWNERS = 7


async def restart_workers(bed: Bed, *, times: int) -> Figures:
    """Replace the older of two workers so often, while jobs are submitted without pause; give the figures.

    The workers have too little time to drain: what takes long is handed back. Nothing waits for a lease to run out.
    """
    bed = with_lease(bed, lease_ms=6_000, renew_ms=1_000)
    enough = asyncio.Event()
    submitting = asyncio.create_task(_submit(bed, enough))
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(bed.worker(_SLOTS, JOBS_DRAIN_S="0.3")) for _ in range(2)]
        for _ in range(times):
            workers.append(await stack.enter_async_context(bed.worker(_SLOTS, JOBS_DRAIN_S="0.3")))
            oldest = workers.pop(0)
            await _until_long_run_on(bed, oldest.pid)
            oldest.send(signal.SIGTERM)
            assert await oldest.ends(within_s=10) == 0, oldest.lines
        enough.set()
        jobs = await submitting
        await bed.trail.until_ended(jobs, within_s=60)
        rows = await bed.until_written(within_s=20)
    assert {(row["state"], row["tries"]) for row in rows.values()} == {(State.SUCCEEDED, 1)}
    tally = await bed.tally()
    assert tally.lost == 0
    assert tally.handed_back >= times
    await bed.assert_settled()
    return {
        "restarts": f"{times}",
        "jobs": f"{len(jobs)}",
        "handed back": f"{tally.handed_back}",
        "failed": "0",
        "tries used up": "0",
    }


async def _submit(bed: Bed, enough: asyncio.Event) -> list[str]:
    """Submit jobs until it is enough, mostly short ones and a long one each time; give them."""
    jobs: list[str] = []
    owners = cycle(f"owner {number}" for number in range(_OWNERS))
    while not enough.is_set():
        owner = next(owners)
        jobs += await bed.submit([sleeping(_LONG_S, owner=owner, priority=10), *[sleeping(0.05, owner=owner)] * 5])
        await asyncio.sleep(_EVERY_S)
    return jobs


async def _until_long_run_on(bed: Bed, worker: int) -> None:
    """Wait until a worker has jobs that it cannot end."""

    def some_run() -> bool:
        newest_ms = max((step.at_ms for step in bed.trail.claims), default=0)
        mine = [step for step in bed.trail.running.values() if step.worker == worker]
        return sum(100 < newest_ms - step.at_ms < 1000 * _LONG_S / 2 for step in mine) >= 2

    await bed.trail.until(some_run, within_s=20, what=f"long jobs run on {worker}")
