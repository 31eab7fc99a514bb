"""Workers, real processes, are killed and stopped in the middle of jobs."""

import signal
from pathlib import Path

import httpx
import pytest

from jobs import keys
from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.support.bed import QUEUE, bed_of, sleeping
from tests.support.conditions import reaches
from tests.support.processes import worker_process
from tests.support.servers import Servers
from tests.support.site import submit

_LEASE_ENDS_S = 10.0  # a second, the grace of another where no worker ran meanwhile, and time for all else
_LONG_S = 60
_BACKLOG = 2_000  # of a twentieth of a second each, twenty at once: five seconds, of which a worker has a moment


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site that has the tests' own tasks too."""
    return {**environ, "JOBS_TASKS": "tests.support.tasks:TASKS"}


async def test_a_killed_workers_job_runs_again_elsewhere(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """It is taken again when the lease of the dead worker ends, whatever the job's timeout; a lost start is no try."""
    job = await submit(web, "diag.sleep", {"seconds": 2.0}, timeout_s=3600)
    async with worker_process(environ) as doomed:
        await reaches(web, job["id"], "running")
        await doomed.kill()
    async with worker_process(environ):
        ended = await reaches(web, job["id"], "succeeded", within_s=_LEASE_ENDS_S)
    assert (ended["tries"], ended["result"]) == (1, 2.0)


async def test_a_job_that_kills_its_worker_fails_once_its_tries_are_used(
    web: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """It does not kill workers for ever: the start after the last try ends it, with the reason."""
    job = await submit(web, "diag.crash", max_tries=1, timeout_s=1)
    async with worker_process(environ) as victim:
        assert await victim.ends(within_s=10) == -signal.SIGKILL
    assert (await reaches(web, job["id"], "running"))["tries"] == 1
    async with worker_process(environ) as survivor:
        ended = await reaches(web, job["id"], "failed", within_s=_LEASE_ENDS_S)
        assert survivor.runs
    assert "lost" in ended["error"]["message"]


async def test_a_stopped_worker_hands_its_jobs_back(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """At SIGTERM it ends soon and well; the job is in line again, its try not counted, and the next worker runs it."""
    job = await submit(web, "diag.sleep", {"seconds": _LONG_S})
    async with worker_process({**environ, "JOBS_DRAIN_S": "0.5"}) as worker:
        await reaches(web, job["id"], "running")
        worker.send(signal.SIGTERM)
        assert await worker.ends(within_s=5) == 0
    shown = (await web.get(f"/api/jobs/{job['id']}")).json()
    assert (shown["state"], shown["tries"]) == ("queued", 0)
    async with worker_process({**environ, "JOBS_DRAIN_S": "0"}):
        assert (await reaches(web, job["id"], "running"))["tries"] == 1


async def test_a_stopped_worker_lets_short_jobs_end(
    web: httpx.AsyncClient, environ: dict[str, str], tmp_path: Path
) -> None:
    """Within the time to drain, what runs is ended, and what waits is left to others."""
    enough = tmp_path / "enough"
    running = await submit(web, "test.await_file", {"path": str(enough)})
    async with worker_process({**environ, "JOBS_DRAIN_S": "10"}, "data_sync:1") as worker:
        await reaches(web, running["id"], "running")
        waiting = await submit(web, "diag.noop")
        worker.send(signal.SIGTERM)
        await worker.says("worker_draining")
        enough.touch()
        assert await worker.ends(within_s=5) == 0
    assert (await reaches(web, running["id"], "succeeded"))["tries"] == 1
    shown = (await web.get(f"/api/jobs/{waiting['id']}")).json()
    assert (shown["state"], shown["tries"]) == ("queued", 0)


async def test_a_worker_stopped_amid_a_backlog_leaves_no_job_running(
    environ: dict[str, str], database: Database
) -> None:
    """It takes nothing more, ends soon, and whatever it had claimed has ended or is handed back."""
    async with bed_of(environ, database) as bed:
        await bed.submit([sleeping(0.05)] * _BACKLOG)
        for _ in range(2):
            async with worker_process({**environ, "JOBS_DRAIN_S": "5"}, f"{QUEUE}:20") as worker:
                await worker.says("job_started")
                worker.send(signal.SIGTERM)
                assert await worker.ends(within_s=3) == 0  # the jobs that run take a twentieth of a second
            left = await database.fetch("SELECT id, tries FROM jobs WHERE state = 'running'")
            assert left == []
            assert await bed.redis.zcard(keys.queue(QUEUE)) > 0


@pytest.mark.parametrize("away", ["redis", "postgres"])
async def test_a_worker_can_be_stopped_while_a_store_is_away(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers, away: str
) -> None:
    """An outage does not keep it from ending soon and well; without Redis the job's lease just runs out."""
    job = await submit(web, "diag.sleep", {"seconds": _LONG_S})
    async with worker_process({**environ, "JOBS_DRAIN_S": "0.5"}) as worker:
        await reaches(web, job["id"], "running")
        async with stopped({"redis": servers.redis, "postgres": servers.postgres}[away]):
            worker.send(signal.SIGTERM)
            assert await worker.ends(within_s=8) == 0
    shown = await reaches(web, job["id"], "queued", "running")
    assert (shown["state"], shown["tries"]) == {"redis": ("running", 1), "postgres": ("queued", 0)}[away]
    async with worker_process({**environ, "JOBS_DRAIN_S": "0"}) as next_one:
        await next_one.says("job_started", within_s=_LEASE_ENDS_S)
    assert (await reaches(web, job["id"], "running"))["tries"] == 1
