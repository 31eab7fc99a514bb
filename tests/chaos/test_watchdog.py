"""The service manager's watchdog is fed while a process gets on, outages or not, and is not where it stands still."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from redis import Redis

from jobs import engine
from jobs.stores.scripts import Script
from tests.chaos.outages import hung, stopped
from tests.chaos.wire import Cut, wire_to
from tests.chaos.workers import worker_of
from tests.support.conditions import reaches
from tests.support.manager import Manager, manager_at
from tests.support.processes import started, web_process, worker_process
from tests.support.servers import Servers
from tests.support.site import end_of, submit

WATCHDOG_S = 0.6
LONGEST_CALL_S = 4.0  # after an outage a worker may sleep for a second more, and then lets the others renew
BUSY_S = 5.0  # longer than a worker may go without an answered claim, in the tests that shorten that; so is this:
OUTAGE = 16  # times fed
FED, READY, STOPPING, STUCK = "WATCHDOG=1", "READY=1", "STOPPING=1", "process_stuck"


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    """Give a service manager that wants to hear often."""
    async with manager_at(tmp_path / "notify") as manager:
        yield manager


@pytest.fixture
def _hasty(web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, manager: Manager) -> None:
    """Let workers of this process be the manager's, called stuck after five seconds; the web is there already."""
    del web
    monkeypatch.setattr(engine, "_LONGEST_CALL_S", LONGEST_CALL_S)
    for name, value in manager.environ(watchdog_s=WATCHDOG_S).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_hasty")
async def test_a_worker_feeds_it_idle_and_busy_and_while_redis_is_away(
    web: httpx.AsyncClient,
    servers: Servers,
    environ: dict[str, str],
    manager: Manager,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Hung or stopped, for far longer than a worker may stand still; and afterwards it takes jobs as ever."""
    async with worker_of(environ, {"data_sync": 2}):
        await manager.hears(READY)
        await manager.hears(FED, times=2)
        jobs = [await submit(web, "diag.sleep", {"seconds": seconds}) for seconds in (BUSY_S, BUSY_S, 0.1)]
        await manager.hears(FED, times=OUTAGE)
        for job in jobs:
            await reaches(web, job["id"], "succeeded")
        for outage in (hung, stopped):
            async with outage(servers.redis):
                await manager.hears(FED, times=OUTAGE)
            assert (await end_of(web, (await submit(web, "diag.noop"))["id"]))["state"] == "succeeded"
        before = list(manager.told)
    assert STUCK not in caplog.text
    assert set(before) == {READY, FED}
    assert (manager.told.count(READY), manager.told.count(STOPPING)) == (1, 1)


@pytest.mark.usefixtures("_hasty")
async def test_a_worker_whose_claims_are_not_answered_feeds_it_no_more(
    servers: Servers, environ: dict[str, str], manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    """Though Redis answers all else: no job would ever be taken again, and no other part would notice."""
    with Redis.from_url(servers.redis.url) as redis:
        redis.script_load(Script("claim").text)
    # What renews waits for a third of the lease: the wire is in this loop, which a busy machine may hold up.
    told = {**environ, "JOBS_LEASE_MS": "9000", "JOBS_DRAIN_S": "0"}
    every_claim = Cut(words=(b"EVALSHA", Script("claim").digest.encode()), arrives=False, every=1)
    async with (
        wire_to(urlsplit(servers.redis.url).path, every_claim) as (url, _),
        worker_of({**told, "REDIS_URL": url}, {"data_sync": 2}),
    ):
        await manager.hears(READY)
        while STUCK not in caplog.text:  # noqa: ASYNC110  the test's time limit bounds it
            await asyncio.sleep(WATCHDOG_S)
        fed = manager.told.count(FED)
        await asyncio.sleep(3 * WATCHDOG_S)
        assert manager.told.count(FED) == fed
    assert "take data_sync" in caplog.text


async def test_a_worker_whose_loop_is_blocked_feeds_it_no_more(
    web: httpx.AsyncClient, environ: dict[str, str], manager: Manager
) -> None:
    """It is the loop that feeds; once that turns again, it does."""
    async with worker_process({**environ, **manager.environ(watchdog_s=WATCHDOG_S)}) as worker:
        await manager.hears(FED)
        job = await submit(web, "diag.block", {"seconds": 10})
        await worker.says("job_started")
        await asyncio.sleep(3 * WATCHDOG_S)  # what was on its way has come
        first = len(manager.told)
        await asyncio.sleep(2)
        assert manager.told[first:] == []
        await manager.hears(FED)
        assert (await end_of(web, job["id"]))["state"] == "succeeded"
        worker.send(signal.SIGTERM)
        await manager.hears(STOPPING)
        assert await worker.ends(within_s=20) == 0


async def test_processes_are_ready_though_their_stores_are_away(
    environ: dict[str, str], manager: Manager, unused_tcp_port: int
) -> None:
    """Else a service manager would give up a site whose stores are late; it feeds on, and stops when told."""
    away = {"REDIS_URL": f"redis://127.0.0.1:{unused_tcp_port}", "DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    told = {**environ, **away, **manager.environ(watchdog_s=WATCHDOG_S)}
    for word in ("worker", "steward"):
        async with started((sys.executable, "-m", "jobs", word), told) as process:
            await manager.hears(READY)
            await manager.hears(FED, times=3)
            process.send(signal.SIGTERM)
            await manager.hears(STOPPING)
            assert await process.ends(within_s=20) == 0


async def test_a_steward_feeds_it_while_its_stores_hang(
    environ: dict[str, str], servers: Servers, manager: Manager
) -> None:
    """Its rounds are long then, but they come round."""
    told = {**environ, **manager.environ(watchdog_s=WATCHDOG_S)}
    async with started((sys.executable, "-m", "jobs", "steward"), told) as steward:
        await manager.hears(READY)
        for server in (servers.redis, servers.postgres):
            async with hung(server):
                await manager.hears(FED, times=OUTAGE)
        assert not any(STUCK in line for line in steward.lines)


async def test_a_web_process_tells_it_too(environ: dict[str, str], manager: Manager) -> None:
    """Under uvicorn, which knows nothing of it."""
    async with web_process({**environ, **manager.environ(watchdog_s=WATCHDOG_S)}) as (web, client):
        assert (await client.get("/healthz")).status_code == 200
        assert manager.told.count(READY) == 1
        await manager.hears(FED, times=2)
        web.send(signal.SIGTERM)
        await manager.hears(STOPPING)
        await web.ends(within_s=20)
