"""Stewards as processes of their own: they share the work, and a worker alone leaves it to them."""

import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from jobs.stores.database import Database, Row
from tests.support.conditions import eventually, reaches
from tests.support.processes import Running, started
from tests.support.site import submit

_JOBS = (sys.executable, "-m", "jobs")


@asynccontextmanager
async def _steward(environ: Mapping[str, str]) -> AsyncIterator[Running]:
    async with started((*_JOBS, "steward"), environ) as steward:
        await steward.says("steward_started")
        yield steward


async def _written(database: Database, job_id: str) -> Row:
    async def look() -> Row | None:
        return await database.fetch_row("SELECT * FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", job_id)

    return await eventually(look)


async def test_a_steward_writes_what_workers_do(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """A worker that is none runs the jobs and leaves the history alone; a steward that is stopped ends well."""
    async with started((*_JOBS, "worker", "--queues", "data_sync:2"), environ) as worker:
        job = await submit(web, "diag.noop")
        await worker.says("job_ended")
        await reaches(web, job["id"], "succeeded")  # Redis says so
        row = await database.fetch_row("SELECT finished_at FROM jobs WHERE id = $1", job["id"])
        assert row is not None
        assert row["finished_at"] is None
        async with _steward(environ) as steward:
            assert (await _written(database, job["id"]))["state"] == "succeeded"
            steward.send(signal.SIGTERM)
            assert await steward.ends(within_s=30) == 0
        assert worker.runs


async def test_two_stewards_write_everything_once(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """They share the events, and whatever one has taken when it is killed the other writes."""
    async with (
        started((*_JOBS, "worker", "--queues", "data_sync:4"), environ),
        _steward(environ),
        _steward(environ) as second,
    ):
        jobs = [await submit(web, "diag.noop") for _ in range(30)]
        second.send(signal.SIGTERM)
        jobs += [await submit(web, "diag.noop") for _ in range(30)]
        assert await second.ends(within_s=30) == 0
        for job in jobs:
            assert (await _written(database, job["id"]))["state"] == "succeeded"
