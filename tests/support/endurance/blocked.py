"""A task blocks its worker's event loop for longer than a lease: neither it nor its neighbours may start again."""

import signal

from tests.support.bed import Bed, Wanted, sleeping
from tests.support.endurance.leases import with_lease
from tests.support.figures import Figures

_NEIGHBOURS = 4
_NEIGHBOURS_S = 2.5


async def block_a_loop(bed: Bed, *, seconds: float) -> Figures:
    """Block a worker's loop for so long, beside another worker that is free; give the figures."""
    bed = with_lease(bed, lease_ms=2_000, renew_ms=300)
    async with bed.worker(8) as blocked, bed.worker(8) as other:
        other.send(signal.SIGSTOP)
        blocking = Wanted(task="diag.block", args={"seconds": seconds})
        jobs = await bed.submit([blocking, *[sleeping(_NEIGHBOURS_S)] * _NEIGHBOURS])
        await bed.trail.until_running(jobs, on=blocked.pid, within_s=10)
        other.send(signal.SIGCONT)
        (elsewhere,) = await bed.submit([Wanted()])
        await bed.trail.until_ended(bed.trail.owners, within_s=seconds + 10)
        await bed.until_written(within_s=10)
    claims = {claim.job_id: claim for claim in bed.trail.claims}
    ends_ms = [bed.trail.ended[job].at_ms for job in jobs]
    assert ends_ms[0] - claims[jobs[0]].at_ms >= 1000 * seconds
    assert min(ends_ms) >= ends_ms[0] - 100, "the event loop was not blocked"
    assert {claims[job].worker for job in jobs} == {blocked.pid}
    assert claims[elsewhere].worker == other.pid
    assert len(bed.trail.claims) == len(claims)
    assert (await bed.tally()).lost == 0
    await bed.assert_settled()
    return {
        "blocked, s": f"{seconds:g}",
        "lease, s": f"{bed.lease_s:g}",
        "jobs that it ran meanwhile": f"{len(jobs)}",
        "leases lost": "0",
    }
