"""A worker is stopped for longer than its lease and comes back: others have its jobs, and it must not touch them."""

import signal
import time
from collections.abc import Sequence

from jobs.model import State
from tests.support.bed import Bed, Wanted, sleeping
from tests.support.endurance.leases import with_lease
from tests.support.figures import Figures
from tests.support.processes import Running
from tests.support.trail import Step

_EACH = 5


async def freeze_a_worker(bed: Bed, *, seconds: float) -> Figures:
    """Freeze a worker with jobs for so long, which is longer than its lease; give the figures.

    Some jobs would be over when it comes back, some would have failed, some would go on; all are another worker's.
    """
    bed = with_lease(bed, lease_ms=3_000, renew_ms=300)
    over_s, longer_s = seconds - bed.lease_s / 2, seconds + bed.lease_s
    wanted = [
        *[sleeping(over_s)] * _EACH,
        *[Wanted(task="test.fail_late", args={"seconds": over_s})] * _EACH,
        *[sleeping(longer_s)] * _EACH,
        *[Wanted(task="diag.progress", args={"steps": 20, "seconds": longer_s})] * _EACH,
    ]
    async with bed.worker(len(wanted)) as frozen, bed.worker(len(wanted)) as other:
        other.send(signal.SIGSTOP)
        jobs = await bed.submit(wanted)
        await bed.trail.until_running(jobs, on=frozen.pid, within_s=2 * bed.lease_s + 10)
        other.send(signal.SIGCONT)
        frozen.send(signal.SIGSTOP)
        began_s = time.time()
        await bed.trail.until_running(jobs, on=other.pid, within_s=2 * bed.lease_s + 10)
        await bed.trail.until(lambda: time.time() - began_s > seconds, within_s=seconds, what="its time is over")
        frozen.send(signal.SIGCONT)
        await bed.trail.until_ended(jobs, within_s=longer_s + 30)
        await _assert_it_works(bed, frozen, without=other)
        rows = await bed.until_written(within_s=10)
    taken = [bed.trail.claims_of(job)[1] for job in jobs]
    for claim, one in zip(taken, wanted, strict=True):
        _assert_changed_nothing(bed.trail.steps[claim.job_id], claim, float(one.args["seconds"]))
        assert rows[claim.job_id]["fence"] == bed.trail.claims_of(claim.job_id)[-1].version
    tally = await bed.tally()
    assert (tally.lost, tally.handed_back, tally.retried) == (len(jobs), 0, _EACH)
    await bed.assert_settled()
    return {
        "frozen, s": f"{seconds:g}",
        "lease, s": f"{bed.lease_s:g}",
        "jobs taken over": f"{len(jobs)}",
        "taken over after, s": f"{max(claim.at_ms for claim in taken) / 1000 - began_s:.1f}",
        "changed by the frozen worker": "0",
    }


def _assert_changed_nothing(steps: Sequence[Step], taken: Step, seconds: float) -> None:
    """Expect that what followed the second claim came from it: not before its time was over."""
    then = steps[steps.index(taken) + 1]
    assert then.state in {State.SUCCEEDED, State.RETRYING}
    assert then.at_ms - taken.at_ms >= 1000 * seconds - 1
    assert [step.state for step in steps].count(State.SUCCEEDED) == 1


async def _assert_it_works(bed: Bed, frozen: Running, *, without: Running) -> None:
    """Expect that the worker that was frozen has not ended, and runs jobs."""
    without.send(signal.SIGTERM)
    assert await without.ends(within_s=10) == 0
    after = await bed.submit([Wanted()] * _EACH)
    await bed.trail.until_ended(after, within_s=10)
    assert {bed.trail.claims_of(job)[0].worker for job in after} == {frozen.pid}
