"""Jobs of all kinds while workers are killed at random: each ends in one way, the one that it has to end in."""

import asyncio
import time
from collections.abc import Sized
from dataclasses import dataclass, replace
from functools import partial

from jobs.model import State
from tests.support.bed import Bed, Wanted, dice, sleeping
from tests.support.crew import crew_of
from tests.support.figures import Figures

LIMIT = 12  # to be set as what each owner may run

_WORKERS = 3
_SLOTS = 20
_CHUNK = 1_000
_MOST_WAITING = 10_000
_OWNERS = 20
_HEAVY_SHARE = 0.3  # of all jobs, those of one owner: more than he may have running
_STALLED_S = 120.0
_CRASH_EACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of job: how it has to end, and after which try."""

    weight: float
    wanted: Wanted
    ends: State = State.SUCCEEDED
    tries: int = 1


_KINDS = (
    Kind(weight=60, wanted=Wanted()),
    Kind(weight=14, wanted=sleeping(0.05)),
    Kind(weight=2, wanted=sleeping(1.0)),
    Kind(weight=3, wanted=Wanted(delay_s=1.0)),
    Kind(weight=2, wanted=Wanted(task="diag.progress", args={"steps": 3, "seconds": 0.1})),
    Kind(weight=1, wanted=Wanted(task="diag.block", args={"seconds": 0.01})),
    Kind(weight=10, wanted=Wanted(task="diag.fail", args={"times": 1}), tries=2),
    Kind(weight=2, wanted=Wanted(task="diag.fail", args={"times": 3}), tries=4),
    Kind(weight=3, wanted=Wanted(task="diag.fail", max_tries=3), ends=State.FAILED, tries=3),
    Kind(weight=3, wanted=sleeping(60.0, timeout_s=0.2), ends=State.FAILED),
)
_CRASHING = Kind(weight=0, wanted=Wanted(task="diag.crash", max_tries=2, owner="crasher"), ends=State.FAILED, tries=0)


async def soak(bed: Bed, *, jobs: int, rounds: int) -> Figures:
    """Run so many jobs; in each round kill one or two of three workers, in each third submit one that kills its own."""
    luck = dice(rounds)
    expected: dict[str, Kind] = {}
    began = time.monotonic()
    async with crew_of(bed, size=_WORKERS, slots=_SLOTS) as crew:
        submitting = asyncio.create_task(_submit(bed, jobs, expected))
        for number in range(1, rounds + 1):
            await _until_ended(bed, jobs * number // (rounds + 1))
            if number % _CRASH_EACH == 1:
                expected |= dict.fromkeys(await bed.submit([_CRASHING.wanted]), _CRASHING)
            for place in luck.sample(range(_WORKERS), k=luck.randint(1, _WORKERS - 1)):
                await crew.kill(place)
        await submitting
        await _until_ended(bed, len(expected))
        seconds = time.monotonic() - began
        rows = await bed.until_written(within_s=90)
    for job, kind in expected.items():
        row = rows[job]
        assert (row["state"], row["tries"]) == (kind.ends, kind.tries), dict(row)
    assert max(bed.trail.most_running.values()) == LIMIT
    await bed.assert_settled()
    tally = await bed.tally()
    assert len(crew.ended) >= rounds
    return {
        "jobs": f"{len(expected):,}",
        "rounds": f"{rounds}",
        "lease, s": f"{bed.lease_s:g}",
        "workers killed": f"{len(crew.ended)}",
        "leases lost": f"{tally.lost:,}",
        "retried": f"{tally.retried:,}",
        **{state.value: f"{amount:,}" for state, amount in tally.ended.items() if amount},
        "ended twice": "0",
        "seconds": f"{seconds:.0f}",
        "jobs/s": f"{len(expected) / seconds:,.0f}",
    }


async def _submit(bed: Bed, jobs: int, expected: dict[str, Kind]) -> None:
    """Submit jobs of all kinds in parts, as long as not too many wait."""
    luck = dice(jobs)
    for first in range(0, jobs, _CHUNK):
        await bed.trail.until(partial(_line_is_short, bed, expected), within_s=_STALLED_S, what="the line is short")
        kinds = luck.choices(_KINDS, weights=[kind.weight for kind in _KINDS], k=min(_CHUNK, jobs - first))
        owners = ["heavy" if luck.random() < _HEAVY_SHARE else f"owner {luck.randrange(_OWNERS)}" for _ in kinds]
        wanted = [replace(kind.wanted, owner=owner) for kind, owner in zip(kinds, owners, strict=True)]
        expected |= dict(zip(await bed.submit(wanted), kinds, strict=True))


async def _until_ended(bed: Bed, amount: int) -> None:
    """Wait until so many jobs have ended; AssertionError where none ends any more."""
    while (ended := len(bed.trail.ended)) < amount:
        await bed.trail.until(partial(_more_ended, bed, ended), within_s=_STALLED_S, what=f"{amount:,} have ended")


def _line_is_short(bed: Bed, submitted: Sized) -> bool:
    return len(submitted) - len(bed.trail.ended) < _MOST_WAITING


def _more_ended(bed: Bed, amount: int) -> bool:
    return len(bed.trail.ended) > amount
