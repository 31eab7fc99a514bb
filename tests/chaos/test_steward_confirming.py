"""A steward is killed at the worst moment: PostgreSQL has what it wrote, and Redis has not heard that it did."""

import signal
import sys
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import pytest

from jobs import keys
from jobs.stores.database import Database, Row
from tests.chaos.wire import Cut, wire_to
from tests.support.bed import QUEUE, Bed, Wanted, bed_of
from tests.support.both import is_seen_to
from tests.support.conditions import eventually
from tests.support.history import abandon
from tests.support.processes import Running, started
from tests.support.servers import Servers

_STEWARD = (sys.executable, "-m", "jobs", "steward")
_WORKER = (sys.executable, "-m", "jobs", "worker", "--queues", f"{QUEUE}:8")
_KINDS = (Wanted(), Wanted(task="diag.fail", args={"times": 2}), Wanted(task="diag.fail", max_tries=2))
_START_S = 30.0
_ALL = 200  # entries, that a steward reads at once


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine, on a site that a steward has put in order and left."""
    async with bed_of(environ, database) as bed:
        async with started(_STEWARD, environ) as steward:
            await eventually(lambda: is_seen_to(bed.redis), within_s=_START_S)
            steward.send(signal.SIGTERM)
            await steward.ends(within_s=10)
        yield bed


async def _run_all(bed: Bed) -> list[str]:
    """Let jobs of all kinds run to their ends, one of which kills its worker, while nobody writes the history."""
    jobs = await bed.submit([*_KINDS] * 4)
    async with started(_WORKER, bed.environ) as worker:
        await bed.trail.until_ended(jobs, within_s=_START_S)
        jobs += await bed.submit([Wanted(task="diag.crash", max_tries=1)])
        await worker.ends(within_s=_START_S)
    async with started(_WORKER, bed.environ):
        await bed.trail.until_ended(jobs, within_s=_START_S)
    return jobs


async def _rows(database: Database) -> Mapping[str, list[Row]]:
    return {
        "jobs": await database.fetch("SELECT * FROM jobs ORDER BY id"),
        "tries": await database.fetch("SELECT * FROM tries ORDER BY job_id, fence"),
        "ends": await database.fetch("SELECT * FROM ends ORDER BY job_id"),
    }


async def test_a_steward_killed_between_commit_and_confirmation(bed: Bed, servers: Servers) -> None:
    """Another one writes all of it again, and not a letter changes: neither of the jobs nor of their tries."""
    jobs = await _run_all(bed)
    assert await bed.redis.xlen(keys.EVENTS) < _ALL
    stewards: list[Running] = []
    cut = Cut(words=(b"XACK",), arrives=False, then=lambda: stewards[0].send(signal.SIGKILL))
    async with (
        wire_to(urlsplit(servers.redis.url).path, cut) as (url, wire),
        started(_STEWARD, {**bed.environ, "REDIS_URL": url}) as steward,
    ):
        stewards.append(steward)
        assert await steward.ends(within_s=_START_S) == -signal.SIGKILL
    assert wire.cuts == 1
    written = await _rows(bed.database)
    assert [row["id"] for row in written["jobs"] if row["finished_at"]] == sorted(jobs)
    outcomes = sorted(row["outcome"] for row in written["tries"])
    assert outcomes == ["failed"] * 4 + ["lost"] + ["retrying"] * 12
    (group,) = await bed.redis.xinfo_groups(keys.EVENTS)
    assert group["pending"] > 1, "all of it has been confirmed"
    await abandon(bed.redis, steward.pid)  # a minute has passed

    async def is_confirmed() -> bool:
        (group,) = await bed.redis.xinfo_groups(keys.EVENTS)
        return bool(group["pending"] <= 1)  # the trail holds one, for a minute

    async with started(_STEWARD, bed.environ):
        await eventually(is_confirmed, within_s=_START_S)
    assert await _rows(bed.database) == written
