"""Redis answers, and refuses: it is full, a replica, or cannot save. That passes: no process ends, nothing is lost."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from deploy.local.redis import RedisServer
from jobs.stores.database import Database
from tests.chaos.outages import demoted, filled, forgetful, unsaved
from tests.support.conditions import eventually, reaches
from tests.support.processes import started, web_process, worker_process
from tests.support.servers import Servers
from tests.support.site import submit

_STEWARD = (sys.executable, "-m", "jobs", "steward")
_ENDS_S = 60.0
_LASTS_S = 4.0  # longer than the pauses of the loops, of which none tells that it has met it

Outage = Callable[[RedisServer], AbstractAsyncContextManager[None]]


@pytest.mark.parametrize("outage", [filled, demoted, unsaved, forgetful])
async def test_every_process_goes_on(
    environ: dict[str, str], servers: Servers, database: Database, outage: Outage
) -> None:
    """What ran ends, what waited runs, what was submitted meanwhile runs too: each once, and the history has it all.

    One may also be started and stopped meanwhile.
    """

    async def all_are_written() -> bool:
        return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL")

    async with (
        web_process(environ) as (web_server, web),
        worker_process(environ) as worker,
        started(_STEWARD, environ) as steward,
    ):
        ended = await submit(web, "diag.noop")
        await reaches(web, ended["id"], "succeeded")
        await eventually(all_are_written)
        jobs = [ended, *await asyncio.gather(*(submit(web, "diag.sleep", {"seconds": 2.0}) for _ in range(6)))]
        jobs.append(await submit(web, "diag.fail", {"message": "m", "times": 1}))
        await reaches(web, jobs[1]["id"], "running")
        async with outage(servers.redis), worker_process({**environ, "JOBS_DRAIN_S": "1"}) as late:
            jobs += [await _submitted(web) for _ in range(3)]
            await asyncio.sleep(_LASTS_S)
            late.send(signal.SIGTERM)
            assert await late.ends(within_s=_ENDS_S) == 0
        jobs.append(await submit(web, "diag.noop"))
        for job in jobs:
            await reaches(web, job["id"], "succeeded", within_s=_ENDS_S)
        await eventually(all_are_written, within_s=_ENDS_S)
        tries = await database.fetch("SELECT id, tries FROM jobs WHERE task <> 'diag.fail'")
        assert {row["tries"] for row in tries} == {1}
        for process in (web_server, worker, steward):
            assert process.runs, process.lines
            faults = [line for line in process.lines if '"level":"error"' in line]
            assert not faults, faults


async def _submitted(web: httpx.AsyncClient) -> dict[str, str]:
    answer = await web.post("/api/jobs", json={"task": "diag.noop", "args": {}})
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    job: dict[str, str] = answer.json()
    return job
