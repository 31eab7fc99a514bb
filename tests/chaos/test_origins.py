"""Which request has led to a job is not forgotten, whichever store is away when it is accepted, or loses it later."""

from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from redis.asyncio import Redis

from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.chaos.workers import hasty_recoverer
from tests.support.conditions import eventually, reaches
from tests.support.processes import Running, worker_process
from tests.support.servers import Servers
from tests.support.site import end_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def _asked(web: httpx.AsyncClient, request_id: str, **more: object) -> str:
    headers = {"X-Request-ID": request_id, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    answer = await web.post("/api/jobs", json={"task": "diag.noop", **more}, headers=headers)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def _comes_from(worker: Running, job: Mapping[str, Any], request_id: str) -> bool:
    lines = [orjson.loads(line) for line in worker.lines if job["id"] in line]
    told = {(line["request"], line["trace"]) for line in lines if line["event"] in {"job_started", "job_ended"}}
    return told == {(job["request_id"], job["trace_id"])} == {(request_id, TRACE)}


async def test_it_outlives_every_outage_and_loss(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """By the row where Redis is away or is emptied, by what Redis keeps where PostgreSQL is."""
    async with worker_process(environ, "data_sync:2") as worker:
        async with Redis.from_url(environ["REDIS_URL"]) as redis:
            job_id = await _asked(web, "emptied", delay_s=3)
            await redis.flushall()
        assert _comes_from(worker, await reaches(web, job_id, "succeeded", within_s=20), "emptied")
        async with hasty_recoverer(environ, database):
            async with stopped(servers.redis):
                job_id = await _asked(web, "redis-away")
            assert _comes_from(worker, await reaches(web, job_id, "succeeded"), "redis-away")
        async with stopped(servers.postgres):
            job_id = await _asked(web, "postgresql-away")
            assert _comes_from(worker, await end_of(web, job_id), "postgresql-away")

        async def is_written() -> str | None:
            row = await database.fetch_row("SELECT origin FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", job_id)
            return None if row is None else str(row["origin"])

        assert (await eventually(is_written)).startswith("postgresql-away 00-")
        assert _comes_from(worker, (await web.get(f"/api/jobs/{job_id}")).json(), "postgresql-away")
