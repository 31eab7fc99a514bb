"""Our own engine in a crowd: one drain beside each of the scenarios, in turn, with medians and shares."""

import asyncio
import statistics
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from redis import Redis

from benchmarks.engine.contestants import SWITCHYARD
from benchmarks.engine.measures import Drained
from benchmarks.engine.passes import Ring, ring_of
from benchmarks.engine.peers.script import NOOP
from benchmarks.engine.peers.switchyard import JOBS, QUEUE, STEP_MS, entry_of, make_rows, row_id
from benchmarks.engine.scenarios import Scenario, scenarios
from benchmarks.measure import progress, table
from jobs import keys
from jobs.stores.database import Database
from jobs.stores.leases import MOST_RENEWED, Claimed, Leases, Renewals, Timing
from jobs.stores.queue import MOST_AT_ONCE, Entry, Queue
from jobs.stores.redis import connect_blocking, connect_redis

ROUNDS = 3

_WAITING = 50_000
_WAITING_FULL = 1_000_000
_PATIENCE_S = 60.0
_TIMING = Timing(lease_ms=15_000, renew_ms=5_000, step_ms=STEP_MS)
_HEADERS = ("beside", "drain/s", "share", "bar", "worker CPU s/1,000", "Redis CPU s/1,000", "run exactly once")


def main(full: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share
    """Run all scenarios in turn, round by round, and print a table of medians."""
    chosen = scenarios(waiting=_WAITING_FULL if full else _WAITING)
    runs: dict[str, list[Drained]] = defaultdict(list)
    for number in range(1, ROUNDS + 1):
        for scenario in chosen:
            progress(f"crowd: round {number} of {ROUNDS}, {scenario.name}")
            runs[scenario.name].append(_drained(scenario))
    print(f"\n## crowd\n\n{table(_HEADERS, [_row(scenario, runs, chosen[0]) for scenario in chosen])}")


def _drained(scenario: Scenario) -> Drained:
    def left(redis: Redis) -> int:
        ended = cast("bytes | None", redis.hget(keys.COUNTERS, f"ended|{QUEUE}|{NOOP}|succeeded"))
        return max(scenario.jobs - int(ended or 0), 0)  # of those that wait behind, some have ended too

    contestant = replace(SWITCHYARD, jobs=scenario.jobs, left=left)
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder, ring_of(contestant, Path(folder)) as ring:
        ring.empty()
        asyncio.run(_make_rows(ring, range(JOBS, JOBS + scenario.running_elsewhere + scenario.waiting_behind)))
        with _elsewhere(ring, scenario.running_elsewhere):
            asyncio.run(_fill(ring, scenario))
            return ring.drain(1)


async def _make_rows(ring: Ring, numbers: range) -> None:
    database = await Database.open(ring.urls["BENCH_DATABASE_URL"], size=1, patience_s=_PATIENCE_S, answer_s=None)
    await make_rows(database, numbers)
    await database.close()


async def _fill(ring: Ring, scenario: Scenario) -> None:
    others = range(JOBS, JOBS + scenario.waiting_behind)
    behind = (entry_of(row_id(number), NOOP, priority=1, number=-1) for number in others)
    front = (
        entry_of(row_id(number), NOOP, owner=f"owner-{number % scenario.owners}", priority=10, number=number)
        for number in range(scenario.jobs)
    )
    await _enqueue(ring, behind)
    await _enqueue(ring, front)


async def _enqueue(ring: Ring, entries: Iterator[Entry]) -> None:
    redis = connect_redis(ring.urls["BENCH_REDIS_URL"], patience_s=_PATIENCE_S)
    queue = Queue(redis, patience_s=_PATIENCE_S, step_ms=STEP_MS)
    part: list[Entry] = []
    for entry in entries:
        part.append(entry)
        if len(part) == MOST_AT_ONCE:
            await queue.enqueue(part)
            part.clear()
    await queue.enqueue(part)
    await redis.aclose(close_connection_pool=True)


@contextmanager
def _elsewhere(ring: Ring, amount: int) -> Iterator[None]:
    """Hold so many jobs of the queue as another worker does: claimed, renewed every five seconds, never finished."""
    held = asyncio.run(_claimed(ring, amount)) if amount else []
    renewing = connect_blocking(ring.urls["BENCH_REDIS_URL"], patience_s=_PATIENCE_S)
    renewals = Renewals(renewing, worker="elsewhere", timing=_TIMING)
    over = threading.Event()

    def renew() -> None:
        while not over.wait(_TIMING.renew_ms / 1000):
            for first in range(0, len(held), MOST_RENEWED):
                renewals.renew(held[first : first + MOST_RENEWED])

    thread = threading.Thread(target=renew)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        renewing.close()


async def _claimed(ring: Ring, amount: int) -> list[Claimed]:
    await _enqueue(
        ring, (entry_of(row_id(number), NOOP, owner="elsewhere", number=0) for number in range(JOBS, JOBS + amount))
    )
    redis = connect_redis(ring.urls["BENCH_REDIS_URL"], patience_s=_PATIENCE_S)
    leases = Leases(redis, redis, worker="elsewhere", timing=_TIMING, tasks=[NOOP])
    held: list[Claimed] = []
    while len(held) < amount:
        claim = await leases.claim(QUEUE, request=str(len(held) + 1), slots=100, suspects=1, endings=())
        held += claim.jobs
    await redis.aclose(close_connection_pool=True)
    return held


def _row(scenario: Scenario, runs: dict[str, list[Drained]], alone: Scenario) -> tuple[str, ...]:
    rate = statistics.median(run.per_s for run in runs[scenario.name])
    share = rate / statistics.median(run.per_s for run in runs[alone.name])
    return (
        scenario.name,
        f"{rate:,.0f}",
        f"{share:.2f}",
        "" if scenario.least_share is None else f">= {scenario.least_share}",
        f"{statistics.median(run.worker_cpu_s_per_k for run in runs[scenario.name]):.3f}",
        f"{statistics.median(run.redis_cpu_s_per_k for run in runs[scenario.name]):.3f}",
        f"{sum(run.once for run in runs[scenario.name]):,} of {sum(run.jobs for run in runs[scenario.name]):,}",
    )
