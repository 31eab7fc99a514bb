"""What the history costs: one worker drains a queue while nobody, a steward or the worker itself writes that down."""

import signal
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import uvloop

from benchmarks.measure import progress, table
from benchmarks.sites import new_site
from jobs.counters import Tally
from jobs.model import State
from tests.support.bed import QUEUE, Bed, Wanted, bed_of
from tests.support.both import is_seen_to
from tests.support.conditions import eventually
from tests.support.processes import started
from tests.support.site import quotas

_JOBS = 20_000
_ROUNDS = 3
_SLOTS = 100
_OWNERS = 20
_READY_S = 120.0
_STEWARD = (sys.executable, "-m", "jobs", "steward")
_WORKER = (sys.executable, "-m", "jobs", "worker", "--queues", f"{QUEUE}:{_SLOTS}")
_HEADERS = ("who writes the history", "drained, jobs/s", "ratio", "all written after, s", "of it after the drain, s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """One drain: seconds from the first start to the last end, and until PostgreSQL knew of it; None: it never does."""

    seconds: float
    written_s: float | None


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Drain the same queue in three ways in turn, and print a table of medians."""
    uvloop.run(_rounds())


async def _rounds() -> None:
    drains: defaultdict[str, list[Drain]] = defaultdict(list)
    for number in range(1, _ROUNDS + 1):
        progress(f"history: round {number} of {_ROUNDS}")
        for who in ("nobody", "a steward beside", "the worker itself"):
            drains[who].append(await _on_new_servers(who))
    yardstick = statistics.median(drain.seconds for drain in drains["nobody"])
    rows = []
    for who, found in drains.items():
        seconds = statistics.median(drain.seconds for drain in found)
        known = [drain.written_s for drain in found if drain.written_s is not None]
        written = (
            (f"{statistics.median(known):.1f}", f"{statistics.median(known) - seconds:.1f}") if known else ("", "")
        )
        rows.append((who, f"{_JOBS / seconds:,.0f}", f"{yardstick / seconds:.2f}", *written))
    print(f"\n## history\n\n{table(_HEADERS, rows)}")


async def _on_new_servers(who: str) -> Drain:
    async with new_site(**quotas(running=100_000)) as site, bed_of(site.environ, site.database) as bed:
        return await _drain(who, bed, {**site.environ, "JOBS_LOG_LEVEL": "warning"})


async def _drain(who: str, bed: Bed, environ: Mapping[str, str]) -> Drain:
    await bed.database.execute("DROP TRIGGER note_end ON jobs")
    async with started(_STEWARD, environ) as steward, AsyncExitStack() as stack:
        await eventually(lambda: is_seen_to(bed.redis), within_s=_READY_S)
        await bed.submit([Wanted(owner=f"owner {number % _OWNERS}") for number in range(_JOBS)])
        await _known(bed, "state = 'queued'")
        if who != "a steward beside":
            steward.send(signal.SIGTERM)
            await steward.ends(within_s=_READY_S)
        command = (*_WORKER, "--with-steward") if who == "the worker itself" else _WORKER
        await stack.enter_async_context(started(command, environ))
        await _counted(bed, lambda tally: tally.started > 0)
        began = time.perf_counter()
        await _counted(bed, lambda tally: tally.ended[State.SUCCEEDED] == _JOBS)
        seconds = time.perf_counter() - began
        if who == "nobody":
            return Drain(seconds=seconds, written_s=None)
        await _known(bed, "finished_at IS NOT NULL")
        return Drain(seconds=seconds, written_s=time.perf_counter() - began)


async def _counted(bed: Bed, holds: Callable[[Tally], bool]) -> None:
    """Wait until Redis has counted this."""

    async def is_counted() -> bool:
        return holds(await bed.tally())

    await eventually(is_counted, within_s=_READY_S)


async def _known(bed: Bed, what: str) -> None:
    """Wait until PostgreSQL knows this of all jobs."""

    async def is_known() -> bool:
        row = await bed.database.fetch_row(f"SELECT count(*) AS known FROM jobs WHERE {what}")  # noqa: S608  ours
        return row is not None and bool(row["known"] == _JOBS)

    await eventually(is_known, within_s=_READY_S)
