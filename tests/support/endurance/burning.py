"""Plain functions keep the cores busy: others run, the worker says that it lives, and a timeout ends who has no end."""

import asyncio
import time

from jobs.model import State
from jobs.stores.presence import Presence
from tests.support.bed import Bed, Wanted
from tests.support.figures import Figures

PROCESSES = 2  # to be set as JOBS_PROCESSES

_EACH_S = 0.1
_SILENT_S = 5.0  # that nobody who tells each second that he lives may be
_DEAD_WITHIN_S = 3.0


async def burn_cores(bed: Bed, *, seconds: float) -> Figures:
    """Burn in two child processes for so long, of which the timeout has to end one; give the figures."""
    async with bed.worker(8) as worker:
        started = await bed.submit([Wanted(task="test.burn", args={"seconds": 0.1})] * PROCESSES)
        await bed.trail.until_ended(started, within_s=60)  # a child's own start is no part of its task's time
        ending = Wanted(task="test.burn", args={"seconds": seconds})
        endless = Wanted(task="test.burn", args={"seconds": 100 * seconds}, timeout_s=seconds, max_tries=1)
        burning = await bed.submit([ending, endless])
        await bed.trail.until_running(burning, within_s=20)
        quick, silent_s = [], []
        until = time.monotonic() + seconds - 1
        while time.monotonic() < until:
            quick += await bed.submit([Wanted(owner="quick")])
            silent_s.append(await _silent_s(bed))
            await asyncio.sleep(_EACH_S)
        await bed.trail.until_ended(quick, within_s=5)
        assert not set(burning) & bed.trail.ended.keys(), "the cores were not busy all the time"
        await bed.trail.until_ended(burning, within_s=seconds)
        rows = await bed.until_written(within_s=10)
        assert worker.runs
    assert [rows[job]["state"] for job in burning] == [State.SUCCEEDED, State.FAILED]
    late_s = (rows[burning[1]]["finished_at"] - rows[burning[1]]["started_at"]).total_seconds() - seconds
    assert 0 <= late_s < _DEAD_WITHIN_S, f"killed {late_s:.2f} s after its timeout"
    assert max(silent_s) < _SILENT_S
    assert (await bed.tally()).lost == 0
    await bed.assert_settled()
    waited = sorted(bed.trail.waited_ms(job) for job in quick)
    assert waited[-1] < 1000 * seconds / 2, "one has waited for those that burn"
    return {
        "burnt, s": f"{seconds:g}",
        "other jobs meanwhile": f"{len(quick):,}",
        "their wait p50 / p99, ms": f"{waited[len(waited) // 2]} / {waited[int(0.99 * len(waited))]}",
        "longest silence of the worker, s": f"{max(silent_s):.1f}",
        "killed after its timeout, s": f"{late_s:.2f}",
        "leases lost": "0",
    }


async def _silent_s(bed: Bed) -> float:
    """Give for how long the worker has not said that it lives."""
    (sighting,) = await Presence(bed.redis).muster()
    return sighting.silent_s
