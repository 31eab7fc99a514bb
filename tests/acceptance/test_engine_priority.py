"""What is urgent overtakes, and no further than the score rule allows: with a real worker on real stores."""

import asyncio
from functools import partial
from itertools import count

from jobs.stores.database import Database
from tests.support.bed import Bed, Wanted, bed_of, sleeping

_STEP_MS = 2_000  # a busy machine lets nobody submit for more than a second now and then
_LEVELS = 9
_URGENT = 200  # that wait: more than two slots start while a busy machine lets nobody submit


async def test_a_most_urgent_job_starts_next(environ: dict[str, str], database: Database) -> None:
    """Behind 10,000 jobs of priority 5, somebody else's and the flooder's own: the next one to start is it."""
    async with bed_of(environ, database) as bed:
        flood = await bed.submit([sleeping(0.02, owner="flooder")] * 10_000)
        async with bed.worker(8):
            for owner in ("flooder", "somebody else"):
                more = len(bed.trail.claims) + 50
                await bed.trail.until(partial(_has_claims, bed, more), within_s=20, what="the flood runs")
                (urgent,) = await bed.submit([Wanted(owner=owner, priority=10)])
                await bed.trail.until_ended([urgent], within_s=10)
                enqueued, start = bed.trail.steps[urgent][0], bed.trail.claims_of(urgent)[0]
                between = [claim for claim in bed.trail.claims if enqueued.place < claim.place < start.place]
                assert between == []
        assert len(bed.trail.ended) < len(flood)


def _has_claims(bed: Bed, amount: int) -> bool:
    return len(bed.trail.claims) >= amount


async def test_nobody_is_overtaken_for_longer_than_nine_levels(environ: dict[str, str], database: Database) -> None:
    """At a level of two seconds: one of priority 1, in front of whom the urgent never end, waits eighteen."""
    async with bed_of({**environ, "JOBS_STEP_MS": str(_STEP_MS)}, database) as bed, bed.worker(2):
        numbers = count()

        def fresh(priority: int) -> Wanted:
            # An owner each, so that nobody's fair share counts.
            return sleeping(0.05, owner=f"o{next(numbers)}", priority=priority)

        urgent = set(await bed.submit([fresh(10) for _ in range(_URGENT)]))
        (patient,) = await bed.submit([fresh(1)])
        async with asyncio.timeout(3 * _LEVELS * _STEP_MS / 1000):
            while not bed.trail.claims_of(patient):
                await asyncio.sleep(0.1)
                await bed.trail.catch_up()
                urgent = {job for job in urgent if not bed.trail.claims_of(job)}
                urgent.update(await bed.submit([fresh(10) for _ in range(_URGENT - len(urgent))]))
                await bed.submit([fresh(1 + next(numbers) % 9)])
        furthest_ms = _furthest_overtaking_ms(bed)
    assert (_LEVELS - 1) * _STEP_MS < furthest_ms <= _LEVELS * _STEP_MS


def _furthest_overtaking_ms(bed: Bed) -> int:
    """Give by how much the latest overtaker of any job was accepted after it."""
    furthest_ms = latest_ms = 0
    for claim in bed.trail.claims:
        accepted_ms = bed.trail.steps[claim.job_id][0].at_ms
        furthest_ms = max(furthest_ms, latest_ms - accepted_ms)
        latest_ms = max(latest_ms, accepted_ms)
    return furthest_ms
