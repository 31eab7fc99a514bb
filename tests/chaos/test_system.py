"""A whole system under a steady load: all is replaced, one after the other, its Redis dies, its PostgreSQL is away."""

import time
from collections import Counter
from pathlib import Path

import pytest
import structlog

from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.support.bed import NOTE_ENDS, SHIPPED_LEASE
from tests.support.conditions import eventually
from tests.support.history import all_written
from tests.support.sentinels import Sentinels
from tests.support.servers import Servers
from tests.support.steady_load import Load, load_through
from tests.support.system import FULL, SMALL, system_of

_UNDER_WAY = 30
_GOES_ON_WITHIN_S = 10.0  # all processes follow a failover, as the guide says
_ALL_ENDED_WITHIN_S = 60.0

log = structlog.stdlib.get_logger(__name__)


@pytest.mark.system
@pytest.mark.timeout(600)
async def test_no_accepted_job_is_lost_or_fails(
    environ: dict[str, str], database: Database, servers: Servers, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each ends well, and once. Nobody is refused but for the seconds of the failover."""
    size = FULL if request.config.getoption("--system") else SMALL
    await database.execute(NOTE_ENDS)
    began = time.monotonic()
    async with system_of(size, {**environ, **SHIPPED_LEASE}, tmp_path) as system:
        async with load_through(system.nginx) as load:
            await _ended_more(database, _UNDER_WAY)
            for _ in range(size.rounds):
                await system.replace_all()
                await _ended_more(database, _UNDER_WAY)
            assert load.refused_at == []
            gone, promoted = await _lose_the_master(system.sentinels)
            await _ended_more(database, _UNDER_WAY)
            followed = len(load.refused_at)
            async with stopped(servers.postgres):
                await _accepted_more(load, _UNDER_WAY)
            await _ended_more(database, _UNDER_WAY)
        await all_written(database, within_s=_ALL_ENDED_WITHIN_S)
        settled = time.monotonic()
        assert all(process.runs for kind in system.running.values() for process in kind)
    refused = load.refused_at
    assert len(refused) == followed  # Redis alone is enough to accept by
    assert all(gone <= at <= promoted + _GOES_ON_WITHIN_S for at in refused)
    rows = await database.fetch("SELECT state FROM jobs")
    assert Counter(row["state"] for row in rows) == {"succeeded": len(load.accepted)}
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(load.accepted)
    log.warning(
        "system_held",
        jobs=len(load.accepted),
        refused_in_failover=len(refused),
        until_failover_s=round(gone - began, 1),
        promoted_s=round(promoted - gone, 1),
        settled_s=round(settled - promoted, 1),
    )


async def _lose_the_master(sentinels: Sentinels) -> tuple[float, float]:
    """Kill it; give when it was gone, and when there was another."""
    former = await sentinels.master()
    gone = time.monotonic()
    await sentinels.servers[former].kill()
    await sentinels.promoted(former)
    return gone, time.monotonic()


async def _ended_more(database: Database, amount: int) -> None:
    """Wait until so many more jobs have ended."""
    wanted = await _ended(database) + amount

    async def are_there() -> bool:
        return await _ended(database) >= wanted

    await eventually(are_there, within_s=_ALL_ENDED_WITHIN_S)


async def _accepted_more(load: Load, amount: int) -> None:
    """Wait until so many more jobs have been accepted."""
    wanted = len(load.accepted) + amount

    async def are_there() -> bool:
        return len(load.accepted) >= wanted

    await eventually(are_there, within_s=_ALL_ENDED_WITHIN_S)


async def _ended(database: Database) -> int:
    (row,) = await database.fetch("SELECT count(*) AS amount FROM jobs WHERE finished_at IS NOT NULL")
    return int(row["amount"])
