"""Back to stock arq: its worker ends all that our queue holds, the urgent first, and our history gets to know it."""

import signal
import sys
from collections.abc import AsyncIterator, Mapping
from itertools import count
from typing import Any

import pytest

from jobs import codec, keys
from jobs.model import Failure
from jobs.quota import Overrides, Tier
from jobs.scoring import PARKED
from jobs.settings import load_settings
from jobs.stores.database import Database, Row
from jobs.stores.leases import Claimed, Leases, Timing
from tests.support.bed import QUEUE, SHORT_LEASE, Bed, Wanted, bed_of, sleeping
from tests.support.conditions import eventually
from tests.support.processes import started
from tests.support.stock import stock_worker

RELEASE = (sys.executable, "-m", "jobs", "release-parked")
OWNERS = ("ann", "bob", "cid")
_numbers = count(1)


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine on a test bed that knows the tests' own tasks, with short leases."""
    async with bed_of({**environ, **SHORT_LEASE, "JOBS_TASKS": "tests.support.tasks:TASKS"}, database) as bed:
        yield bed


def _leases(bed: Bed) -> Leases:
    """Be a Switchyard worker that claims, and is never heard of again."""
    settings = load_settings(bed.environ)
    timing = Timing(lease_ms=settings.lease_ms, renew_ms=settings.renew_ms, step_ms=settings.step_ms)
    return Leases(bed.redis, bed.redis, worker="gone-1-x", timing=timing, tasks=["diag.noop", "diag.fail"])


async def _claim(leases: Leases, slots: int) -> list[Claimed]:
    claim = await leases.claim(QUEUE, request=f"{next(_numbers)}-0", slots=slots, suspects=1, endings=[])
    return claim.jobs


async def _retrying(bed: Bed, leases: Leases, amount: int) -> list[str]:
    """Give jobs that have failed once, and wait for their next try."""
    failure = Failure(type="DiagnosticError", message="no", fingerprint="0")
    jobs = await bed.submit([Wanted(task="diag.fail", args={"times": 1}, priority=10)] * amount)
    for number, claimed in enumerate(await _claim(leases, amount)):
        # Two that are due in the same millisecond would start in the order of their ids.
        await leases.retry(claimed, failure, delay_ms=15_000 + 10 * number, ms=1)
    return jobs


async def _parked(bed: Bed, leases: Leases, amount: int) -> list[str]:
    """Give jobs of owners who may run none."""
    for owner in OWNERS:
        await bed.quotas.set(owner, Tier.NORMAL, Overrides(max_running=0))
    jobs = await bed.submit([Wanted(owner=OWNERS[n % 3], priority=1 + 3 * n % 10) for n in range(amount)])
    assert await _claim(leases, amount) == []
    assert await bed.redis.zcount(keys.queue(QUEUE), PARKED, PARKED) == amount
    return jobs


async def _release(bed: Bed, environ: Mapping[str, str] | None = None) -> tuple[int, list[str]]:
    """Run the command; give its status and what it has said."""
    async with started(RELEASE, environ or bed.environ) as command:
        return await command.ends(within_s=30), command.lines


async def _written(bed: Bed, ids: list[str]) -> dict[str, Row]:
    """Let a Switchyard worker come back, to whom the jobs seem older than half a minute; give the rows."""
    await bed.database.execute("UPDATE jobs SET accepted_at = accepted_at - interval '1 minute'")
    async with bed.worker(1):
        rows = await bed.until_written(within_s=30)
        await bed.trail.until_ended(ids, within_s=5)
    return rows


async def _results(bed: Bed, ids: list[str]) -> dict[str, Any]:
    found = await bed.redis.mget([keys.result(job) for job in ids])
    return {job: codec.loads_plain(result) for job, result in zip(ids, found, strict=True)}


async def test_a_stock_worker_drains_our_queue_in_order(bed: Bed) -> None:
    """Jobs that are ready, parked, scheduled, that wait for another try or lie with a dead worker: all end, once."""
    leases = _leases(bed)
    retrying = await _retrying(bed, leases, 2)
    parked = await _parked(bed, leases, 12)
    (lost,) = await bed.submit([Wanted(priority=10)])
    assert [claimed.id for claimed in await _claim(leases, 1)] == [lost]
    ready = await bed.submit([Wanted(owner=OWNERS[n % 3], priority=2 + 3 * n % 9) for n in range(6)])
    scheduled = await bed.submit([Wanted(delay_s=16, priority=10)])
    assert await _release(bed) == (0, ["12 parked jobs released"])
    in_line = [job.decode() for job in await bed.redis.zrangebyscore(keys.queue(QUEUE), "-inf", "(0")]
    assert sorted(in_line) == sorted([*parked, *ready])
    every = [*retrying, lost, *parked, *ready, *scheduled]

    async def is_empty() -> bool:
        return not await bed.redis.exists(keys.queue(QUEUE))

    async with stock_worker(bed.environ, slots=1) as worker:
        await eventually(is_empty, within_s=60)
        await bed.trail.catch_up()
        starts = [step.job_id for step in bed.trail.claims if step.worker == worker.pid]
    assert [job for job in starts if job in {*parked, *ready}] == in_line
    assert starts[-3:] == [*retrying, *scheduled]
    assert sorted(starts) == sorted(every)
    results = await _results(bed, every)
    rows = await _written(bed, every)
    for job in every:
        assert results[job]["s"]
        assert (rows[job]["state"], rows[job]["result"]) == ("succeeded", results[job]["r"])
        assert rows[job]["tries"] == results[job]["t"] == (2 if job in retrying else 1)
        assert rows[job]["started_at"] is not None
    await bed.assert_settled()


async def test_forward_again(bed: Bed) -> None:
    """A stock worker that is told to stop gives back what it cannot end; ours goes on with that and the rest."""
    long = Wanted(task="test.fail_late", args={"seconds": 600.0}, priority=9)  # in its first try
    running, *waiting = await bed.submit([long, *[Wanted(), Wanted(task="diag.fail")] * 2])
    async with stock_worker(bed.environ, slots=1, JOBS_DRAIN_S="0") as stock:
        await bed.trail.until_running([running], on=stock.pid, within_s=10)
        stock.send(signal.SIGTERM)
        assert await stock.ends(within_s=20) == 0
    rows = await _written(bed, [running, *waiting])
    assert [rows[job]["state"] for job in (running, *waiting)] == ["succeeded", *["succeeded", "failed"] * 2]
    assert rows[running]["tries"] == 2  # arq counts the start that a shutdown has cut short
    await bed.assert_settled()


async def test_release_says_who_parks_them_again(bed: Bed) -> None:
    """A Switchyard worker that runs is in the way; the command does its work all the same."""
    await bed.quotas.set("somebody", Tier.NORMAL, Overrides(max_running=1))
    async with bed.worker(2) as worker:
        await bed.submit([sleeping(20.0)] * 4)

        async def has_parked() -> bool:
            return bool(await bed.redis.exists(keys.PARKED_OWNERS))

        await eventually(has_parked)
        status, said = await _release(bed)
        assert (status, said[-1]) == (0, "3 parked jobs released")
        assert said[0].startswith("These workers park again what is over a limit; stop them first: ")
        assert f"-{worker.pid}-" in said[0]


async def test_release_has_the_statuses_of_every_command(bed: Bed, unused_tcp_port: int) -> None:
    """One where Redis does not answer, two where settings are wrong."""
    away = {**bed.environ, "REDIS_URL": f"redis://:s3cret@127.0.0.1:{unused_tcp_port}"}
    status, said = await _release(bed, away)
    assert status == 1
    assert said[-1].startswith("Not all parked jobs were released: Redis: ")
    status, said = await _release(bed, {**away, "JOBS_TYPO": "1"})
    assert status == 2
    assert "JOBS_TYPO" in "\n".join(said)
    assert "s3cret" not in "\n".join(said)
