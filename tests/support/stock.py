"""Stock arq processes on our queue: the `arq` command with our settings classes, and a stock client."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool

from jobs import codec, keys
from tests.support.bed import QUEUE
from tests.support.processes import Running, started

ARQ = (sys.executable, "-m", "arq")
SETTINGS = "jobs.stock.DataSync"


@asynccontextmanager
async def stock_worker(environ: Mapping[str, str], *, slots: int, **settings: str) -> AsyncIterator[Running]:
    """Start a stock worker; it takes jobs when the context is entered, and is killed at its end."""
    variables = {**environ, "JOBS_STOCK_SLOTS": str(slots), **settings}
    async with started((*ARQ, SETTINGS), variables) as worker:
        await worker.says("stock_worker_started")
        yield worker


@asynccontextmanager
async def stock_client(url: str) -> AsyncIterator[ArqRedis]:
    """Connect as stock clients do, with our codec."""
    pool = ConnectionPool.from_url(url)
    try:
        yield ArqRedis(
            pool,
            job_serializer=codec.dumps,
            job_deserializer=codec.loads,
            default_queue_name=keys.queue(QUEUE),
        )
    finally:
        await pool.disconnect()
