"""Our worker in the place of arq's, and arq's own client beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from arq.connections import ArqRedis, RedisSettings
from arq.constants import default_queue_name
from arq.cron import CronJob, cron
from arq.jobs import Job, JobStatus
from arq.worker import Function, func
from redis.asyncio import ConnectionPool

from jobs import codec
from jobs.stores.leases import Timing
from jobs.worker import Worker
from tests.support.conditions import eventually

Ctx = dict[Any, Any]

SHORT = Timing(lease_ms=1_000, renew_ms=300, step_ms=600_000)
SOON_S = 10.0
POLL_S = 0.02


def settings_of(url: str) -> RedisSettings:
    """Say where Redis is as users of arq do."""
    return RedisSettings(unix_socket_path=url.removeprefix("unix://").partition("?")[0])


def named(function: Any, **options: Any) -> Function:  # noqa: ANN401  arq's types know no function with arguments
    """Give what arq's `func` makes."""
    return func(function, **options)


def planned(function: Any, **options: Any) -> CronJob:  # noqa: ANN401  the same
    """Give what arq's `cron` makes."""
    return cron(function, **options)


async def field(client: ArqRedis, job_id: str, name: str) -> str:
    """Read a field of a job's hash."""
    redis: Any = client
    return str((await redis.hget(f"switchyard:job:{job_id}", name) or b"").decode())


async def until_running(job: Job) -> None:
    """Wait until a job runs."""

    async def is_running() -> bool:
        return await job.status() is JobStatus.in_progress

    await eventually(is_running)


def worker_of(url: str, functions: Any, **more: Any) -> Worker:  # noqa: ANN401  arq's
    """Make a worker that runs in the test's own event loop."""
    options: dict[str, Any] = {"redis_settings": settings_of(url), "handle_signals": False, "timing": SHORT, **more}
    return Worker(functions, **options)


@asynccontextmanager
async def client_of(url: str, *, queue: str = default_queue_name, **more: Any) -> AsyncIterator[ArqRedis]:  # noqa: ANN401
    """Make a client as users of arq do, with our codec unless another is given."""
    options: dict[str, Any] = {"job_serializer": codec.dumps, "job_deserializer": codec.loads, **more}
    redis = ArqRedis(ConnectionPool.from_url(url), default_queue_name=queue, **options)
    try:
        yield redis
    finally:
        await redis.aclose(close_connection_pool=True)


@asynccontextmanager
async def running(url: str, functions: Any, **more: Any) -> AsyncIterator[Worker]:  # noqa: ANN401  arq's
    """Run such a worker; close it at the end."""
    worker = worker_of(url, functions, **more)
    task = asyncio.create_task(worker.async_run())
    try:
        yield worker
    finally:
        await worker.close()
        with suppress(asyncio.CancelledError):
            await task


async def burst(url: str, functions: Any, **more: Any) -> Worker:  # noqa: ANN401  arq's
    """Run such a worker until nothing is left for it; close it."""
    worker = worker_of(url, functions, burst=True, **more)
    try:
        async with asyncio.timeout(SOON_S):
            await worker.async_run()
    finally:
        await worker.close()
    return worker
