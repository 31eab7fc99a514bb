"""The Procfile as platforms run it: by a shell, with SIGTERM to every process, perhaps twice, and SIGKILL at 30 s."""

import asyncio
import os
import re
import shlex
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import uvicorn

from deploy.local.procfile import read_procfile
from tests.support.conditions import eventually, reaches
from tests.support.ports import free_ports
from tests.support.processes import ROOT, Running, started
from tests.support.site import ADMIN_KEY, end_of, submit

LINES = read_procfile(ROOT / "Procfile")
KILLED_AFTER_S = 30
ROUTERS_KEEP_S = 90  # the longest that a known platform's router keeps an idle connection for its next request
LONG_S = 25


@pytest.fixture
def platform(environ: dict[str, str], empty_database_url: str) -> dict[str, str]:
    """Give what a platform sets: an address of the old kind, a port, two web processes. The drain is a short one."""
    (port,) = free_ports(1)
    return {
        **environ,
        "DATABASE_URL": empty_database_url.replace("postgresql://", "postgres://"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
        "JOBS_DRAIN_S": "0.5",
        "JOBS_TASKS": "tests.support.tasks:TASKS",
    }


async def _released(environ: Mapping[str, str]) -> None:
    async with started(("sh", "-c", LINES["release"]), environ) as release:
        assert await release.ends(within_s=KILLED_AFTER_S) == 0, release.lines


async def _stopped(*processes: Running) -> None:
    """Tell all to stop, the shells' children too, and once more; none is left to be killed."""
    for _ in range(2):
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
    await asyncio.gather(*(process.ends(within_s=KILLED_AFTER_S) for process in processes))


def test_connections_outlast_the_routers() -> None:
    """Who closes an idle connection first may close it on a request that is on its way: that must be the router."""
    command = shlex.split(re.sub(r"\$\{\w+:-(.*?)\}", r"\1", LINES["web"]))
    read = uvicorn.main.make_context(command[0], command[1:]).params
    assert read["timeout_keep_alive"] > ROUTERS_KEEP_S


async def test_a_site_is_released_runs_and_hands_its_jobs_back(platform: dict[str, str], tmp_path: Path) -> None:
    """What runs when the platform stops all goes on when it starts all again, and has lost no try."""
    await _released(platform)
    enough = tmp_path / "enough"
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    url = f"http://127.0.0.1:{platform['PORT']}"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=LONG_S + 5) as client:
        async with AsyncExitStack() as stack:
            web, worker, steward = [
                await stack.enter_async_context(started(("sh", "-c", LINES[name]), platform))
                for name in ("web", "worker", "steward")
            ]
            await eventually(lambda: _answers(client), within_s=KILLED_AFTER_S)
            await worker.says("worker_started")
            await steward.says("steward_started")
            job = await submit(client, "test.await_file", {"path": str(enough)})
            await reaches(client, job["id"], "running")
            await _stopped(web, worker, steward)
            await worker.says("worker_stopped")
            assert sum("web_stopped" in line for line in web.lines) == int(platform["WEB_CONCURRENCY"])
        small = {**platform, "WORKER_OPTIONS": "--with-steward", "QUEUES": "data_sync:1", "WEB_CONCURRENCY": "1"}
        async with (
            started(("sh", "-c", LINES["web"]), small) as web,
            started(("sh", "-c", LINES["worker"]), small) as worker,
        ):
            await eventually(lambda: _answers(client), within_s=KILLED_AFTER_S)
            await worker.says("worker_started")
            enough.touch()
            ended = await end_of(client, job["id"])
            assert (ended["state"], ended["tries"]) == ("succeeded", 1)
            assert (await eventually(lambda: _first_outcome(client, job["id"]))) == "handed_back"
            await _stopped(web, worker)


async def _first_outcome(client: httpx.AsyncClient, job_id: str) -> str | None:
    """Give how the first of several tries ended; None until the history has it."""
    attempts = (await client.get(f"/api/jobs/{job_id}")).json()["attempts"]
    outcome: str | None = attempts[0]["outcome"] if len(attempts) > 1 else None
    return outcome


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).is_success
    except httpx.TransportError:
        return False
