"""Who floods the queue is in nobody's way but his own: with a real worker on real stores."""

import asyncio
import math
from collections.abc import Callable
from itertools import cycle

from jobs.quota import Overrides, Tier
from jobs.stores.database import Database
from tests.support.bed import Bed, Wanted, bed_of, dice, sleeping
from tests.support.measuring import measured

_SLOTS = 10
_MEAN_S = 0.1
_FLOOD = 10_000
_OTHERS = 50
_SUBMISSIONS = 150
_EVERY_S = 0.02  # half of what the slots do
_BAR = 1.5


async def test_a_flood_does_not_keep_the_others_waiting(
    environ: dict[str, str], database: Database, record_property: Callable[[str, object], None]
) -> None:
    """Beside 10,000 jobs of one owner, be he limited or not, the p99 wait of 50 others is that without them.

    Up to half as long again and one job, which they may have to wait for in any order.
    """
    async with bed_of(environ, database) as bed, bed.worker(_SLOTS):
        alone_ms = await _p99_of_others(bed)
        flood = await bed.store(_varied(["flooder"], _FLOOD))
        flooding = asyncio.create_task(bed.enqueue(flood))
        bar_ms = _BAR * alone_ms + 1000 * _MEAN_S
        beside_flood_ms = await measured(lambda: _p99_of_others(bed), lambda p99_ms: p99_ms <= bar_ms)
        await flooding
        await bed.quotas.set("flooder", Tier.NORMAL, Overrides(max_running=_SLOTS // 2))
        beside_limited_ms = await measured(lambda: _p99_of_others(bed), lambda p99_ms: p99_ms <= bar_ms)
        assert len(bed.trail.ended) < _FLOOD
    record_property("p99_ms", {"alone": alone_ms, "flood": beside_flood_ms, "limited flood": beside_limited_ms})
    assert max(beside_flood_ms, beside_limited_ms) <= bar_ms


async def _p99_of_others(bed: Bed) -> int:
    """Let the others submit one job after the other; give the 99th percentile of their waits."""
    clock = asyncio.get_running_loop().time
    jobs = await bed.store(_varied([f"other {number}" for number in range(_OTHERS)], _SUBMISSIONS))
    due = clock()
    for job in jobs:
        due += _EVERY_S
        await asyncio.sleep(due - clock())
        await bed.enqueue([job])
    ids = [job.id for job in jobs]
    await bed.trail.until_ended(ids, within_s=30)
    waits = sorted(map(bed.trail.waited_ms, ids))
    return waits[math.ceil(0.99 * len(waits)) - 1]


def _varied(owners: list[str], amount: int) -> list[Wanted]:
    """Want jobs of the owners in turn, of random length about the mean: all alike, the slots would end together."""
    lengths = dice(1)
    return [
        sleeping(lengths.uniform(0.5, 1.5) * _MEAN_S, owner=owner)
        for owner, _ in zip(cycle(owners), range(amount), strict=False)
    ]
