"""What those cost who follow jobs: a worker drains a queue, and a web process tells a thousand clients of it."""

import asyncio
import resource
import statistics
from collections import defaultdict
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import uvloop

from benchmarks.drains import WORKING, Stage, counted, new_stage
from benchmarks.listeners import Listeners
from benchmarks.measure import progress, table, tree_cpu_s
from tests.support.bed import Wanted
from tests.support.conditions import eventually
from tests.support.processes import started
from tests.support.site import ADMIN_KEY

_JOBS = 20_000
_CLIENTS = 1_000
_FILES = 4_096  # that a process may have open: a connection is one
_ROUNDS = 3
_PACED = 50  # jobs, so many a second
_PER_S = 5
_WITHIN_S = 120.0

_DRAIN_HEADERS = ("who follows", "drained, jobs/s", "ratio", "events told", "web CPU s")
_PACE_HEADERS = ("who follows", "events told", "web CPU us/event", "p50 ms", "p99 ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """One drain."""

    seconds: float
    told: int
    cpu_s: float


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Drain with and without those who follow, in turn, and then tell all of single jobs; print two tables."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, most) if most > 0 else _FILES, most))
    uvloop.run(_rounds())


async def _rounds() -> None:
    drains: defaultdict[str, list[Drain]] = defaultdict(list)
    for number in range(1, _ROUNDS + 1):
        progress(f"events: round {number} of {_ROUNDS}")
        for who in ("nobody", "one follows all", f"{_CLIENTS:,} follow a job each"):
            async with new_stage() as stage:
                drains[who].append(await _drain(who, stage))
    yardstick = statistics.median(drain.seconds for drain in drains["nobody"])
    rows = []
    for who, found in drains.items():
        seconds, told, cpu_s = (
            statistics.median(getattr(drain, name) for drain in found) for name in ("seconds", "told", "cpu_s")
        )
        rows.append((who, f"{_JOBS / seconds:,.0f}", f"{yardstick / seconds:.2f}", f"{told:,.0f}", f"{cpu_s:.2f}"))
    progress("events: single jobs, told to all")
    async with new_stage() as stage:
        paced = await _paced(stage)
    print(f"\n## events\n\n{table(_DRAIN_HEADERS, rows)}\n\n{table(_PACE_HEADERS, [paced])}")


async def _drain(who: str, stage: Stage) -> Drain:
    jobs = await stage.bed.submit([Wanted(owner=f"owner {number % 20}") for number in range(_JOBS)])
    listeners = Listeners()
    shown = ends = 0
    if who == "one follows all":
        await listeners.follow_all(stage.url, key=ADMIN_KEY)
        ends = _JOBS
    elif who != "nobody":
        for job in _spread(jobs):
            await listeners.follow_job(stage.url, job, key=ADMIN_KEY)
        shown = ends = _CLIENTS
    await _told(listeners, "events", shown)
    before_s = tree_cpu_s(stage.web)
    async with started(WORKING, stage.bed.environ):
        await counted(stage.bed, started_ones=1)
        began = perf_counter()
        await counted(stage.bed, succeeded=_JOBS)
        seconds = perf_counter() - began
        await _told(listeners, "ends", ends)
    listeners.close()
    return Drain(seconds=seconds, told=listeners.count.events - shown, cpu_s=tree_cpu_s(stage.web) - before_s)


async def _paced(stage: Stage) -> tuple[str, ...]:
    """Submit single jobs at leisure: each of their events is told to each client by itself."""
    listeners = Listeners()
    for number in range(_CLIENTS):
        await listeners.follow_all(stage.url, key=ADMIN_KEY, times=number % 100 == 0)
    async with started(WORKING, stage.bed.environ):
        await stage.bed.submit([Wanted()])
        await _told(listeners, "ends", _CLIENTS)
        listeners.count.took_ms.clear()
        before_s, before = tree_cpu_s(stage.web), listeners.count.events
        for _ in range(_PACED):
            await stage.bed.submit([Wanted()])
            await asyncio.sleep(1 / _PER_S)
        await _told(listeners, "ends", _CLIENTS * (_PACED + 1))
    listeners.close()
    told, took = listeners.count.events - before, sorted(listeners.count.took_ms)
    each_us = 1e6 * (tree_cpu_s(stage.web) - before_s) / told
    p50, p99 = (took[len(took) * part // 100] for part in (50, 99))
    return f"{_CLIENTS:,} follow all", f"{told:,}", f"{each_us:.1f}", f"{p50:.0f}", f"{p99:.0f}"


def _spread(jobs: list[str]) -> list[str]:
    return jobs[:: len(jobs) // _CLIENTS][:_CLIENTS]


async def _told(listeners: Listeners, what: Literal["events", "ends"], amount: int) -> None:
    """Wait until so many have been told."""
    count = listeners.count

    async def is_told() -> bool:
        if count.let_go:
            raise RuntimeError(f"{count.let_go} clients were let go: they did not keep up")
        return bool(getattr(count, what) >= amount)

    await eventually(is_told, within_s=_WITHIN_S)
